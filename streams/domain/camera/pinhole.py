"""A camera with a pose: floor points in metres to pixels and back, with a lens or without.

`[u, v, 1] w = P [X, Y, Z, 1]`: X and Y in metres on the floor, Z up, u right and v down in pixels,
and w the depth before the camera. The axes of the floor are right-handed: seen from above, Y is a
quarter turn counterclockwise from X.

With a lens, P gives the pixels of an ideal one, and the lens says where these are in the captured
frame. Its distortion has the terms of OpenCV, in their order: k1, k2, p1, p2, k3, k4, k5, k6.

Everything is written out in single numbers and sums of arrays: a library for matrices may round
differently on another machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Points: TypeAlias = NDArray[np.float64]
"""Shape `(N, 2)` or `(N, 3)`."""

Row: TypeAlias = tuple[float, float, float]
Square: TypeAlias = tuple[Row, Row, Row]
"""A matrix of three rows and three columns."""

DISTORTIONS: Final = (0, 4, 5, 8)
"""A lens has this many terms of distortion."""

_SINGULAR: Final = 1e-12
"""A determinant below this share of the product of the lengths of the rows is zero."""

_STEPS: Final = 12
_INVERTED_PX: Final = 0.01
"""A distortion is inverted to this many pixels."""

_MARGIN: Final = 1.1
"""A lens describes points up to this many times as far from its centre as the edge of the frame."""

_LEAST_TURN: Final = 1e-4
"""Perspective below this, as the square of its share of a frame's width, shows no focal length."""

_WEAK_TILT: Final = 0.1
"""Square of the sine of the angle to the vertical below which perspective says less of the focal
length than what is registered: there an axis that is 1 % too long makes it 5 % wrong or more."""

_WIDEST_DEG: Final = 170.0
"""A wider field of view is of no camera that keeps lines straight."""

_WORST_FIT: Final = 0.15
"""Axes of the floor that are further from a right angle and equal lengths are of no such camera."""

_WORST_WEAK_FIT: Final = 0.04
"""The same of a camera that looks down: one that looks across the floor has axes further off."""


