"""Calibrations of the demo's cameras: of a part of a picture, of another size, on other axes."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from streams.domain.camera.pinhole import Lens, Pinhole
from workers.ingest.feed import Region
from workers.operations.calibration.calibration import of_pinhole

_SHAPE = 0.01
"""A picture of another size has the same shape if its sides differ by less than this share."""


@dataclass(frozen=True, slots=True)
class FloorAxes:
    """Axes of a floor, as seen from the axes of a calibration.

    Attributes:
        x: Origin, m.
        y: Origin, m.
        turn_deg: From the calibration's x to the floor's x, counterclockwise.
    """

    x: float
    y: float
    turn_deg: float


def on_axes(camera: Pinhole, axes: FloorAxes) -> Pinhole:
    """The same camera, with points of the floor on other axes."""
    turn = math.radians(axes.turn_deg)
    cos, sin = math.cos(turn), math.sin(turn)
    to_old = np.array(
        [[cos, -sin, 0, axes.x], [sin, cos, 0, axes.y], [0, 0, 1, 0], [0, 0, 0, 1]], np.float64
    )
    return Pinhole(camera.projection @ to_old, camera.width, camera.height, camera.lens)


def of_size(camera: Pinhole, width: int, height: int) -> Pinhole:
    """The same camera with pictures of another size.

    Raises:
        ValueError: The picture has another shape, so it does not show the same.
    """
    x_scale, y_scale = width / camera.width, height / camera.height
    if abs(x_scale / y_scale - 1.0) > _SHAPE:
        raise ValueError(
            f"the calibration is for {camera.width}x{camera.height} px and the picture has "
            f"{width}x{height} px, which is another shape"
        )
    scaled = camera.scaled(x_scale, y_scale)
    return Pinhole(scaled.projection, width, height, scaled.lens)


def part_of(camera: Pinhole, region: Region) -> Pinhole:
    """The camera that shows a region of a camera's picture: its centre moves with the corner."""
    left, upper, right, lower = region.pixels(camera.width, camera.height)
    shift = np.array([[1.0, 0.0, -left], [0.0, 1.0, -upper], [0.0, 0.0, 1.0]])
    lens = camera.lens
    if lens is not None:
        lens = Lens(lens.fx, lens.fy, lens.cx - left, lens.cy - upper, lens.distortion)
    return Pinhole(shift @ camera.projection, right - left, lower - upper, lens)


def fields_of(camera: Pinhole) -> dict[str, Any]:
    """The fields of a camera's row that hold its calibration."""
    return {name: value for name, value in of_pinhole(camera, "").fields().items() if value != []}
