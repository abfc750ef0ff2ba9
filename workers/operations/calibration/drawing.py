"""The grid of the floor, drawn on a picture: whether a calibration is right is seen there."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.operations.calibration.calibration import Array, Calibration, CalibrationRefused

Image = NDArray[np.uint8]

_GRID: Final = 41
_FARTHEST_M: Final = 60.0
_MOST_SQUARES: Final = 16
_STEPS_M: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
_SAMPLES: Final = 200
PERSON_M: Final = 1.75
"""Height of the posts that are drawn, m."""

_GRID_COLOUR: Final = (80, 220, 80)
_AXIS_X: Final = (60, 60, 255)
_AXIS_Y: Final = (255, 160, 40)
_POST: Final = (0, 215, 255)
_POINT: Final = (255, 0, 255)
_LEFT_OUT: Final = (0, 0, 255)


def read_picture(path: Path) -> Image:
    """A picture from a file.

    Raises:
        CalibrationRefused: It cannot be read.
    """
    found = cv2.imread(str(path))
    if found is None:
        raise CalibrationRefused(f"{path.name}: cannot be read as a picture")
    return np.asarray(found, np.uint8)


def write_picture(path: Path, picture: Image) -> None:
    """Write a picture; the end of the name tells the form.

    Raises:
        CalibrationRefused: It cannot be written.
    """
    try:
        written = cv2.imwrite(str(path), picture)
    except cv2.error as error:
        raise CalibrationRefused(f"{path.name}: give a name that ends in .png or .jpg") from error
    if not written:
        raise CalibrationRefused(f"{path.name}: cannot be written")


def drawn(calibration: Calibration, picture: Image) -> Image:
    """A copy of a picture with the grid of the floor, posts as high as a person, and the points.

    Args:
        calibration: For frames of the same shape.
        picture: A frame, `(H, W, 3)` of BGR.

    Raises:
        CalibrationRefused: The picture has another shape than the frames.
    """
    height, width = picture.shape[:2]
    calibration = calibration.scaled(width, height)
    canvas = picture.copy()
    x_min, y_min, x_max, y_max = _extent(calibration)
    step = next(
        (s for s in _STEPS_M if max(x_max - x_min, y_max - y_min) / s <= _MOST_SQUARES),
        _STEPS_M[-1],
    )
    xs = np.arange(np.floor(x_min / step), np.ceil(x_max / step) + 1) * step
    ys = np.arange(np.floor(y_min / step), np.ceil(y_max / step) + 1) * step
    along_x = np.linspace(xs[0], xs[-1], _SAMPLES)
    along_y = np.linspace(ys[0], ys[-1], _SAMPLES)
    for x in xs:
        line = np.column_stack([np.full(_SAMPLES, x), along_y])
        _polyline(canvas, calibration.to_px(line), _AXIS_Y if x == 0 else _GRID_COLOUR, x == 0)
    for y in ys:
        line = np.column_stack([along_x, np.full(_SAMPLES, y)])
        _polyline(canvas, calibration.to_px(line), _AXIS_X if y == 0 else _GRID_COLOUR, y == 0)
    _numbers_and_posts(canvas, calibration, xs, ys)
    for error in calibration.errors:
        scale = width / calibration.width
        colour = _POINT if error.used else _LEFT_OUT
        given = np.array([error.point.u, error.point.v]) * scale
        again = calibration.to_px(np.array([[error.point.x, error.point.y]]))[0]
        cv2.drawMarker(canvas, _whole(given), colour, cv2.MARKER_CROSS, 14, 2)
        if np.isfinite(again).all() and np.abs(again).max() < 1e5:
            cv2.circle(canvas, _whole(again), 7, colour, 2, cv2.LINE_AA)
        _text(canvas, error.point.name, given + np.array([9, -6]), colour)
    caption = f"grid {step:g} m, posts {PERSON_M:g} m, x red, y blue"
    _text(canvas, caption, np.array([8.0, 18.0]), (255, 255, 255))
    return canvas


def _extent(calibration: Calibration) -> tuple[float, float, float, float]:
    """Bounds of the floor that the frame shows near the camera, m."""
    u, v = np.meshgrid(
        np.linspace(0, calibration.width, _GRID), np.linspace(0, calibration.height, _GRID)
    )
    floor = calibration.to_floor(np.column_stack([u.ravel(), v.ravel()]))
    foot = calibration.to_floor(np.array([[calibration.width / 2.0, float(calibration.height)]]))[0]
    floor = floor[np.isfinite(floor).all(axis=1)]
    body = calibration.body()
    origin = foot if body is None else np.array(body.position()[:2])
    # As far as four times the way to the lower edge, and not beyond what a person can be seen at.
    reach = min(_FARTHEST_M, 4.0 * max(2.0, float(np.hypot(*(foot - origin)))))
    near = floor[np.hypot(*(floor - origin).T) <= reach]
    near = near if len(near) else foot[None]
    (x_min, y_min), (x_max, y_max) = near.min(axis=0), near.max(axis=0)
    return float(x_min), float(y_min), float(x_max), float(y_max)


def _numbers_and_posts(canvas: Image, calibration: Calibration, xs: Array, ys: Array) -> None:
    body = calibration.body()
    height, width = canvas.shape[:2]
    for x in xs[:: 1 + len(xs) // 8]:
        for y in ys[:: 1 + len(ys) // 8]:
            at = calibration.to_px(np.array([[x, y]]))[0]
            if not (np.isfinite(at).all() and 0 <= at[0] < width and 0 <= at[1] < height):
                continue
            if body is not None:
                head = body.to_px(np.array([[x, y, PERSON_M]]))[0]
                if np.isfinite(head).all() and np.abs(head).max() < 1e5:
                    cv2.line(canvas, _whole(at), _whole(head), _POST, 1, cv2.LINE_AA)
            _text(canvas, f"{x:g},{y:g}", at + np.array([3, 12]), (255, 255, 255))


def _polyline(canvas: Image, px: Array, colour: tuple[int, int, int], is_axis: bool) -> None:
    height, width = canvas.shape[:2]
    seen = np.isfinite(px).all(axis=1) & (np.abs(np.nan_to_num(px)).max(axis=1) < 20_000)
    for a, b in zip(range(len(px) - 1), range(1, len(px)), strict=True):
        if seen[a] and seen[b]:
            inside = [(0 <= px[i, 0] <= width and 0 <= px[i, 1] <= height) for i in (a, b)]
            if any(inside) or np.hypot(*(px[b] - px[a])) < width:
                cv2.line(canvas, _whole(px[a]), _whole(px[b]), colour, 1 + is_axis, cv2.LINE_AA)


def _text(canvas: Image, text: str, at: Array, colour: tuple[int, int, int]) -> None:
    for shade, thickness in (((0, 0, 0), 3), (colour, 1)):
        cv2.putText(
            canvas, text, _whole(at), cv2.FONT_HERSHEY_SIMPLEX, 0.4, shade, thickness, cv2.LINE_AA
        )


def _whole(point: Array) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
