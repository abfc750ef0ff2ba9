"""Units, departments and sites now."""

from fastapi import APIRouter

from workers.serving.api.board import State
from workers.serving.api.problems import documented
from workers.serving.api.visible import Visible
from workers.serving.live.unit_answers import Units

router = APIRouter(tags=["zones"])


@router.get("/units", responses=documented(503))
async def units(state: State, visible: Visible) -> Units:
    """Units, departments and sites as of one event time, and where staff can be spared nearest."""
    return await state.units(lambda zone_id: visible.sees("zone", zone_id))
