"""Find out whether two cameras of a floor disagree about where people are whom both see. Pure.

    tracks of two cameras -> mutual nearest people -> pieces of walks -> offset -> verdict

Only people who walk are compared, and only while both cameras see the same movement: two people who
sit beside each other, each seen by one camera, are no evidence. What is left of the offset once a
late clock is taken off it is what the calibrations are apart.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FAR_M: Final = 3.0
"""People further apart than this are two."""

_WALK_M: Final = 0.5
"""Length of a piece of a walk, m."""

_PIECE_US: Final = 3_000_000
"""Longest time for a piece; whoever takes longer stands, microseconds."""

_GAP_US: Final = 600_000
"""Longest time between two looks within a piece, microseconds."""

_ALIKE: Final = 0.5
"""Two cameras see the same movement when its ends differ by less than this share of it."""

_OF_ONE_WALK: Final = 8
"""At most this many pieces of one walk count."""

_SPREAD_M_S: Final = 0.3
"""With less spread of velocities than this, a late clock and an offset cannot be told apart."""

_MOST_LATE_S: Final = 2.0
"""A clock that is later is not taken for a late one."""


class Person(NamedTuple):
    """Somebody whom a camera sees.

    Attributes:
        track_id: Number of the track.
        x_m: Position, m.
        y_m: Position, m.
    """

    track_id: int
    x_m: float
    y_m: float


class View(NamedTuple):
    """What a camera sees at one moment.

    Attributes:
        at_us: Event time, UTC microseconds.
        people: Whom it sees.
    """

    at_us: int
    people: Sequence[Person]


class Piece(NamedTuple):
    """A piece of a walk that both cameras saw.

    Attributes:
        at_us: Its end, UTC microseconds of event time.
        walk: Track of each camera.
        offset: Where the second camera puts the person beyond the first, m.
        velocity: Velocity of the person, m/s.
    """

    at_us: int
    walk: tuple[int, int]
    offset: tuple[float, float]
    velocity: tuple[float, float]


class Apart(NamedTuple):
    """How far two cameras are apart.

    Attributes:
        distance_m: Median over the pieces of walks, without what a late clock explains, m.
        late_s: By how much the second camera's clock seems to be late, s; 0 when that is not known.
        pieces: Pieces of walks that it rests on.
        walks: Number of walks that they are of.
    """

    distance_m: float
    late_s: float
    pieces: int
    walks: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OverlapLimits:
    """When two cameras disagree.

    Attributes:
        limit_m: From this distance on they do, m.
        back_m: Below this distance they agree again, m.
        window_us: Pieces of walks that are older count no longer, microseconds.
        pieces: Fewest pieces for a verdict.
        walks: Fewest walks.
    """

    limit_m: float = 0.5
    back_m: float = 0.35
    window_us: int = 600_000_000
    pieces: int = 8
    walks: int = 2


@dataclass(slots=True)
class _Walk:
    """Somebody who is being watched by both cameras."""

    times: list[int] = field(default_factory=list)
    first: list[tuple[float, float]] = field(default_factory=list)
    second: list[tuple[float, float]] = field(default_factory=list)

    def add(self, first: View, second: View, one: Person, other: Person) -> None:
        self.times.append(max(first.at_us, second.at_us))
        late_s = (second.at_us - first.at_us) / 1e6
        moved = (0.0, 0.0)
        if late_s and len(self.times) > 1:  # both at the time of the first
            span_s = (self.times[-1] - self.times[0]) / 1e6
            moved = tuple(  # type: ignore[assignment]
                (now - then) / span_s * late_s
                for now, then in zip((one.x_m, one.y_m), self.first[0], strict=True)
            )
        self.first.append((one.x_m, one.y_m))
        self.second.append((other.x_m - moved[0], other.y_m - moved[1]))


class PairOfCameras:
    """Compares two cameras.

    Args:
        limits: When they disagree.
    """

    def __init__(self, limits: OverlapLimits) -> None:
        self._limits = limits
        self._walks: dict[tuple[int, int], _Walk] = {}
        self._pieces: deque[Piece] = deque()

    def compare(self, first: View, second: View) -> None:
        """Take what both see at nearly the same time.

        Args:
            first: View of the first camera, without people whom the second cannot see.
            second: View of the second, likewise.
        """
        at_us = max(first.at_us, second.at_us)
        going: dict[tuple[int, int], _Walk] = {}
        for one, other in mutual_nearest(first.people, second.people):
            key = one.track_id, other.track_id
            walk = self._walks.get(key)
            if walk is None or at_us - walk.times[-1] > _GAP_US:
                walk = _Walk()
            walk.add(first, second, one, other)
            going[key] = self._cut(key, walk)
        self._walks = going
        while self._pieces and at_us - self._pieces[0].at_us > self._limits.window_us:
            self._pieces.popleft()

    def _cut(self, key: tuple[int, int], walk: _Walk) -> _Walk:
        """Finish a piece that is long enough, and give what goes on."""
        first, second = np.array(walk.first), np.array(walk.second)
        steps = first[-1] - first[0], second[-1] - second[0]
        lengths = [float(np.hypot(*step)) for step in steps]
        span_us = walk.times[-1] - walk.times[0]
        if max(lengths) < _WALK_M and span_us <= _PIECE_US:
            return walk
        apart = float(np.hypot(*(steps[1] - steps[0])))
        if len(walk.times) >= 3 and min(lengths) > 0 and apart < _ALIKE * max(lengths):
            offset = np.median(second - first, axis=0)
            velocity = (steps[0] + steps[1]) / 2 / (span_us / 1e6)
            if max(lengths) >= _WALK_M:
                self._pieces.append(
                    Piece(
                        walk.times[-1],
                        key,
                        (float(offset[0]), float(offset[1])),
                        (float(velocity[0]), float(velocity[1])),
                    )
                )
        return _Walk(walk.times[-1:], walk.first[-1:], walk.second[-1:])

    def apart(self) -> Apart | None:
        """How far the cameras are apart; None while there is too little to say so."""
        counts: dict[tuple[int, int], int] = {}
        kept: list[Piece] = []
        for piece in reversed(self._pieces):  # the newest of each walk
            counts[piece.walk] = counts.get(piece.walk, 0) + 1
            if counts[piece.walk] <= _OF_ONE_WALK:
                kept.append(piece)
        if len(kept) < self._limits.pieces or len(counts) < self._limits.walks:
            return None
        offsets = np.array([piece.offset for piece in kept])
        velocities = np.array([piece.velocity for piece in kept])
        late_s = _late_s(offsets, velocities)
        rest = np.hypot(*(offsets - late_s * velocities).T)
        return Apart(float(np.median(rest)), late_s, len(kept), len(counts))


def _late_s(offsets: Floats, velocities: Floats) -> float:
    """The time by which an offset grows with velocity, s; 0 where that cannot be told."""
    spread = velocities - velocities.mean(axis=0)
    power = float((spread**2).sum())
    if power < len(offsets) * _SPREAD_M_S**2:
        return 0.0
    late_s = float((spread * (offsets - offsets.mean(axis=0))).sum()) / power
    return late_s if abs(late_s) <= _MOST_LATE_S else 0.0


def mutual_nearest(
    first: Sequence[Person], second: Sequence[Person]
) -> list[tuple[Person, Person]]:
    """People who are the nearest to each other, and near enough to be the same."""
    if not first or not second:
        return []
    a = np.array([(one.x_m, one.y_m) for one in first])
    b = np.array([(one.x_m, one.y_m) for one in second])
    distances = np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1])
    to_second, to_first = distances.argmin(axis=1), distances.argmin(axis=0)
    return [
        (first[row], second[column])
        for row, column in enumerate(to_second.tolist())
        if to_first[column] == row and distances[row, column] <= _FAR_M
    ]