@dataclass(frozen=True, slots=True)
class Lens:
    """What a lens does to the pixels of an ideal one.

    Attributes:
        fx: Focal length along the rows, px.
        fy: Focal length along the columns, px.
        cx: Centre from the left, px.
        cy: Centre from the top, px.
        distortion: Terms k1, k2, p1, p2, k3, k4, k5, k6; 0, 4, 5 or 8 of them.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        numbers = (self.fx, self.fy, self.cx, self.cy, *self.distortion)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError("lens: it has finite numbers only")
        if self.fx <= 0.0 or self.fy <= 0.0:
            raise ValueError("lens: fx and fy are focal lengths in pixels, above zero")
        if len(self.distortion) not in DISTORTIONS:
            counts = ", ".join(map(str, DISTORTIONS[:-1]))
            raise ValueError(
                f"lens: distortion has {counts} or {DISTORTIONS[-1]} terms, "
                f"not {len(self.distortion)}"
            )

    def scaled(self, x_scale: float, y_scale: float) -> "Lens":
        """The lens for frames of another size."""
        return Lens(
            self.fx * x_scale,
            self.fy * y_scale,
            self.cx * x_scale,
            self.cy * y_scale,
            self.distortion,
        )

    def distort(self, px: Points) -> Points:
        """Pixels of the captured frame, `(N, 2)`, from those of an ideal lens, `(N, 2)`."""
        x, y = self._normal(px)
        xd, yd, _ = self._bent(x, y)
        return self._pixels(xd, yd)

    def undistort(self, px: Points) -> Points:
        """Pixels of an ideal lens, `(N, 2)`, from those of the captured frame, `(N, 2)`.

        Not a number where the distortion has no inverse.
        """
        xd, yd = self._normal(px)
        x, y = xd.copy(), yd.copy()
        with np.errstate(all="ignore"):
            for _ in range(_STEPS):
                bent_x, bent_y, (xx, xy, yy) = self._bent(x, y)
                off_x, off_y = xd - bent_x, yd - bent_y
                area = xx * yy - xy * xy
                x = x + (yy * off_x - xy * off_y) / area
                y = y + (xx * off_y - xy * off_x) / area
            bent_x, bent_y, (xx, xy, yy) = self._bent(x, y)
            off = np.hypot((bent_x - xd) * self.fx, (bent_y - yd) * self.fy)
            found = (off < _INVERTED_PX) & (xx * yy - xy * xy > 0.0) & (xx > 0.0)
        return self._pixels(np.where(found, x, np.nan), np.where(found, y, np.nan))

    def _normal(self, px: Points) -> tuple[Points, Points]:
        return (px[:, 0] - self.cx) / self.fx, (px[:, 1] - self.cy) / self.fy

    def _pixels(self, x: Points, y: Points) -> Points:
        return np.column_stack([x * self.fx + self.cx, y * self.fy + self.cy])

    def _bent(self, x: Points, y: Points) -> tuple[Points, Points, tuple[Points, Points, Points]]:
        """Distorted coordinates, and the derivatives dx/dx, dx/dy = dy/dx, dy/dy."""
        k1, k2, p1, p2, k3, k4, k5, k6 = (*self.distortion, *(0.0,) * 8)[:8]
        r2 = x * x + y * y
        above = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
        below = 1.0 + r2 * (k4 + r2 * (k5 + r2 * k6))
        ratio = above / below
        # The derivative of the ratio by r2.
        slope = (
            k1 + r2 * (2.0 * k2 + r2 * 3.0 * k3) - ratio * (k4 + r2 * (2.0 * k5 + r2 * 3.0 * k6))
        ) / below
        bent_x = x * ratio + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)
        bent_y = y * ratio + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y
        xx = ratio + 2.0 * x * x * slope + 2.0 * p1 * y + 6.0 * p2 * x
        xy = 2.0 * x * y * slope + 2.0 * p1 * x + 2.0 * p2 * y
        yy = ratio + 2.0 * y * y * slope + 6.0 * p1 * y + 2.0 * p2 * x
        return bent_x, bent_y, (xx, xy, yy)


@dataclass(frozen=True, slots=True, eq=False)
class Pinhole:
    """A camera that looks at a floor.

    Attributes:
        projection: Floor metres to pixels, shape `(3, 4)`; scaled on creation so that the depth is
            in metres and positive before the camera.
        width: Frame, px.
        height: Frame, px.
        lens: Its lens; None for an ideal one.
    """

    projection: NDArray[np.float64]
    width: int
    height: int
    lens: Lens | None = None
    _to_floor: Square = field(init=False, repr=False)
    _reach: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check and scale.

        Raises:
            ValueError: It cannot be a camera above a floor; the message starts with the field.
        """
        if self.width <= 0 or self.height <= 0:
            raise ValueError("width, height: a camera with a projection has frames of a known size")
        given = np.array(self.projection, np.float64)
        try:
            with np.errstate(all="ignore"):
                self._check(given)
        except (OverflowError, ZeroDivisionError) as error:
            raise ValueError("projection: its numbers are too large or too small") from error

    def _check(self, given: NDArray[np.float64]) -> None:
        if given.shape != (3, 4):
            raise ValueError(f"projection: it has 3 rows of 4 numbers, not {given.shape}")
        if not np.isfinite(given).all():
            raise ValueError("projection: it has finite numbers only")
        self._set("_reach", self._farthest())
        foot = self.undistort(np.array([[self.width / 2.0, float(self.height)]]))[0]
        left, to_floor = _columns(given, 0, 1, 2), _inverse(_columns(given, 0, 1, 3))
        if to_floor is None or _is_singular(left):
            raise ValueError(
                "projection: it is singular, and maps the floor onto less than a picture"
            )
        # Where the floor is seen at the lower edge, it is before the camera.
        seen = _apply(to_floor, float(foot[0]), float(foot[1]))[2]
        if seen == 0.0:
            raise ValueError("projection: the horizon crosses the lower edge of the frame")
        sign = math.copysign(1.0 / _length(left[2]), seen)
        if _determinant(left) * sign < 0.0:
            raise ValueError(
                "projection: it is mirrored, or the picture is upside down: seen from above, y is "
                "a quarter turn counterclockwise from x, and z must point up"
            )
        scaled = given * sign
        scaled.flags.writeable = False
        self._set("projection", scaled)
        _, _, up = self.position()
        if not math.isfinite(up):
            raise OverflowError
        if up <= 0.0:
            raise ValueError(
                f"projection: the camera lies {0.0 - up:.2f} m below the floor: z must point up"
            )
        found = _times(to_floor, 1.0 / seen)
        if not all(math.isfinite(number) for row in found for number in row):
            raise OverflowError
        self._set("_to_floor", found)

    @classmethod
    def of(
        cls, numbers: Sequence[float], width: int, height: int, lens: Lens | None = None
    ) -> Self:
        """The camera with a projection of twelve numbers, row by row.

        Raises:
            ValueError: As on creation.
        """
        if len(numbers) != 12:
            raise ValueError(f"projection: it has twelve numbers, not {len(numbers)}")
        return cls(np.array(numbers, np.float64).reshape(3, 4), width, height, lens)

    def to_px(self, points: Points) -> Points:
        """Pixels of the captured frame, `(N, 2)`, of points in metres, `(N, 3)`.

        Not a number for points behind the camera, and for those that the lens does not describe.
        """
        p, (x, y, z) = self.projection, points.T
        u, v, w = (p[row, 0] * x + p[row, 1] * y + p[row, 2] * z + p[row, 3] for row in range(3))
        with np.errstate(all="ignore"):
            w = np.where(w > 0.0, w, np.nan)
            ideal = np.column_stack([u / w, v / w])
            if self.lens is None:
                return ideal
            x, y = self.lens._normal(ideal)
            near = np.hypot(x, y) <= self._reach
            return np.where(near[:, None], self.lens.distort(ideal), np.nan)

    def to_floor(self, px: Points) -> Points:
        """Points on the floor in metres, `(N, 2)`, of pixels of the captured frame, `(N, 2)`.

        Not a number on the horizon and above it.
        """
        ideal = self.undistort(px)
        h, u, v = self._to_floor, ideal[:, 0], ideal[:, 1]
        x, y, w = (h[row][0] * u + h[row][1] * v + h[row][2] for row in range(3))
        with np.errstate(all="ignore"):
            w = np.where(w > 0.0, w, np.nan)
            return np.column_stack([x / w, y / w])

    def undistort(self, px: Points) -> Points:
        """Pixels of an ideal lens, `(N, 2)`, of pixels of the captured frame, `(N, 2)`."""
        return px if self.lens is None else self.lens.undistort(px)

    def homography(self) -> list[float]:
        """Nine numbers, row by row: pixels of an ideal lens to metres on the floor.

        Its scale is such that the lower edge of the frame has depth 1 in the middle.
        """
        return [number for row in self._to_floor for number in row]

    def position(self) -> tuple[float, float, float]:
        """Where the camera is, m."""
        p = self.projection
        whole = _determinant(_columns(p, 0, 1, 2))
        # The null vector of the projection, by Cramer's rule.
        x = _determinant(_columns(p, 1, 2, 3)) / -whole
        y = _determinant(_columns(p, 0, 2, 3)) / whole
        z = _determinant(_columns(p, 0, 1, 3)) / -whole
        return x, y, z

    def field_of_view_deg(self) -> float:
        """Angle between the left and the right edge of the frame at half of its height, degrees."""
        middle = self.height / 2.0
        edges = self.undistort(np.array([[0.0, middle], [float(self.width), middle]]))
        to_ray = _inverse(_columns(self.projection, 0, 1, 2))
        if to_ray is None:  # refused on creation
            return math.nan
        left, right = (_apply(to_ray, float(u), float(v)) for u, v in edges)
        along = left[0] * right[0] + left[1] * right[1] + left[2] * right[2]
        return math.degrees(math.atan2(_length(_cross(left, right)), along))

    def scaled(self, x_scale: float, y_scale: float) -> "Pinhole":
        """The camera with frames of another size."""
        return Pinhole(
            self.projection * np.array([[x_scale], [y_scale], [1.0]]),
            round(self.width * x_scale),
            round(self.height * y_scale),
            None if self.lens is None else self.lens.scaled(x_scale, y_scale),
        )

    def bend_px(self) -> float:
        """How far the lens moves a pixel at the edge of the frame at most, px."""
        edge = _edge(self.width, self.height)
        return float(np.hypot(*(self.undistort(edge) - edge).T).max())

    def _farthest(self) -> float:
        """How far from its centre the lens is asked, as a tangent; checks that it can be."""
        if self.lens is None:
            return math.inf
        found = self.lens.undistort(_edge(self.width, self.height))
        if not np.isfinite(found).all():
            raise ValueError("lens: its distortion folds the edge of the frame onto itself")
        x, y = self.lens._normal(found)
        return float(np.hypot(x, y).max()) * _MARGIN

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def pinhole_of_homography(
    homography: Sequence[float],
    width: int,
    height: int,
    *,
    field_of_view_deg: float | None = None,
    up_m: float | None = None,
) -> Pinhole:
    """The camera with square pixels and its centre in the middle of the frame.

    Two axes of the floor that are at right angles and equally long show the focal length, unless
    the camera looks down on the floor. Then its height tells it, which is measured best, or else
    its field of view.

    Args:
        homography: Nine numbers, row by row: pixels to metres on the floor.
        width: Frame, px.
        height: Frame, px.
        field_of_view_deg: Angle between the left and the right edge, degrees; None if unknown.
        up_m: How high above the floor the camera hangs, m; None if unknown.

    Raises:
        ValueError: There is no such camera: it looks straight down and nothing tells the focal
            length, the axes do not fit, or it would be below the floor.
    """
    if len(homography) != 9:
        raise ValueError(f"homography: it has nine numbers, not {len(homography)}")
    if not all(math.isfinite(number) for number in homography):
        raise ValueError("homography: it has finite numbers only")
    try:
        rows = _rows_of(homography, width, height, field_of_view_deg, up_m)
    except (OverflowError, ZeroDivisionError) as error:
        raise ValueError("homography: its numbers are too large or too small") from error
    try:
        return Pinhole(np.array(rows), width, height)
    except ValueError as error:
        raise ValueError(f"homography: {str(error).partition(': ')[2]}") from error


