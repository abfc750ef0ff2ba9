"""The cameras of a floor from a file, as `wardstream fuse` reads it.

One JSON object: `cameras` maps a name to a camera, and `image_size` is `[width, height]` in pixels,
once for all or in each camera. A camera is given in one of three ways:

- `projection`: 3 rows of 4 numbers, floor metres `(X, Y, Z, 1)` to homogeneous pixels
  `(u, v, 1) w`: X and Y on the floor, Z up, u right, v down.
- `homography`: 3 rows of 3 numbers, pixels `(u, v, 1)` to homogeneous floor metres `(X, Y, 1) w`.
  The camera is taken to have square pixels and its centre in the middle of the picture.
- a pose: `intrinsics`, the camera matrix `[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]` in pixels;
  `rotation`, 3 rows of 3 numbers, and `translation`, 3 numbers in metres, from the floor to the
  camera: `X_camera = rotation * X_floor + translation`, with x right, y down, z ahead; and, unless
  the lens is ideal, `distortion`, 4, 5 or 8 terms in OpenCV's order: k1, k2, p1, p2, k3, k4, k5,
  k6.

Any camera may have `sees`: three corners or more, `[x, y]` in floor metres, of the part of the
floor that walls let it see. Without it, nothing limits the view but the picture.

What else the file holds beside `cameras` is left alone, but `fps`.
"""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from streams.domain.camera.pinhole import DISTORTIONS, Lens, Pinhole, pinhole_of_homography

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WAYS: Final = {
    "projection": ("projection",),
    "homography": ("homography",),
    "pose": ("intrinsics", "rotation", "translation"),
}
_HEIGHT: Final = "up_m"
"""How high a camera with a homography hangs: tells the focal length where it looks down."""

_KNOWN: Final = {
    *(field for fields in _WAYS.values() for field in fields),
    "distortion",
    "sees",
    _HEIGHT,
}
Region = tuple[tuple[float, float], ...]
"""Corners of a part of the floor, metres."""

_LARGEST_PICTURE: Final = 100_000
_LEAST_REGION_M2: Final = 0.01
_TURN_OFF: Final = 0.01
"""Products of a rotation's rows may be so far from those of a true one."""


class FloorCameras(NamedTuple):
    """The cameras of a floor.

    Attributes:
        cameras: Cameras by name, in the order of the file.
        fps: Frames per second that the file names; None where it names none.
        sees: Corners of the part of the floor that a camera sees, metres, by name; those cameras
            only that walls limit.
    """

    cameras: dict[str, Pinhole]
    fps: float | None
    sees: dict[str, Region]


