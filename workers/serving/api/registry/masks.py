"""Privacy masks of a camera, as a resource of their own."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from schemas.topics import CAMERAS
from workers.registry.editing.store import RegistryStore
from workers.registry.editing.wanted import Applied, Restore
from workers.registry.registered import Key
from workers.registry.row import Row
from workers.registry.rows import CameraRow, Polygons
from workers.serving.api.caller import Caller
from workers.serving.api.registry.kinds import EDIT_PROBLEMS, READ_PROBLEMS, key_of, readable
from workers.serving.api.registry.parts import (
    PATH,
    AnyCall,
    AnyRegistry,
    DryRun,
    IfMatch,
    respond,
)
from workers.serving.editing import answers as views
from workers.serving.editing.body import json_text
from workers.serving.editing.conditions import etag, expected
from workers.serving.editing.editor import Wish
from workers.serving.editing.judge import no_such
from workers.serving.editing.repeats import Answer
from workers.serving.editing.requests import row_of
from workers.serving.editing.resources import Resource

router = APIRouter(tags=["registry"])

_CAMERA = Resource("camera", CameraRow)
_MASKS = f"{PATH}/cameras/{{camera_id}}/masks"

CameraId = Annotated[str, Path(max_length=1_000)]


class MasksRow(Row):
    """The privacy masks of a camera."""

    topic = CAMERAS
    camera_id: str
    privacy_masks: Polygons


class Masks(BaseModel):
    """The privacy masks of a camera."""

    privacy_masks: list[list[tuple[float, float]]] = Field(
        description="Polygons in pixels of the camera's frame; [] for none."
    )


@router.get(_MASKS, name="registered_masks", responses=READ_PROBLEMS)
async def masks(
    camera_id: CameraId, registry: AnyRegistry, caller: Caller, response: Response
) -> Masks:
    """The privacy masks of a camera; the ETag is that of the camera."""
    found = await readable(registry, caller, _CAMERA, camera_id)
    if found.removed:
        raise no_such(found.key)
    response.headers["ETag"] = etag(found.version)
    shown = [[(p["x"], p["y"]) for p in mask] for mask in found.record["privacy_masks"]]
    return Masks(privacy_masks=shown)


@router.put(
    _MASKS,
    name="put_masks",
    response_model=views.Edited,
    responses=EDIT_PROBLEMS,
    openapi_extra={
        "requestBody": {
            "content": {"application/json": {"schema": Masks.model_json_schema()}},
            "required": True,
        }
    },
)
async def put_masks(
    camera_id: CameraId,
    registry: AnyRegistry,
    call: AnyCall,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    """Replace the privacy masks of a camera; the ETag is that of the camera."""
    version = expected(if_match, None, creates=False)
    key = key_of(_CAMERA, camera_id)
    text = json_text(call.request, call.body)
    row = await registry.compute(partial(row_of, MasksRow, camera_id, text))
    assert isinstance(row, MasksRow)
    drawn = [[{"x": x, "y": y} for x, y in mask] for mask in row.privacy_masks]
    now = await registry.read(lambda store: _camera(store, key))
    wish = Wish(
        author=call.caller,
        changes=[Restore(key, {**now, "privacy_masks": drawn})],
        answering=partial(_masked, call.request, key, dry_run),
        named=[key],
        expect={key: version},
        reason=call.reason,
        dry_run=dry_run,
        repeat=call.repeat,
    )
    return respond(await registry.edit(wish))


def _camera(store: RegistryStore, key: Key) -> dict[str, Any]:
    """A camera as registered.

    Raises:
        NotFound: There is none.
    """
    found = store.newest(key)
    if found is None or found.removed:
        raise no_such(key)
    return found.record


def _masked(
    _request: Request, key: Key, dry_run: bool, applied: Applied, before: dict[str, Any] | None
) -> Answer:
    answer = views.edited(key, applied, before, dry_run=dry_run)
    headers = {} if dry_run or answer.version is None else {"ETag": etag(answer.version)}
    return Answer(200, answer.model_dump_json().encode(), headers)