def _rows_of(
    homography: Sequence[float],
    width: int,
    height: int,
    field_of_view_deg: float | None,
    up_m: float | None,
) -> list[tuple[float, ...]]:
    """The projection of the camera with square pixels, row by row."""
    a, b, c, d, e, f, g, h, i = (float(number) for number in homography)
    to_px = _inverse(((a, b, c), (d, e, f), (g, h, i)))
    if to_px is None:
        raise ValueError("homography: it is singular")
    if g * width / 2.0 + h * height + i < 0.0:
        to_px = _times(to_px, -1.0)
    cx, cy = width / 2.0, height / 2.0
    # The first two columns, both axes of the floor, from the middle of the frame.
    east, north = (
        (to_px[0][k] - cx * to_px[2][k], to_px[1][k] - cy * to_px[2][k], to_px[2][k])
        for k in range(2)
    )
    # With f2 the square of the focal length, both sums are zero: products of equal axes at right
    # angles. They are the parts of one complex number, so a turn of the floor changes nothing.
    skew = 2.0 * (east[0] * north[0] + east[1] * north[1])
    uneven = east[0] ** 2 + east[1] ** 2 - north[0] ** 2 - north[1] ** 2
    skew_w, uneven_w = 2.0 * east[2] * north[2], east[2] ** 2 - north[2] ** 2
    turn = east[2] ** 2 + north[2] ** 2
    size = east[0] ** 2 + east[1] ** 2 + north[0] ** 2 + north[1] ** 2
    f2 = 0.0
    if up_m is not None and up_m > 0.0:
        x, y, w = _apply(((a, b, c), (d, e, f), (g, h, i)), cx, cy)
        depth = to_px[2][0] * x / w + to_px[2][1] * y / w + to_px[2][2]
        f2 = _focal_2_at(up_m, depth, turn, size)
    elif field_of_view_deg is not None and field_of_view_deg < _WIDEST_DEG:
        f2 = (cx / math.tan(math.radians(field_of_view_deg) / 2.0)) ** 2
    # What is known counts where it makes the camera look down, and the axes agree with that.
    off = math.hypot(skew + f2 * skew_w, uneven + f2 * uneven_w)
    is_weak = 2.0 * f2 * turn < _WEAK_TILT * (size + f2 * turn)
    if f2 == 0.0 or not is_weak or off > _WORST_WEAK_FIT * (size + f2 * turn):
        if turn * width * width < _LEAST_TURN * size:
            raise ValueError(
                "homography: the camera looks straight down, which shows no focal length: give "
                "its location, its field_of_view_deg, or a projection"
            )
        f2 = -(skew * skew_w + uneven * uneven_w) / (turn * turn)
    if f2 <= 0.0:
        raise ValueError("homography: no camera with square pixels sees the floor so")
    focal = math.sqrt(f2)
    length = size + f2 * turn
    if math.hypot(skew + f2 * skew_w, uneven + f2 * uneven_w) > _WORST_FIT * length:
        raise ValueError("homography: no camera with square pixels sees the floor so")
    axis_x: Row = (east[0] / focal, east[1] / focal, east[2])
    axis_y: Row = (north[0] / focal, north[1] / focal, north[2])
    up = _cross(axis_x, axis_y)
    scale = math.sqrt((_length(axis_x) ** 2 + _length(axis_y) ** 2) / 2.0) / _length(up)
    up_px = (
        (focal * up[0] + cx * up[2]) * scale,
        (focal * up[1] + cy * up[2]) * scale,
        up[2] * scale,
    )
    return [(to_px[k][0], to_px[k][1], up_px[k], to_px[k][2]) for k in range(3)]


