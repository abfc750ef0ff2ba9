"""Cameras now."""

from typing import Annotated

from fastapi import APIRouter, Query

from workers.serving.api.board import State
from workers.serving.api.problems import documented
from workers.serving.api.viewing import AnyViewing
from workers.serving.api.visible import Visible
from workers.serving.live import answers as views

router = APIRouter(tags=["cameras"])


@router.get("/cameras", responses=documented(422, 503))
async def cameras(
    state: State,
    visible: Visible,
    viewing: AnyViewing,
    people: Annotated[
        bool, Query(description="Whether with tracks; a page without people is in no audit.")
    ] = True,
) -> views.Cameras:
    """Every camera now: the size of its frame and its tracks. Never pixels."""
    found = await state.cameras()
    if not people:
        return visible.without_people().cameras(found)
    shown = visible.cameras(found)
    tracks = {camera.camera_id: camera.live.tracks for camera in shown.cameras if camera.live}
    persons = [f"{camera_id}:{one.track_id}" for camera_id in tracks for one in tracks[camera_id]]
    showing = [camera_id for camera_id in tracks if tracks[camera_id]]
    if persons and not await viewing.is_recorded("cameras", persons=persons, cameras=showing):
        return visible.without_people().cameras(found)
    return shown
