"""Cameras now."""

from fastapi import APIRouter

from workers.serving.api.board import State
from workers.serving.api.problems import documented
from workers.serving.live import answers as views

router = APIRouter(tags=["cameras"])


@router.get("/cameras", responses=documented(503))
async def cameras(state: State) -> views.Cameras:
    """Every camera now: the size of its frame and its tracks. Never pixels."""
    return await state.cameras()