def read_cameras(path: Path) -> FloorCameras:
    """Read a file of cameras.

    Raises:
        ValueError: Names the file, the camera and the field at fault.
        OSError: The file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise ValueError(f"{path}: no text in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: no JSON: {error}") from error
    try:
        return _read(found)
    except ValueError as error:
        raise ValueError(f"{path}, {error}") from error


def _read(found: Any) -> FloorCameras:
    cameras = found.get("cameras") if isinstance(found, dict) else None
    if not isinstance(cameras, dict) or not cameras:
        raise ValueError('field cameras: missing; the file is {"cameras": {NAME: CAMERA, …}, …}')
    size = None if "image_size" not in found else _size(found["image_size"])
    fps = None
    if "fps" in found:
        fps = _number(found["fps"], "fps")
        if fps <= 0.0:
            raise ValueError(f"field fps: {fps:g} is not above 0")
    read, sees = {}, {}
    for name, camera in cameras.items():
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"field cameras: {name!r} is no name: letters, digits, '.', '_' and '-', 64 at most"
            )
        try:
            read[name] = _camera(camera, size)
            if "sees" in camera:
                sees[name] = _region(camera["sees"])
        except ValueError as error:
            raise ValueError(f"camera {name}, {error}") from error
    return FloorCameras(read, fps, sees)


def _camera(camera: Any, size: tuple[int, int] | None) -> Pinhole:
    if not isinstance(camera, dict):
        raise ValueError("field cameras: a camera is a mapping")  # noqa: TRY004 - as all others
    unknown = sorted(set(camera) - _KNOWN - {"image_size"})
    if unknown:
        raise ValueError(f"field {unknown[0]}: unknown; a camera has {', '.join(sorted(_KNOWN))}")
    if "image_size" in camera:
        size = _size(camera["image_size"])
    if size is None:
        raise ValueError("field image_size: missing, here and for all cameras")
    given = {way for way, fields in _WAYS.items() if any(field in camera for field in fields)}
    if len(given) != 1:
        what = " and ".join(sorted(given)) if given else "nothing"
        raise ValueError(
            f"field {min(given, default='projection')}: a camera has a projection, a homography or "
            f"a pose, and one of them only; here is {what}"
        )
    [way] = given
    if _HEIGHT in camera and way != "homography":
        raise ValueError(f"field {_HEIGHT}: it goes with a homography, and here is a {way}")
    if "distortion" in camera and way != "pose":
        raise ValueError(f"field distortion: it goes with a pose, and here is a {way}")
    try:
        if way == "projection":
            return Pinhole(_matrix(camera, "projection", 3, 4), *size)
        if way == "homography":
            return pinhole_of_homography(
                _matrix(camera, "homography", 3, 3).ravel().tolist(),
                *size,
                up_m=_number(camera[_HEIGHT], _HEIGHT) if _HEIGHT in camera else None,
            )
        return _posed(camera, size)
    except ValueError as error:
        raise ValueError(_as_field(str(error), way)) from error


def _posed(camera: Mapping[str, Any], size: tuple[int, int]) -> Pinhole:
    """A camera of a lens and a pose."""
    for field in _WAYS["pose"]:
        if field not in camera:
            raise ValueError(f"field {field}: missing; a pose has {', '.join(_WAYS['pose'])}")
    inner = _matrix(camera, "intrinsics", 3, 3)
    fx, fy, cx, cy = inner[0, 0], inner[1, 1], inner[0, 2], inner[1, 2]
    if not np.array_equal(inner, [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]) or fx <= 0 or fy <= 0:
        raise ValueError(
            "field intrinsics: it is [[fx, 0, cx], [0, fy, cy], [0, 0, 1]], with focal lengths "
            "above 0"
        )
    rotation = _matrix(camera, "rotation", 3, 3)
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > _TURN_OFF:
        raise ValueError(
            "field rotation: it is no rotation: its rows are not at right angles and of length 1"
        )
    if np.linalg.det(rotation) < 0.0:
        raise ValueError("field rotation: it is mirrored, its determinant is -1")
    translation = np.array(_numbers(camera["translation"], "translation", 3))
    terms = _numbers(camera.get("distortion", []), "distortion", *DISTORTIONS)
    lens = Lens(float(fx), float(fy), float(cx), float(cy), tuple(terms)) if any(terms) else None
    return Pinhole(inner @ np.column_stack([rotation, translation]), *size, lens)


def _region(given: Any) -> Region:
    if not isinstance(given, list) or len(given) < 3:
        raise ValueError("field sees: it is a list of three corners or more")
    corners = [_numbers(corner, "sees", 2) for corner in given]
    x, y = np.array(corners).T
    area = abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2
    if area < _LEAST_REGION_M2:
        raise ValueError(f"field sees: its corners hold {area:.3g} m2 of the floor")
    return tuple((x, y) for x, y in corners)


def _as_field(message: str, way: str) -> str:
    """A message that starts with a field of the file.

    What is wrong with a pose is found in the projection that follows from it.
    """
    if message.startswith("field "):
        return message
    field, _, what = message.partition(": ")
    if way == "pose":
        field = {"projection": "rotation, translation", "lens": "distortion"}.get(field, field)
    return f"field {field}: {what}"


def _size(given: Any) -> tuple[int, int]:
    width, height = (_number(one, "image_size") for one in _numbers(given, "image_size", 2))
    for value in (width, height):
        if not value.is_integer() or not 1 <= value <= _LARGEST_PICTURE:
            raise ValueError(f"field image_size: {value:g} is no width or height in pixels")
    return int(width), int(height)


def _matrix(camera: Mapping[str, Any], field: str, rows: int, columns: int) -> NDArray[np.float64]:
    given = camera[field]
    shaped = isinstance(given, list) and len(given) == rows
    if not shaped or not all(isinstance(row, list) and len(row) == columns for row in given):
        raise ValueError(f"field {field}: it is {rows} rows of {columns} numbers")
    return np.array([[_number(value, field) for value in row] for row in given])


def _numbers(given: Any, field: str, *counts: int) -> list[float]:
    if not isinstance(given, list) or len(given) not in counts:
        several = " or ".join(", ".join(map(str, counts)).rsplit(", ", 1))
        raise ValueError(f"field {field}: it is a list of {several} numbers")
    return [_number(value, field) for value in given]


def _number(value: Any, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"field {field}: {value!r} is not a number")  # noqa: TRY004 - as all others
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"field {field}: a number in it is not finite")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is there twice")
        found[name] = value
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")
