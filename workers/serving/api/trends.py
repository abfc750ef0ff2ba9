"""People per zone over the last half hour."""

from fastapi import APIRouter

from workers.serving.api.board import State
from workers.serving.api.visible import Visible
from workers.serving.live import answers as views

router = APIRouter(tags=["zones"])


@router.get("/trends")
async def trends(state: State, visible: Visible) -> views.Trends:
    """People per zone over the last half hour, as far as this server was up."""
    return visible.trends(state.trends())
