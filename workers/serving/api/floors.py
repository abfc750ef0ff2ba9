"""Floors now."""

from fastapi import APIRouter, HTTPException

from workers.serving.api.board import Identity, State
from workers.serving.api.enforce import unknown
from workers.serving.api.problems import documented
from workers.serving.api.viewing import AnyViewing
from workers.serving.api.visible import Visible
from workers.serving.live import answers as views

router = APIRouter(tags=["floors"])


@router.get("/floors/{floor_id}/presence", responses=documented(404, 422, 503))
async def presence(
    floor_id: Identity, state: State, visible: Visible, viewing: AnyViewing
) -> views.FloorPresence:
    """Who is on a floor now, by pseudonym, and where."""
    found = await state.presence(floor_id)
    if found is None:
        raise HTTPException(404, unknown("floor", floor_id))
    shown = visible.floor(found)
    people = shown.presence.people if shown.presence else []
    await viewing.record(
        f"floor/{floor_id}", persons=[person.person_id for person in people], floors=[floor_id]
    )
    return shown
