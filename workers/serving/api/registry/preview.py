"""Look through a camera before it is added, for who may see pictures and keep addresses."""

from functools import partial
from ipaddress import ip_network
from typing import Annotated, Final

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from workers.access.principal import EVERYWHERE
from workers.access.rights import Right
from workers.registry.files import FieldFault
from workers.serving.api.board import AnyBoard
from workers.serving.api.problems import documented
from workers.serving.api.purpose import HEADER
from workers.serving.api.registry.parts import PATH, AnyCall, AnyRegistry
from workers.serving.api.viewing import AnyViewing
from workers.serving.editing.body import json_text
from workers.serving.editing.refusals import BadRequest, NotAllowed, Unfit
from workers.serving.editing.requests import UNREADABLE
from workers.serving.preview.taking import NoPicture, take_preview

router = APIRouter(tags=["registry"])

_LONGEST: Final = 2_048


class PreviewBody(BaseModel):
    """The stream address of a camera."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)
    address: str = Field(
        max_length=_LONGEST,
        description="URL, with user and password where the camera asks for them.",
    )


@router.post(
    f"{PATH}/camera-preview",
    name="preview_camera",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "One picture, without masks."},
        **documented(400, 401, 403, 413, 415, 422, 503),
    },
    openapi_extra={
        "requestBody": {
            "content": {"application/json": {"schema": PreviewBody.model_json_schema()}},
            "required": True,
        }
    },
)
async def preview(
    purpose: Annotated[  # noqa: ARG001 - the guard has read it; here it is documented
        str, Header(alias=HEADER, description="Why you need this, in 3 to 200 characters.")
    ],
    board: AnyBoard,
    registry: AnyRegistry,
    call: AnyCall,
    viewing: AnyViewing,
) -> Response:
    """Take one picture through a stream address, within 25 s; neither of both is kept or logged.

    `X-Width` and `X-Height` are the size of the camera's pictures, px.
    """
    if EVERYWHERE not in call.caller.units(Right.ADDRESSES):
        raise NotAllowed(f"needs the right {Right.ADDRESSES} in every unit")
    address = _address(json_text(call.request, call.body))
    listed = filter(None, board.settings.preview_networks.split(","))
    allowed = [ip_network(one.strip()) for one in listed]
    await viewing.record("camera-preview", action="camera.previewed")
    try:
        found = await registry.preview(partial(take_preview, address, allowed))
    except NoPicture as error:
        raise Unfit("no picture", [FieldFault("camera", "", "address", str(error))]) from error
    size = {"X-Width": str(found.width), "X-Height": str(found.height)}
    headers = {"Cache-Control": "no-store", **size}
    return Response(found.jpeg, media_type="image/jpeg", headers=headers)


def _address(text: str) -> str:
    """The address that a request gives; no message repeats it.

    Raises:
        BadRequest: The body is not JSON.
        Unfit: It is not the text of an address.
    """
    try:
        return PreviewBody.model_validate_json(text).address
    except ValidationError as error:
        if any(fault["type"] == "json_invalid" for fault in error.errors(include_url=False)):
            raise BadRequest("the body: not valid JSON") from None
        reason = f"give a text of up to {_LONGEST} characters, and nothing else"
        raise Unfit(UNREADABLE, [FieldFault("camera", "", "address", reason)]) from None
