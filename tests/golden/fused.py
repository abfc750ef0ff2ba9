"""The room of the goldens' fused floor: who is in it, and how its three cameras fail.

Half a minute each of three people who walk, of one who is hidden and seen again, of one who takes
the corridor, of a false person next to a real one, and of two who come together and part.
"""

from collections.abc import Iterator

from tests.support import crossed_views
from tests.support.crossed_views import Between, Walker

STARTS_MS, ENDS_MS, FRAME_MS = 200_000, 400_000, 200

MOVED_VIEW, MOVED_MM, MOVED_S = 0, 500, 320
"""A camera that is hung elsewhere, how far along the wall, and when, seconds."""

AWAY_VIEW, AWAY_S = 2, (260, 272)
"""A camera that is removed and registered again, and when, seconds."""

SILENT_S = {
    "f9-c1": [(340, 352)],
    "f9-c2": [(290, 297), (340, 352)],
    "f9-c3": [(265, 277), (340, 352)],
}
"""Start and end of each camera's silence, seconds: one camera alone, and then the whole floor.

A camera stops as its removal is visible, and goes on as its next version is.
"""

LATE_S, LATE_MS = {"f9-c2": (230, 236)}, 3_500
"""When a camera's frames come after their ticks have closed, seconds, and by how much, ms."""

CORRIDOR = {
    "name": "corridor",
    "from_x_m": 6.5,
    "from_y_m": 1.0,
    "to_x_m": 1.0,
    "to_y_m": 5.0,
    "radius_m": 1.25,
    "min_s": 1.0,
    "max_s": 10.0,
}

_ALWAYS = ((0, ENDS_MS),)
_WALKERS = (
    Walker((1_000, 1_500), (7_000, 4_500), 900, 1_750, _ALWAYS),
    Walker((6_500, 2_500), (1_500, 5_000), 700, 1_620, _ALWAYS),
    Walker((2_000, 1_000), (2_500, 5_200), 450, 1_830, _ALWAYS),
    # Hidden for a while, time and again.
    Walker((5_200, 3_400), (5_200, 3_400), 0, 1_700, ((205_000, 214_000), (218_000, 303_500))),
    Walker((5_200, 3_400), (5_200, 3_400), 0, 1_700, ((306_000, 330_000), (334_000, 366_000))),
    # Nobody, next to the one before.
    Walker((5_900, 3_700), (5_900, 3_700), 0, 1_650, ((222_000, 223_600), (302_000, 303_200))),
    Walker((5_900, 3_700), (5_900, 3_700), 0, 1_650, ((310_000, 311_800), (322_000, 323_000))),
    # Through the corridor.
    Walker((6_500, 1_000), (6_500, 1_000), 0, 1_800, ((240_000, 250_000), (300_000, 305_000))),
    Walker((1_000, 5_000), (1_000, 5_000), 0, 1_800, ((253_000, 258_000), (308_500, 316_000))),
    # Out of the shadow of the first one.
    Walker((4_000, 800), (4_000, 3_200), 800, 1_680, ((225_000, 246_000), (312_000, 335_000))),
)

_FALSE = (5, 6)


def positions(at_ms: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Number and position, mm, of everybody who is in the room, false people left out."""
    for number, walker in enumerate(_WALKERS):
        position = walker.at(at_ms)
        if position is not None and number not in _FALSE:
            yield number, position


def boxes(view: int, at_ms: int, between: Between) -> Iterator[list[int]]:
    """Boxes in a camera's picture, in quarter pixels: x_min, y_min, x_max, y_max."""
    moved = view == MOVED_VIEW and at_ms >= MOVED_S * 1_000
    people = crossed_views.present(_WALKERS, at_ms)
    yield from crossed_views.boxes(people, view, between, shift_mm=MOVED_MM if moved else 0)