def _focal_2_at(up_m: float, depth: float, turn: float, size: float) -> float:
    """Square of the focal length of a camera that looks down from a height; 0 for none.

    With `L` the square of the length of the axes, the point in the middle of the frame is
    `depth / sqrt(L)` away and the sine of the angle to the vertical is `sqrt(turn / L)`, so that
    `up_m^2 = depth^2 (L - turn) / L^2`; the larger `L` is that of the steeper camera.
    """
    far2 = depth * depth
    inside = far2 * far2 - 4.0 * up_m * up_m * far2 * turn
    if inside < 0.0:
        return 0.0
    length2 = (far2 + math.sqrt(inside)) / (2.0 * up_m * up_m)
    left = 2.0 * length2 - turn
    return size / left if left > 0.0 else 0.0


def _edge(width: int, height: int) -> Points:
    """Eight points of the edge of a frame: corners and middles of the sides."""
    at = [(u, v) for u in (0.0, width / 2.0, width) for v in (0.0, height / 2.0, height)]
    return np.array([point for index, point in enumerate(at) if index != 4])


def _columns(matrix: NDArray[np.float64], *columns: int) -> Square:
    a, b, c = ([float(matrix[row, column]) for row in range(3)] for column in columns)
    return (a[0], b[0], c[0]), (a[1], b[1], c[1]), (a[2], b[2], c[2])


