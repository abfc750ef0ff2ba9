"""Cameras from files of other programs: projection matrices, poses as JSON, Tsai's XML."""

import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from streams.domain.camera.pinhole import Lens, Pinhole
from workers.operations.calibration.calibration import Array, CalibrationRefused
from workers.registry import values

_MM: Final = 0.001
"""Tsai's files are in millimetres."""

_LENS_GRID: Final = 25
_WORST_LENS_PX: Final = 0.25
"""Another model of a lens is taken if it is the same to this many pixels."""

Size = tuple[int, int]


def read_projection(path: Path, camera_id: str, size: Size | None, metres: float) -> Pinhole:
    """A camera from a JSON file with a 3x4 projection matrix.

    The matrix stands alone, under `projection`, or, in a file of several cameras, under
    `cameras` and the camera's id. Beside it may stand `image_size`, width and height in pixels.

    Args:
        path: The file.
        camera_id: Which camera, in a file of several.
        size: Width and height of the frames, px, where the file does not say.
        metres: Length of its unit on the floor, m.

    Raises:
        CalibrationRefused: It cannot be read, or is no camera; the message names the field.
    """
    found = _json(path)
    if isinstance(found, dict) and isinstance(found.get("cameras"), dict):
        cameras, size = found["cameras"], _size(found.get("image_size")) or size
        if camera_id not in cameras:
            names = ", ".join(sorted(map(str, cameras)))
            raise CalibrationRefused(f"{path.name}: camera {camera_id} is not in it, but {names}")
        found = cameras[camera_id]
    if isinstance(found, dict):
        size = _size(found.get("image_size")) or size
        if "projection" not in found:
            raise CalibrationRefused(f"{path.name}: projection is missing")
        found = found["projection"]
    try:
        numbers = values.projection(found)
    except ValueError as error:
        raise CalibrationRefused(f"{path.name}: projection: {error}") from error
    if numbers is None:
        raise CalibrationRefused(f"{path.name}: projection: it is empty")
    matrix = np.array(numbers).reshape(3, 4) * [1 / metres, 1 / metres, 1 / metres, 1.0]
    return _pinhole(path, matrix, size, None)


def read_pose(path: Path, size: Size | None) -> Pinhole:
    """A camera from a file with its pose and lens: JSON, or the XML of Tsai's method.

    Args:
        path: The file.
        size: Width and height of the frames, px, where the file does not say.

    Raises:
        CalibrationRefused: It cannot be read, or is no camera; the message names the field.
    """
    if path.suffix.lower() == ".xml":
        return _tsai(path)
    found = _json(path)
    if not isinstance(found, dict):
        raise CalibrationRefused(f"{path.name}: must be an object with a pose")
    if isinstance(resolution := found.get("resolution"), dict):
        size = _size([resolution.get("width"), resolution.get("height")])
    size = _size(found.get("image_size")) or size
    inner = _matrix(path, found, "intrinsic", (3, 3))
    terms = _matrix(path, found, "distortion", None) if "distortion" in found else np.zeros(0)
    if "extrinsic" in found:
        pose = found["extrinsic"]
        pose = pose[0] if isinstance(pose, list) and pose and isinstance(pose[0], dict) else pose
        pose = pose["tf"] if isinstance(pose, dict) and "tf" in pose else pose
        outer = _matrix(path, {"extrinsic": pose}, "extrinsic", (4, 4))
    else:
        outer = np.eye(4)
        turn = _matrix(path, found, "rotation", None)
        outer[:3, :3] = cv2.Rodrigues(turn)[0] if turn.size == 3 else _shaped(path, turn)
        outer[:3, 3] = _matrix(path, found, "translation", (3,))
    _check_turn(path, outer[:3, :3])
    if inner[0, 1] or inner[1, 0] or inner[2].tolist() != [0.0, 0.0, 1.0]:
        raise CalibrationRefused(
            f"{path.name}: intrinsic: must be [fx, 0, cx], [0, fy, cy], [0, 0, 1]"
        )
    lens = _lens(path, inner, terms.ravel())
    return _pinhole(path, inner @ outer[:3], size, lens)


def _pinhole(path: Path, matrix: Array, size: Size | None, lens: Lens | None) -> Pinhole:
    if size is None:
        raise CalibrationRefused(f"{path.name}: does not say the size of the frames: give --size")
    try:
        return Pinhole(matrix, *size, lens)
    except ValueError as error:
        raise CalibrationRefused(f"{path.name}: {error}") from error


def _lens(path: Path, inner: Array, terms: Array) -> Lens | None:
    if not terms.any():
        return None
    try:
        return Lens(inner[0, 0], inner[1, 1], inner[0, 2], inner[1, 2], tuple(terms.tolist()))
    except ValueError as error:
        raise CalibrationRefused(f"{path.name}: {error}") from error


