"""Floors now."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path
from starlette.responses import Response

from workers.registry.drawings import placement_of
from workers.serving.api.board import AnyBoard, Identity, State
from workers.serving.api.enforce import unknown
from workers.serving.api.problems import documented
from workers.serving.api.registry.drawings import PICTURE, kept_picture, no_picture, picture
from workers.serving.api.registry.parts import AnyRegistry
from workers.serving.api.viewing import AnyViewing
from workers.serving.api.visible import Visible
from workers.serving.live import answers as views

router = APIRouter(tags=["floors"])


@router.get("/floors", responses=documented(503))
async def floors(board: AnyBoard, visible: Visible) -> views.Floors:
    """Every floor as it is registered, with the picture that lies under its plan."""
    found = [
        views.FloorView(
            floor_id=floor_id,
            name=floor["name"] or floor_id,
            time_zone=floor["time_zone"],
            drawing=_drawing(floor["drawing"]),
        )
        for floor_id, floor in board.registry.floors(board.clock.now_us()).items()
        if visible.sees("floor", floor_id)
    ]
    return views.Floors(floors=sorted(found, key=lambda floor: (floor.name, floor.floor_id)))


@router.get(
    "/floors/{floor_id}/drawings/{sha256}",
    response_class=Response,
    responses={**PICTURE, **documented(404, 422, 503)},
)
async def drawing(
    floor_id: Identity,
    sha256: Annotated[str, Path(max_length=100, description="SHA-256 of the picture, hex.")],
    board: AnyBoard,
    registry: AnyRegistry,
) -> Response:
    """The picture that lies under the plan of a floor now."""
    floor = board.registry.floors(board.clock.now_us()).get(floor_id)
    shown = floor["drawing"] if floor else None
    if shown is None or shown["sha256"] != sha256:
        raise no_picture(floor_id)
    return picture(await kept_picture(registry, floor_id, sha256), sha256)


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


def _drawing(given: Mapping[str, Any] | None) -> views.DrawingOfFloor | None:
    """A picture as it lies on the floor; None where its points do not say where."""
    if given is None:
        return None
    try:
        placed = placement_of(given["points"])
    except ValueError:
        return None  # another release may have registered it
    size = {name: given[name] for name in ("sha256", "width_px", "height_px")}
    return views.DrawingOfFloor(**size, **placed._asdict())
