"""Pictures under the plans of floors: encoded again here, and saved as a field of the floor."""

import re
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from runtime.errors import Retry
from workers.access.rights import Right
from workers.registry.editing.drawings import Drawings, Kept
from workers.registry.files import FieldFault, ImportRefused
from workers.registry.raster import BadPicture
from workers.registry.redrawing import Redrawn, redraw
from workers.registry.rows import FloorRow
from workers.serving.api.caller import Caller
from workers.serving.api.problems import documented
from workers.serving.api.registry.kinds import key_of, readable
from workers.serving.api.registry.parts import PATH, AnyCall, AnyRegistry, Registry
from workers.serving.editing.refusals import Unfit
from workers.serving.editing.requests import UNREADABLE, unfit
from workers.serving.editing.resources import Resource
from workers.serving.editing.sealed import check_registered

router = APIRouter(tags=["registry"])

_FLOOR: Final = Resource("floor", FloorRow)
_DRAWINGS: Final = f"{PATH}/floors/{{floor_id}}/drawings"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_A_DAY_S: Final = 86_400

FloorId = Annotated[str, Path(max_length=1_000)]
Digest = Annotated[str, Path(max_length=1_000, description="SHA-256 of the picture, hex.")]

PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"image/png": {}, "image/jpeg": {}},
        "description": "The picture, as it is kept.",
    }
}
"""What the routes of pictures answer."""


class DrawingView(BaseModel):
    """A picture that was uploaded, as it is kept; its floor shows it once that is saved."""

    sha256: str = Field(description="SHA-256 of the picture that is kept, hex.")
    width_px: int = Field(description="Width of the picture that is kept, px.")
    height_px: int = Field(description="Height of the picture that is kept, px.")
    bytes: int = Field(description="Size of the picture that is kept.")
    media_type: str = Field(description="Its form.", examples=["image/png"])


@router.post(
    _DRAWINGS,
    name="post_drawing",
    status_code=201,
    responses=documented(400, 401, 403, 404, 413, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("image/png", "image/jpeg", "image/webp")
            },
        }
    },
)
async def post_drawing(floor_id: FloorId, registry: AnyRegistry, call: AnyCall) -> DrawingView:
    """Upload a picture of a floor's plan; its pixels are kept, never its bytes.

    Save it as `drawing` of the floor within a day.
    """
    key = key_of(_FLOOR, floor_id)
    reach = await registry.reach(call.caller, whole=True)
    check_registered(call.caller, Right.EDIT_REGISTRY, key, reach)
    _drawings(registry)
    try:
        found = await registry.decode(partial(redraw, call.body))
    except BadPicture as error:
        fault = FieldFault("floor", floor_id, "drawing", str(error))
        raise Unfit(UNREADABLE, [fault]) from error
    try:
        await registry.keep_drawing(floor_id, found, call.caller.subject)
    except ImportRefused as error:
        raise unfit(error) from error
    return _view(found)


@router.get(
    f"{_DRAWINGS}/{{sha256}}",
    name="registered_drawing",
    response_class=Response,
    responses={**PICTURE, **documented(401, 403, 404, 422, 503)},
)
async def registered_drawing(
    floor_id: FloorId, sha256: Digest, registry: AnyRegistry, caller: Caller
) -> Response:
    """The picture that the newest version of a floor names, or that the caller has uploaded."""
    found = await readable(registry, caller, _FLOOR, floor_id)
    kept = await kept_picture(registry, floor_id, sha256)
    named = (found.record.get("drawing") or {}).get("sha256")
    if named != sha256 and kept.uploaded_by != caller.subject:
        raise no_picture(floor_id)
    return picture(kept, sha256)


async def kept_picture(registry: Registry, floor_id: str, sha256: str) -> Kept:
    """A picture of a floor.

    Raises:
        HTTPException: It is not kept: 404.
        Retry: The database is out of reach, or there is none.
    """
    drawings = _drawings(registry)
    if not _DIGEST.fullmatch(sha256):
        raise no_picture(floor_id)
    found = await registry.read(lambda _store: drawings.find(floor_id, sha256))
    if found is None:
        raise no_picture(floor_id)
    return found


def no_picture(floor_id: str) -> HTTPException:
    """The answer where a floor has no such picture."""
    return HTTPException(404, f"floor {floor_id!r} has no such drawing")


def picture(kept: Kept, sha256: str) -> Response:
    """A picture, which browsers keep for a day: another one has another digest, and address."""
    headers = {
        "Cache-Control": f"private, max-age={_A_DAY_S}, immutable",
        "ETag": f'"{sha256}"',
        "Content-Disposition": "inline",
    }
    return Response(kept.image, media_type=kept.media_type, headers=headers)


def _drawings(registry: Registry) -> Drawings:
    if registry.drawings is None:
        raise Retry("this board keeps no drawings")
    return registry.drawings


def _view(found: Redrawn) -> DrawingView:
    return DrawingView(
        sha256=found.sha256,
        width_px=found.width_px,
        height_px=found.height_px,
        bytes=len(found.image),
        media_type=found.media_type,
    )
