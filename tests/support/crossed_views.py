"""Three cameras that look across one room from three sides, and the people who walk in it.

Every number is made from integers, so that it is the same on any machine, and nothing here comes
from the product. Lengths are millimetres in this module and metres in registry records; boxes are
in quarter pixels. The room is 8 m by 6 m, and its cameras hang 2.6 m high, 3 m behind the wall.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 800, 600
ROOM_MM = (8_000, 6_000)
VIEWS = 3
"""Cameras of a room."""

_FOCAL_PX = 400
_MOUNT_MM = 2_600
_RADIUS_MM = 270

Between = Callable[[int, int], int]
"""Draws an integer from a range, its ends included."""


class Walker(NamedTuple):
    """A person who walks to and fro between two points.

    Attributes:
        from_mm: One end of the way.
        to_mm: The other end.
        speed: Millimetres a second along the longer side of the way; 0 for who stays at `from_mm`.
        height_mm: Height.
        present_ms: Start and end of each time in the room.
    """

    from_mm: tuple[int, int]
    to_mm: tuple[int, int]
    speed: int
    height_mm: int
    present_ms: tuple[tuple[int, int], ...]

    def at(self, at_ms: int) -> tuple[int, int] | None:
        """Where the person is; None outside the room."""
        if not any(start <= at_ms < end for start, end in self.present_ms):
            return None
        (x, y), (to_x, to_y) = self.from_mm, self.to_mm
        way = max(abs(to_x - x), abs(to_y - y))
        if not way or not self.speed:
            return x, y
        gone = self.speed * at_ms // 1_000 % (2 * way)
        gone = min(gone, 2 * way - gone)
        return x + (to_x - x) * gone // way, y + (to_y - y) * gone // way


def projection(view: int, shift_mm: int = 0) -> list[float]:
    """Projection of a camera: floor metres to pixels, 12 numbers, row by row.

    Args:
        view: Number of the camera: 0 looks along +Y, 1 along -Y, 2 along +X.
        shift_mm: How far along the wall it hangs from where it is by default.
    """
    f, u, v, up = float(_FOCAL_PX), WIDTH / 2, HEIGHT / 2, _FOCAL_PX * _MOUNT_MM / 1e3
    side, back = _side_mm(view, shift_mm) / 1e3, _back_mm(view) / 1e3
    return {
        0: [f, u, 0, back * u - f * side, 0, v, -f, up + back * v, 0, 1, 0, back],
        1: [-f, -u, 0, back * u + f * side, 0, -v, -f, up + back * v, 0, -1, 0, back],
        2: [u, -f, 0, back * u + f * side, v, 0, -f, up + back * v, 1, 0, 0, back],
    }[view]


def boxes(
    people: Sequence[tuple[int, int, int]],
    view: int,
    between: Between,
    *,
    shift_mm: int = 0,
    noise: int = 6,
) -> Iterator[list[int]]:
    """Boxes of the people in a camera's picture, in quarter pixels: x_min, y_min, x_max, y_max.

    Args:
        people: `(x, y, height)` of each, mm.
        view: Number of the camera.
        between: Draws the detector's errors.
        shift_mm: Where the camera hangs; see `projection`.
        noise: Largest error of an edge, quarter pixels.
    """
    for x, y, height in people:
        depth, side = _seen_from(view, x, y, shift_mm)
        found = [
            (side - _RADIUS_MM) * 4 * _FOCAL_PX // depth + 2 * WIDTH,
            (_MOUNT_MM - height) * 4 * _FOCAL_PX // depth + 2 * HEIGHT,
            (side + _RADIUS_MM) * 4 * _FOCAL_PX // depth + 2 * WIDTH,
            _MOUNT_MM * 4 * _FOCAL_PX // depth + 2 * HEIGHT,
        ]
        x_min, y_min, x_max, y_max = (edge + between(-noise, noise) for edge in found)
        cut = [max(x_min, 0), max(y_min, 0), min(x_max, 4 * WIDTH), min(y_max, 4 * HEIGHT)]
        if cut[2] - cut[0] > 40 and cut[3] - cut[1] > 120:
            yield cut


def present(walkers: Sequence[Walker], at_ms: int) -> list[tuple[int, int, int]]:
    """`(x, y, height)` of everyone who is in the room at a time, mm."""
    positions = ((walker, walker.at(at_ms)) for walker in walkers)
    return [(*position, walker.height_mm) for walker, position in positions if position is not None]


def _side_mm(view: int, shift_mm: int) -> int:
    return (3_000 if view == 2 else 4_000) + shift_mm


def _back_mm(view: int) -> int:
    """What is added to the distance along the camera's axis to give the depth."""
    return 9_000 if view == 1 else 3_000


def _seen_from(view: int, x: int, y: int, shift_mm: int) -> tuple[int, int]:
    """Depth before a camera, and how far to the right of its axis, mm."""
    side, back = _side_mm(view, shift_mm), _back_mm(view)
    if view == 0:
        return y + back, x - side
    if view == 1:
        return back - y, side - x
    return x + back, side - y
