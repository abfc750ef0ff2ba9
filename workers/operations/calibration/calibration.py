"""What is known of a camera once it is calibrated, and how well it fits."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.camera.pinhole import Lens, Pinhole, pinhole_of_homography
from workers.registry.calibration import floor_homography, mapped

Array = NDArray[np.float64]


class CalibrationRefused(ValueError):
    """A calibration that cannot be used; the message names the field or the point."""


class FloorPoint(NamedTuple):
    """A point of the floor, seen in a picture.

    Attributes:
        name: For people.
        u: From the left, px.
        v: From the top, px.
        x: On the floor, m.
        y: On the floor, m.
    """

    name: str
    u: float
    v: float
    x: float
    y: float


class PointError(NamedTuple):
    """How far a point is from where the calibration puts it.

    Attributes:
        point: The point.
        floor_m: Distance on the floor, m; not a number where the calibration sees no floor.
        others_m: The same by the other points alone, m; None where they do not suffice.
        used: Whether the calibration was fitted to it.
    """

    point: FloorPoint
    floor_m: float
    others_m: float | None
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A camera's calibration.

    Attributes:
        source: Where it comes from, for people.
        width: Frame, px.
        height: Frame, px.
        homography: Nine numbers, row by row: pixels to metres on the floor.
        pinhole: Pose and lens; None where only the floor is known.
        errors: Its error at each point that was given.
    """

    source: str
    width: int
    height: int
    homography: Sequence[float]
    pinhole: Pinhole | None = None
    errors: Sequence[PointError] = field(default_factory=tuple)

    @property
    def worst_m(self) -> float:
        """Largest error of a point that was used, m; 0 without points."""
        return max((error.floor_m for error in self.errors if error.used), default=0.0)

    @property
    def rms_m(self) -> float:
        """Root mean square error of the points that were used, m; 0 without points."""
        used = [error.floor_m for error in self.errors if error.used]
        return float(np.sqrt(np.mean(np.square(used)))) if used else 0.0

    def to_floor(self, px: Array) -> Array:
        """Points on the floor in metres, `(N, 2)`; not a number above the horizon."""
        if self.pinhole is not None:
            return self.pinhole.to_floor(px)
        h = np.array(self.homography).reshape(3, 3)
        depth = (px @ h[2, :2] + h[2, 2]) * np.sign(h[2] @ [self.width / 2, self.height, 1.0])
        with np.errstate(all="ignore"):
            return np.where(depth[:, None] > 0.0, mapped(list(self.homography), px), np.nan)

    def to_px(self, floor: Array) -> Array:
        """Pixels, `(N, 2)`, of points on the floor, `(N, 2)`; not a number behind the camera."""
        if self.pinhole is not None:
            return self.pinhole.to_px(np.column_stack([floor, np.zeros(len(floor))]))
        inverse = np.linalg.inv(np.array(self.homography).reshape(3, 3))
        with np.errstate(all="ignore"):
            px = mapped(list(inverse.ravel()), floor)
            back = self.to_floor(px)
        return np.where(np.isfinite(back), px, np.nan)

    def body(self) -> Pinhole | None:
        """The camera with a height: its pose, or that which square pixels would have."""
        if self.pinhole is not None:
            return self.pinhole
        try:
            return pinhole_of_homography(self.homography, self.width, self.height)
        except ValueError:
            return None

    def scaled(self, width: int, height: int) -> "Calibration":
        """The calibration for frames of another size.

        Raises:
            CalibrationRefused: They show another part of the scene.
        """
        if (width, height) == (self.width, self.height):
            return self
        x_scale, y_scale = width / self.width, height / self.height
        if abs(x_scale / y_scale - 1.0) > 0.01:
            raise CalibrationRefused(
                f"size: the calibration is for {self.width}x{self.height} px and the frames are "
                f"{width}x{height} px, which is another shape: they do not show the same"
            )
        pinhole = None if self.pinhole is None else self.pinhole.scaled(x_scale, y_scale)
        matrix = np.array(self.homography).reshape(3, 3) / [x_scale, y_scale, 1.0]
        numbers = floor_homography(pinhole) if pinhole else [float(n) for n in matrix.ravel()]
        return replace(
            self,
            source=f"{self.source}, scaled from {self.width}x{self.height} px",
            width=width,
            height=height,
            homography=numbers,
            pinhole=pinhole,
        )

    def fields(self) -> dict[str, Any]:
        """The fields of a camera's row that hold it."""
        if self.pinhole is None:
            return {"homography": list(self.homography), "projection": [], "lens": []}
        return {
            "projection": [float(number) for number in self.pinhole.projection.ravel()],
            "lens": [] if self.pinhole.lens is None else _lens(self.pinhole.lens),
        }


def of_pinhole(pinhole: Pinhole, source: str) -> Calibration:
    """The calibration that a pose and a lens give."""
    return Calibration(
        source=source,
        width=pinhole.width,
        height=pinhole.height,
        homography=floor_homography(pinhole),
        pinhole=pinhole,
    )


def _lens(lens: Lens) -> dict[str, Any]:
    return {
        "fx": lens.fx,
        "fy": lens.fy,
        "cx": lens.cx,
        "cy": lens.cy,
        "distortion": list(lens.distortion),
    }