def _cross(a: Row, b: Row) -> Row:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _length(row: Row) -> float:
    return math.sqrt(row[0] ** 2 + row[1] ** 2 + row[2] ** 2)


def _determinant(m: Square) -> float:
    across = _cross(m[1], m[2])
    return m[0][0] * across[0] + m[0][1] * across[1] + m[0][2] * across[2]


def _is_singular(m: Square) -> bool:
    return abs(_determinant(m)) <= _SINGULAR * _length(m[0]) * _length(m[1]) * _length(m[2])


def _inverse(m: Square) -> Square | None:
    """The inverse of a matrix; None when it is singular."""
    if _is_singular(m):
        return None
    whole = _determinant(m)
    a, b, c = _cross(m[1], m[2]), _cross(m[2], m[0]), _cross(m[0], m[1])
    columns = ((a[0], b[0], c[0]), (a[1], b[1], c[1]), (a[2], b[2], c[2]))
    return _times(columns, 1.0 / whole)


def _times(m: Square, factor: float) -> Square:
    a, b, c = ((row[0] * factor, row[1] * factor, row[2] * factor) for row in m)
    return a, b, c


def _apply(m: Square, u: float, v: float) -> Row:
    x, y, w = (row[0] * u + row[1] * v + row[2] for row in m)
    return x, y, w
