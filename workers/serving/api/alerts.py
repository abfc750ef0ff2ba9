"""Alerts, and the lag of each stage."""

from fastapi import APIRouter

from workers.serving.api.board import AnyBoard
from workers.serving.api.visible import Visible
from workers.serving.live import answers as views

router = APIRouter(tags=["status"])


@router.get("/line")
async def pipeline_now(board: AnyBoard, visible: Visible) -> views.PipelineNow:
    """Raised alerts, and the lag of each stage; answers also without Redis."""
    return visible.pipeline(board.pipeline.answer(board.clock.now_us()))
