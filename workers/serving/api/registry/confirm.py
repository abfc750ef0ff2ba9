"""Say that a camera's view is right: an edit of what was decided, not of the registry."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from schemas.records.cameras import CameraView
from workers.access.rights import Right
from workers.registry.rows import CameraRow
from workers.serving.api.registry.kinds import EDIT_PROBLEMS, key_of
from workers.serving.api.registry.parts import PATH, AnyCall, AnyRegistry, respond
from workers.serving.editing.refusals import Unfit
from workers.serving.editing.repeats import Answer
from workers.serving.editing.resources import Resource
from workers.serving.editing.sealed import check_registered

router = APIRouter(tags=["registry"])

_CAMERA = Resource("camera", CameraRow)


class Confirmed(BaseModel):
    """That somebody confirmed the view of a camera."""

    camera_id: str = Field(description="The camera.", examples=["left"])
    version: int = Field(description="Number of the decision.")
    recorded_at_us: int = Field(description="When, UTC microseconds; in force 5 s later.")
    recorded_by: str = Field(description="Who.")
    reason: str = Field(description="Why, in their words.")


@router.post(
    f"{PATH}/cameras/{{camera_id}}/confirm",
    name="confirm_camera",
    response_model=Confirmed,
    responses=EDIT_PROBLEMS,
)
async def confirm_camera(
    camera_id: Annotated[str, Path(max_length=1_000)], registry: AnyRegistry, call: AnyCall
) -> Response:
    """Say that a camera's view and calibration are right as they are now; needs a reason.

    Its people are no longer suspect, and the guard learns the view again.
    """
    key = key_of(_CAMERA, camera_id)
    reach = await registry.reach(call.caller, whole=True)
    check_registered(call.caller, Right.EDIT_REGISTRY, key, reach)
    if not call.reason:
        raise Unfit("give a reason: what you looked at before you confirmed the view")
    version: int = reach.ward.newest[key.topic.name, key.identity]["version"]
    found = await registry.confirm(camera_id, version, call.caller.subject, call.reason)
    return respond(await registry.compute(partial(_answer, found)))


def _answer(view: CameraView) -> Answer:
    content = Confirmed(**{name: view[name] for name in Confirmed.model_fields})  # type: ignore[literal-required]
    return Answer(200, content.model_dump_json().encode(), {})
