"""Alerts, and the lag of each stage."""

from fastapi import APIRouter

from workers.serving.api.board import AnyBoard
from workers.serving.live import answers as views

router = APIRouter(tags=["status"])


@router.get("/line")
async def line_now(board: AnyBoard) -> views.Line:
    """Alerts that stand, and how far each stage is behind; answers also without Redis."""
    return board.pipeline.line(board.clock.now_us())
