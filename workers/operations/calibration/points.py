"""A homography from points of the floor that were found in a picture."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.operations.calibration.calibration import (
    Array,
    Calibration,
    CalibrationRefused,
    FloorPoint,
    PointError,
)
from workers.registry.calibration import mapped
from workers.registry.encoding import decode
from workers.registry.tables import BadTable, read_csv
from workers.registry.values import number

Used: TypeAlias = NDArray[np.bool_]

LEAST: Final = 4
"""As many points determine a homography."""

_LEAST_TO_DOUBT: Final = 5
"""A point is left out only where this many others agree, one more than always do."""

_MOST_LEFT_OUT: Final = 1 / 3
"""At most this share of the points is left out."""

_FLAT: Final = 0.02
"""Points whose extent across is below this share of that along are on one line."""

_UNDETERMINED: Final = 1e-3
"""Points that determine a homography worse than so do not determine it."""

_DOUBTFUL: Final = 0.02
"""Points that determine a homography worse than so show no error of another point."""

_FIELDS: Final = ("name", "u", "v", "x", "y")


def read_points(path: Path, metres: float = 1.0) -> list[FloorPoint]:
    """Read points from a CSV file with the columns u, v, x, y and, if wanted, name.

    Args:
        path: The file.
        metres: Length of its unit on the floor, m.

    Raises:
        CalibrationRefused: It cannot be read; the message names line and field.
    """
    try:
        entries, _ = read_csv(decode(path.read_bytes()), _FIELDS)
    except OSError as error:
        raise CalibrationRefused(f"{path.name}: cannot be read: {error.strerror}") from error
    except (BadTable, ValueError) as error:
        raise CalibrationRefused(f"{path.name} {error}") from error
    points = []
    for index, entry in enumerate(entries, 1):
        found = []
        for field in ("u", "v", "x", "y"):
            if not entry.values.get(field):
                raise CalibrationRefused(f"{path.name} {entry.where}: {field} is missing")
            try:
                found.append(number(entry.values[field]))
            except ValueError as error:
                raise CalibrationRefused(f"{path.name} {entry.where}: {field}: {error}") from error
        u, v, x, y = found
        name = str(entry.values.get("name") or index)
        points.append(FloorPoint(name, u, v, x * metres, y * metres))
    return points


def fit(points: Sequence[FloorPoint], width: int, height: int, limit_m: float) -> Calibration:
    """The homography that fits points of the floor, without the few that are wrong.

    Args:
        points: At least four, not on one line.
        width: Picture in which they were found, px.
        height: Picture in which they were found, px.
        limit_m: Largest error of a point, m.

    Raises:
        CalibrationRefused: The points do not give one; the message names the point.
    """
    _check(points, width, height)
    px, floor = _arrays(points)
    found, mask = cv2.findHomography(
        px, floor, cv2.RANSAC, limit_m, maxIters=10_000, confidence=0.9999
    )
    if found is None:
        raise CalibrationRefused("points: no homography fits four of them: are x and y swapped?")
    used: Used = mask.ravel().astype(bool)
    fitted = _fitted(px[used], floor[used]) if used.sum() >= LEAST else None
    matrix = np.asarray(found if fitted is None else fitted, np.float64)
    off = _off(matrix, px, floor)
    _check_left_out(points, off, used, limit_m)
    depth = px @ matrix[2, :2] + matrix[2, 2]
    behind = [point.name for point, w in zip(points, depth * np.sign(depth[used][0]), strict=True)
              if w <= 0.0]  # fmt: skip
    if set(behind) & {point.name for point, one in zip(points, used, strict=True) if one}:
        raise CalibrationRefused(
            f"points: the horizon would run between them: {', '.join(behind)} on its other side"
        )
    if np.linalg.det(matrix) * np.sign(depth[used][0]) > 0.0:
        raise CalibrationRefused(
            "points: they are mirrored: seen from above, y must be a quarter turn counterclockwise "
            "from x; swap x and y, or give one of them the other sign"
        )
    others = _by_the_others(px, floor, used)
    errors = [
        PointError(point, float(off[row]), others[row], bool(used[row]))
        for row, point in enumerate(points)
    ]
    matrix = matrix / (matrix[2] @ [width / 2, height, 1.0])
    result = Calibration(
        source=f"{len(points)} points",
        width=width,
        height=height,
        homography=[float(value) for value in matrix.ravel()],
        errors=errors,
    )
    check_errors(result, limit_m)
    return result


def checked(calibration: Calibration, points: Sequence[FloorPoint], limit_m: float) -> Calibration:
    """A calibration with its errors at points of the floor, to which it was not fitted.

    Raises:
        CalibrationRefused: It is further off than it may be; the message names the point.
    """
    px, floor = _arrays(points)
    off = np.hypot(*(calibration.to_floor(px) - floor).T)
    errors = [
        PointError(point, float(m), None, used=True) for point, m in zip(points, off, strict=True)
    ]
    result = replace(calibration, errors=errors)
    check_errors(result, limit_m)
    return result


def check_errors(calibration: Calibration, limit_m: float) -> None:
    """Refuse a calibration that is too far off at a point.

    Raises:
        CalibrationRefused: It is; the message names the point.
    """
    for error in calibration.errors:
        if error.used and not error.floor_m <= limit_m:
            off = (
                f"{error.floor_m * 100:.0f} cm off" if math.isfinite(error.floor_m) else "no floor"
            )
            raise CalibrationRefused(
                f"point {error.point.name}: {off}; the limit is {limit_m * 100:g} cm"
            )


def _check(points: Sequence[FloorPoint], width: int, height: int) -> None:
    if len(points) < LEAST:
        raise CalibrationRefused(f"points: {LEAST} are the least, and there are {len(points)}")
    for point in points:
        if not (0 <= point.u <= width and 0 <= point.v <= height):
            raise CalibrationRefused(
                f"point {point.name}: ({point.u:g}, {point.v:g}) lies outside the {width}x{height} "
                "px picture"
            )
    for a, b in combinations(points, 2):
        if (a.u, a.v) == (b.u, b.v) or (a.x, a.y) == (b.x, b.y):
            raise CalibrationRefused(f"points {a.name} and {b.name}: they are at one place")
    px, floor = _arrays(points)
    for where, found in (("picture", px), ("floor", floor)):
        if _is_flat(found):
            raise CalibrationRefused(
                f"points: all lie on one line of the {where}: add one beside the line"
            )
        for triple in combinations(range(len(points)), 3) if len(points) == LEAST else ():
            if _is_flat(found[list(triple)]):
                names = ", ".join(points[row].name for row in triple)
                raise CalibrationRefused(
                    f"points {names}: three of four lie on one line of the {where}: add a point"
                )
    if _certainty(px, floor) < _UNDETERMINED:
        raise CalibrationRefused(
            "points: too many lie on one line; spread them over the floor that the camera sees"
        )


def _check_left_out(points: Sequence[FloorPoint], off: Array, used: Used, limit_m: float) -> None:
    left_out = int((~used).sum())
    if not left_out:
        return
    enough = used.sum() >= _LEAST_TO_DOUBT and left_out <= _MOST_LEFT_OUT * len(points)
    if enough:
        return
    far = ", ".join(
        f"{point.name} is {m * 100:.0f} cm off"
        for point, m, one in zip(points, off, used, strict=True)
        if not one
    )
    raise CalibrationRefused(
        f"points: they do not fit one floor within {limit_m * 100:g} cm, and are too few to say "
        f"which is wrong: by the others, {far}"
    )


def _arrays(points: Sequence[FloorPoint]) -> tuple[Array, Array]:
    px = np.array([(point.u, point.v) for point in points], np.float64)
    return px, np.array([(point.x, point.y) for point in points], np.float64)


def _is_flat(points: Array) -> bool:
    along, across = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[:2]
    return bool(across < _FLAT * along)


def _certainty(px: Array, floor: Array) -> float:
    """How well points determine a homography, 0 to 1: its least singular value that counts."""
    (u, v), (x, y) = _normal(px).T, _normal(floor).T
    one, nil = np.ones_like(u), np.zeros_like(u)
    above = np.column_stack([u, v, one, nil, nil, nil, -x * u, -x * v, -x])
    below = np.column_stack([nil, nil, nil, u, v, one, -y * u, -y * v, -y])
    values = np.linalg.svd(np.vstack([above, below]), compute_uv=False)
    return float(values[7] / values[0])


def _normal(points: Array) -> Array:
    middle = points - points.mean(axis=0)
    found: Array = middle / np.hypot(*middle.T).mean()
    return found


def _fitted(px: Array, floor: Array) -> Array | None:
    """The homography whose errors in the picture, where people point, are least."""
    found, _ = cv2.findHomography(floor, px, 0)
    if found is None or not np.linalg.det(found):
        return None
    return np.asarray(np.linalg.inv(found), np.float64)


def _off(matrix: Array, px: Array, floor: Array) -> Array:
    with np.errstate(all="ignore"):
        found: Array = np.hypot(*(mapped(list(matrix.ravel()), px) - floor).T)
    return found


def _by_the_others(px: Array, floor: Array, used: Used) -> list[float | None]:
    """The error of each point by a fit to the other ones that are used, m."""
    found: list[float | None] = []
    for row in range(len(px)):
        others = used.copy()
        others[row] = False
        matrix = None
        if others.sum() >= LEAST and _certainty(px[others], floor[others]) >= _DOUBTFUL:
            matrix = _fitted(px[others], floor[others])
        found.append(None if matrix is None else float(_off(matrix, px[[row]], floor[[row]])[0]))
    return found