def _check_turn(path: Path, turn: Array) -> None:
    if not np.allclose(turn @ turn.T, np.eye(3), atol=1e-3):
        raise CalibrationRefused(
            f"{path.name}: the rotation is none: its rows are not at right angles"
        )
    if np.linalg.det(turn) < 0:
        raise CalibrationRefused(f"{path.name}: the rotation mirrors: its determinant is -1")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CalibrationRefused(f"{path.name}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CalibrationRefused(f"{path.name}: not valid JSON: {error}") from error


def _matrix(
    path: Path, found: Mapping[str, Any], field: str, shape: tuple[int, ...] | None
) -> Array:
    """The numbers of a field: nested lists, or the list `doubles` of an object."""
    if field not in found:
        raise CalibrationRefused(f"{path.name}: {field} is missing")
    given = found[field]
    given = given.get("doubles") if isinstance(given, dict) else given
    try:
        numbers = np.array(given, np.float64)
    except (TypeError, ValueError) as error:
        raise CalibrationRefused(f"{path.name}: {field}: is no list of numbers") from error
    if not np.isfinite(numbers).all():
        raise CalibrationRefused(f"{path.name}: {field}: has finite numbers only")
    if shape is None:
        return numbers
    if numbers.size != math.prod(shape):
        raise CalibrationRefused(
            f"{path.name}: {field}: has {math.prod(shape)} numbers, not {numbers.size}"
        )
    return numbers.reshape(shape)


def _shaped(path: Path, turn: Array) -> Array:
    if turn.size != 9:
        raise CalibrationRefused(f"{path.name}: rotation: has 9 numbers or 3, not {turn.size}")
    return turn.reshape(3, 3)


def _size(given: Any) -> Size | None:
    whole = isinstance(given, list) and len(given) == 2 and all(type(n) is int for n in given)
    return (given[0], given[1]) if whole else None


def _tsai(path: Path) -> Pinhole:
    """A camera of Tsai's method, in millimetres, as PETS 2009 publishes it.

    Its lens is on the sensor and goes the other way, from distorted to ideal; the terms of the
    registry's lens are fitted to it.
    """
    try:
        root = ET.fromstring(path.read_bytes())  # noqa: S314 - expat refuses the attacks by itself
    except OSError as error:
        raise CalibrationRefused(f"{path.name}: cannot be read: {error.strerror}") from error
    except ET.ParseError as error:
        raise CalibrationRefused(f"{path.name}: not valid XML: {error}") from error

    def value(tag: str, name: str) -> float:
        node = root.find(tag)
        text = None if node is None else node.get(name)
        if text is None:
            raise CalibrationRefused(f"{path.name}: {tag} {name} is missing")
        try:
            return values.number(text)
        except ValueError as error:
            raise CalibrationRefused(f"{path.name}: {tag} {name}: {error}") from error

    width, height = round(value("Geometry", "width")), round(value("Geometry", "height"))
    x_mm, y_mm = value("Geometry", "dpx"), value("Geometry", "dpy")
    focal, kappa, across = (value("Intrinsic", name) for name in ("focal", "kappa1", "sx"))
    cx, cy = value("Intrinsic", "cx"), value("Intrinsic", "cy")
    if not (x_mm > 0 and y_mm > 0 and focal > 0 and across > 0):
        raise CalibrationRefused(f"{path.name}: dpx, dpy, focal and sx must be above zero")
    inner = np.array([[focal * across / x_mm, 0.0, cx], [0.0, focal / y_mm, cy], [0.0, 0.0, 1.0]])
    turns = (value("Extrinsic", name) for name in ("rx", "ry", "rz"))
    shift = [value("Extrinsic", name) * _MM for name in ("tx", "ty", "tz")]
    matrix = inner @ np.column_stack([_turn(*turns), shift])
    # On the sensor an ideal point is a distorted one times 1 + kappa r2, with r in mm.
    terms = _fitted_terms(path, inner, kappa * focal * focal, width, height)
    return _pinhole(path, matrix, (width, height), _lens(path, inner, terms))


def _turn(rx: float, ry: float, rz: float) -> Array:
    """Rotations about x, then y, then z, rad."""
    x, y, z = (cv2.Rodrigues(np.array(axis))[0] for axis in ([rx, 0, 0], [0, ry, 0], [0, 0, rz]))
    turn: Array = z @ y @ x
    return turn


def _fitted_terms(path: Path, inner: Array, kappa: float, width: int, height: int) -> Array:
    """The terms k1 to k6 that undo a factor 1 + kappa r2, with r as a tangent."""
    u, v = np.meshgrid(np.linspace(0, width, _LENS_GRID), np.linspace(0, height, _LENS_GRID))
    x, y = (u.ravel() - inner[0, 2]) / inner[0, 0], (v.ravel() - inner[1, 2]) / inner[1, 1]
    bent = x * x + y * y
    if (1.0 + 3.0 * kappa * bent <= 0.0).any():
        raise CalibrationRefused(
            f"{path.name}: Intrinsic kappa1: its distortion folds the edge of the frame onto itself"
        )
    factor = 1.0 + kappa * bent
    r2, ratio = bent * factor * factor, 1.0 / factor
    # The distorted radius is the ideal one times
    # (1 + k1 r2 + k2 r4 + k3 r6) / (1 + k4 r2 + k5 r4 + k6 r6).
    above = np.column_stack([r2, r2**2, r2**3])
    rows = np.hstack([above, -above * ratio[:, None]])
    k1, k2, k3, k4, k5, k6 = np.linalg.lstsq(rows, ratio - 1.0, rcond=None)[0]
    found = (1.0 + above @ [k1, k2, k3]) / (1.0 + above @ [k4, k5, k6])
    off = (np.abs(found - ratio) * np.sqrt(r2)).max() * max(inner[0, 0], inner[1, 1])
    if off > _WORST_LENS_PX:
        raise CalibrationRefused(f"{path.name}: Intrinsic kappa1: is too strong to be kept")
    return np.array([k1, k2, 0.0, 0.0, k3, k4, k5, k6])
