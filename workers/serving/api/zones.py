"""Zones now."""

from fastapi import APIRouter, HTTPException

from workers.serving.api.board import Identity, State
from workers.serving.api.enforce import unknown
from workers.serving.api.problems import documented
from workers.serving.api.viewing import AnyViewing
from workers.serving.api.visible import Visible
from workers.serving.live import answers as views

router = APIRouter(tags=["zones"])


@router.get("/zones", responses=documented(503))
async def zones(state: State, visible: Visible) -> views.Zones:
    """Every zone now: people, scheduled, required, gap, and whether to trust it."""
    return visible.zones(await state.zones())


@router.get("/zones/{zone_id}", responses=documented(404, 422, 503))
async def zone(
    zone_id: Identity, state: State, visible: Visible, viewing: AnyViewing
) -> views.ZoneDetail:
    """One zone now, with who is there and who is rostered."""
    found = await state.zone(zone_id)
    if found is None:
        raise HTTPException(404, unknown("zone", zone_id))
    shown = visible.zone(found)
    people = [*shown.person_ids, *(shift.staff_id for shift in shown.shifts if shift.staff_id)]
    if people and not await viewing.is_recorded(f"zone/{zone_id}", persons=people):
        return visible.without_people().zone(found)
    return shown
