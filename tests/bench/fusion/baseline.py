"""A plain fusion to compare with: foot points, clustered over cameras, and Kalman filters.

It is what one writes first: the middle of a box's lower edge is put on the floor, points of
different cameras that are near each other are one person, and each person is a filter of constant
velocity that takes the nearest cluster. A person starts where two cameras agree. The distances
and times below are the best of twelve on the cmc recordings.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from scipy.optimize import linear_sum_assignment

Floats = np.ndarray

EDGE_PX = 3.0
"""A box that ends so near to the lower edge of the picture does not show the feet."""

TOGETHER_M = 1.0
"""Points of two cameras that are nearer are of one person."""

GATE_M = 0.6
"""A filter takes no cluster that is farther from where it expects its person."""

FOOT_SD_M, PUSH_M_S2 = 0.25, 1.0
BIRTH_HITS = 2
KEEP_S = 0.5


class CameraView(Protocol):
    """What is known of a camera."""

    @property
    def projection(self) -> Floats: ...

    @property
    def height(self) -> int: ...


class Boxes(Protocol):
    """What a camera shows."""

    @property
    def camera(self) -> int: ...

    @property
    def boxes(self) -> Floats: ...


class Person(NamedTuple):
    """A person on the floor, metres."""

    id: int
    x_m: float
    y_m: float


@dataclass
class _Filter:
    mean: Floats
    spread: Floats
    hits: int = 1
    seen_us: int = 0
    id: int = 0


@dataclass
class Baseline:
    """Foot points, clusters, Kalman filters."""

    cameras: Sequence[CameraView]
    _filters: list[_Filter] = field(default_factory=list)
    _newest: int = 0
    _last_us: int | None = None

    def step(self, time_us: int, frames: Sequence[Boxes]) -> list[Person]:
        """The people after the frames of one time."""
        past_s = 0.0 if self._last_us is None else (time_us - self._last_us) / 1e6
        self._last_us = time_us
        for one in self._filters:
            _predict(one, past_s)
        clusters, views = _clusters([self._feet(frame) for frame in frames])
        taken = self._match(clusters, time_us)
        for number, cluster in enumerate(clusters):
            if number not in taken and views[number] >= min(2, len(self.cameras)):
                spread = np.diag([FOOT_SD_M**2] * 2 + [1.0] * 2)
                self._filters.append(_Filter(np.array([*cluster, 0, 0]), spread, 1, time_us))
        kept = [one for one in self._filters if (time_us - one.seen_us) / 1e6 <= KEEP_S]
        self._filters = [one for one in kept if one.id or one.hits > 1 or one.seen_us == time_us]
        for one in self._filters:
            if one.id == 0 and one.hits >= BIRTH_HITS:
                self._newest += 1
                one.id = self._newest
        return [
            Person(one.id, float(one.mean[0]), float(one.mean[1]))
            for one in sorted(self._filters, key=lambda one: one.id)
            if one.id
        ]

    def _match(self, clusters: Floats, time_us: int) -> set[int]:
        if not self._filters or not len(clusters):
            return set()
        means = np.array([one.mean[:2] for one in self._filters])
        apart = np.linalg.norm(means[:, None] - clusters[None], axis=2)
        rows, columns = linear_sum_assignment(np.minimum(apart, 2 * GATE_M))
        taken = set()
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if apart[row, column] < GATE_M:
                _update(self._filters[row], clusters[column], time_us)
                taken.add(column)
        return taken

    def _feet(self, frame: Boxes) -> Floats:
        camera = self.cameras[frame.camera]
        boxes = frame.boxes[frame.boxes[:, 3] < camera.height - EDGE_PX]
        feet = np.column_stack([boxes[:, ::2].mean(1), boxes[:, 3], np.ones(len(boxes))])
        to_px = camera.projection[:, [0, 1, 3]]
        floor = feet @ np.linalg.inv(to_px).T
        floor = floor[:, :2] / floor[:, 2:]
        ahead = np.column_stack([floor, np.ones(len(floor))]) @ to_px[2] > 0
        return np.asarray(floor[ahead])


def _predict(one: _Filter, past_s: float) -> None:
    move = np.eye(4)
    move[0, 2] = move[1, 3] = past_s
    push = np.array([past_s**2 / 2, past_s**2 / 2, past_s, past_s]) * PUSH_M_S2
    noise = np.zeros((4, 4))
    for a, b in ((0, 2), (1, 3)):
        noise[np.ix_((a, b), (a, b))] = np.outer(push[[a, b]], push[[a, b]])
    one.mean = move @ one.mean
    one.spread = move @ one.spread @ move.T + noise


def _update(one: _Filter, point: Floats, time_us: int) -> None:
    gain = one.spread[:, :2] @ np.linalg.inv(one.spread[:2, :2] + FOOT_SD_M**2 * np.eye(2))
    one.mean = one.mean + gain @ (point - one.mean[:2])
    one.spread = one.spread - gain @ one.spread[:2]
    one.hits += 1
    one.seen_us = time_us


def _clusters(feet: list[Floats]) -> tuple[Floats, list[int]]:
    """Middles of points that are near each other, at most one of each camera.

    Returns:
        Middles, shape `(N, 2)`, and how many cameras have a point there.
    """
    points = np.vstack([np.empty((0, 2)), *feet])
    counts = [len(some) for some in feet]
    camera = np.repeat(np.arange(len(feet)), counts)
    groups = [[number] for number in range(len(points))]
    of = list(range(len(points)))
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    rows, columns = np.nonzero(np.triu(apart < TOGETHER_M, 1))
    for pair in np.argsort(apart[rows, columns], kind="stable").tolist():
        one, other = of[int(rows[pair])], of[int(columns[pair])]
        both = groups[one] + groups[other]
        if one == other or len(set(camera[both].tolist())) < len(both):
            continue
        groups[one], groups[other] = both, []
        for member in both:
            of[member] = one
    groups = [group for group in groups if group]
    middles = [points[group].mean(axis=0) for group in groups]
    return np.array(middles).reshape(-1, 2), [len(group) for group in groups]
