"""Floors now."""

from fastapi import APIRouter, HTTPException

from workers.serving.api.board import Identity, State
from workers.serving.api.enforce import unknown
from workers.serving.api.problems import documented
from workers.serving.live import answers as views

router = APIRouter(tags=["floors"])


@router.get("/floors/{floor_id}/presence", responses=documented(404, 422, 503))
async def presence(floor_id: Identity, state: State) -> views.FloorPresence:
    """Who is on a floor now, by pseudonym, and where."""
    found = await state.presence(floor_id)
    if found is None:
        raise HTTPException(404, unknown("floor", floor_id))
    return found
