"""What a detector makes of people in a camera's picture.

A body is a set of points: head, shoulders, hands, hips, feet, and they swing as it walks. Its box
spans their pixels. Who stands nearer, and a desk, covers who is behind, cell by cell of the box;
a detector finds a person more often the more is seen; its box ends where what is seen
ends, and of two boxes that nearly coincide one is left.

The errors are fitted to the Faster R-CNN boxes of the cmc recordings against upright ellipsoids at
the true positions: an edge is off by 0.06 (left, right), 0.02 (top) and 0.045 (bottom) of the
box's height, half of it anew in each frame and half for a second or two; a person that nobody
covers is found in 98 of 100 frames, one covered to 60 % in 86, to 80 % in 70, to 90 % in 50; and
where the lower half is covered, the box ends at what covers it in most frames.
"""

from dataclasses import dataclass

import numpy as np

from tests.bench.fusion.plans import Camera, Plan
from tests.bench.fusion.walkers import DESK_M, Walks

Floats = np.ndarray

COLUMNS, ROWS = 8, 16
"""Cells in which the covered part of a box is measured."""

NEAREST_M = 0.3
"""What is nearer to the camera's plane is not in its picture."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of the detector.

    Attributes:
        edges: Standard deviation of each edge beyond what limbs do, in box heights: left, top,
            right, bottom.
        lasting: Share of an edge's variance that lasts.
        lasting_s: How long, seconds (time constant).
        found: Chance that a person is found whom nobody covers.
        whole: Chance that the box of a person who is partly covered shows the whole person.
        false_boxes: False boxes for each frame.
        same: Boxes with a larger overlap (IoU) are taken for one.
        farthest_m: People farther away are not found.
    """

    edges: tuple[float, float, float, float] = (0.05, 0.02, 0.05, 0.03)
    lasting: float = 0.65
    lasting_s: float = 1.5
    found: float = 0.995
    whole: float = 0.5
    false_boxes: float = 0.1
    same: float = 0.6
    farthest_m: float = 18.0


@dataclass(frozen=True, slots=True)
class Shown:
    """The boxes of one frame of one camera.

    Attributes:
        boxes: Shape `(N, 4)`, `(x_min, y_min, x_max, y_max)`, px.
        scores: Shape `(N,)`, 0 to 1.
        people: Who each box is, -1 for a false one; for looking at results, not for a tracker.
    """

    boxes: Floats
    scores: Floats
    people: Floats


def body(heading: Floats, phase: Floats, wide: Floats, height: Floats, seated: Floats) -> Floats:
    """Points of bodies relative to where they stand, metres, shape `(N, K, 3)`."""
    count = len(heading)
    swing = np.sin(phase) * wide
    zero, one = np.zeros(count), np.ones(count)
    standing = [
        *((f, s, 0.985) for f in (-0.06, 0.06) for s in (-0.06, 0.06)),
        *((f, s, 0.93) for f in (-0.10, 0.10) for s in (-0.08, 0.08)),
        *((f, s, 0.81) for f in (-0.09, 0.09) for s in (-0.23, 0.23)),
        *((f, s, 0.53) for f in (-0.12, 0.12) for s in (-0.18, 0.18)),
        *((f, s, 0.0) for f in (-0.10, 0.15) for s in (-0.11, 0.11)),
        *((0.0, s, z) for s in (-0.27, 0.27) for z in (0.62, 0.45)),
    ]
    ahead = np.array([f for f, _, _ in standing]) * one[:, None]
    beside = np.array([s for _, s, _ in standing]) * one[:, None]
    up = np.array([z for _, _, z in standing]) * height[:, None]
    side = np.sign(beside)
    feet = np.array([z == 0.0 for _, _, z in standing])
    hands = np.array([s in (-0.27, 0.27) for _, s, _ in standing])
    ahead = ahead + side * (feet * 0.32 - hands * 0.22) * swing[:, None]
    sits = seated[:, None]
    up = np.where(sits & ~feet, np.maximum(up - 0.27 * height[:, None], 0.3), up)
    ahead = np.where(sits & feet, ahead + 0.4, np.where(sits & hands, ahead + 0.3, ahead))
    c, s = np.cos(heading)[:, None], np.sin(heading)[:, None]
    return np.stack([c * ahead - s * beside, s * ahead + c * beside, up + zero[:, None]], axis=2)


class Detector:
    """The detector of one camera, frame after frame."""

    def __init__(
        self, plan: Plan, camera: Camera, errors: Errors, people: int, random: np.random.Generator
    ) -> None:
        self._plan = plan
        self._camera = camera
        self._errors = errors
        self._random = random
        self._edges = random.normal(size=(people, 4))
        self._luck = random.normal(size=people)
        self._whole = random.normal(size=people)
        self._ghosts = self._ghost_boxes(2)

    def detect(self, walks: Walks, frame: int, past_s: float) -> Shown:
        """The boxes of a frame, `past_s` seconds after the one before."""
        self._age(past_s)
        here = np.flatnonzero(walks.there[frame])
        points = walks.points[frame, here]
        away = np.linalg.norm(points - self._camera.position[:2], axis=1)
        near = np.flatnonzero(away < self._errors.farthest_m)
        near = near[self._plan.sees(self._camera, points[near])]
        here, points, away = here[near], points[near], away[near]
        spans, before = self._spans(walks, frame, here, points)
        here, spans, away = here[before], spans[before], away[before]
        behind = self._behind_desks(walks, frame, here)
        shown, parts = self._covered(spans, away, behind)
        found = self._found(here, shown, spans)
        boxes = self._boxes(here, spans, parts)
        keep = found & (np.minimum(boxes[:, 2:] - boxes[:, :2], 1e9).min(axis=1) > 4.0)
        boxes, shown, here = boxes[keep], shown[keep], here[keep]
        scores = np.clip(
            0.35 + 0.62 * np.sqrt(shown) + self._random.normal(0, 0.06, len(here)), 0.05, 0.999
        )
        boxes, scores, people = self._with_false(boxes, scores, here)
        alone = _suppressed(boxes, scores, self._errors.same)
        return Shown(boxes[alone], scores[alone], people[alone])

    def _age(self, past_s: float) -> None:
        """Let the lasting errors drift."""
        keep = np.exp(-past_s / self._errors.lasting_s)
        fresh = np.sqrt(1 - keep**2)
        self._edges = keep * self._edges + fresh * self._random.normal(size=self._edges.shape)
        self._luck = keep * self._luck + fresh * self._random.normal(size=self._luck.shape)
        self._whole = keep * self._whole + fresh * self._random.normal(size=self._whole.shape)

    def _spans(
        self, walks: Walks, frame: int, here: Floats, points: Floats
    ) -> tuple[Floats, Floats]:
        """Boxes of whole bodies, not yet cut by the picture, and which of them are in it."""
        bodies = body(
            walks.headings[frame, here],
            walks.strides[frame, here],
            walks.widths[frame, here],
            walks.heights[here],
            walks.seated[here],
        )
        bodies[:, :, :2] += points[:, None, :]
        rows = self._camera.true_projection
        depth = bodies @ rows[2, :3] + rows[2, 3]
        ahead = (depth > NEAREST_M).all(axis=1)
        depth = np.maximum(depth, NEAREST_M)
        u = (bodies @ rows[0, :3] + rows[0, 3]) / depth
        v = (bodies @ rows[1, :3] + rows[1, 3]) / depth
        spans = np.column_stack([u.min(1), v.min(1), u.max(1), v.max(1)])
        inside = (spans[:, 0] < self._camera.width) & (spans[:, 2] > 0)
        inside &= (spans[:, 1] < self._camera.height) & (spans[:, 3] > 0)
        return spans, ahead & inside

    def _behind_desks(self, walks: Walks, frame: int, here: Floats) -> Floats:
        """Which cells of each body a desk hides, shape `(N, ROWS, COLUMNS)`."""
        hidden = np.zeros((len(here), ROWS, COLUMNS), dtype=bool)
        desks = walks.desks
        eye = self._camera.position
        beside = 0.6 * ((np.arange(COLUMNS) + 0.5) / COLUMNS - 0.5)
        for number, person in enumerate(here.tolist()):
            at = walks.points[frame, person]
            near = desks[np.linalg.norm(desks[:, :2] - at, axis=1) < 2.0]
            if not len(near):
                continue
            tall = walks.heights[person] * (0.73 if walks.seated[person] else 1.0)
            up = tall * (1.0 - (np.arange(ROWS) + 0.5) / ROWS)
            ahead = (at - eye[:2]) / np.linalg.norm(at - eye[:2])
            cells = np.zeros((ROWS, COLUMNS, 3))
            cells[:, :, :2] = at + beside[None, :, None] * np.array([-ahead[1], ahead[0]])
            cells[:, :, 2] = up[:, None]
            for desk in near:
                hidden[number] |= _desk_between(eye, cells, desk)
        return hidden

    def _covered(self, spans: Floats, away: Floats, behind: Floats) -> tuple[Floats, Floats]:
        """What share of each body is seen, and the box around that part.

        Returns:
            Shares, shape `(N,)`, and boxes, shape `(N, 4)`; a body of which nothing is seen has an
            empty one.
        """
        count = len(spans)
        size = spans[:, 2:] - spans[:, :2]
        across = (np.arange(COLUMNS) + 0.5) / COLUMNS
        down = (np.arange(ROWS) + 0.5) / ROWS
        x = spans[:, 0, None, None] + size[:, 0, None, None] * across[None, None, :]
        y = spans[:, 1, None, None] + size[:, 1, None, None] * down[None, :, None]
        x, y = np.broadcast_arrays(x, y)
        own = _silhouette(across[None, :], down[:, None])
        seen = np.broadcast_to(own, (count, ROWS, COLUMNS)) & ~behind
        in_picture = (x >= 0) & (x < self._camera.width) & (y >= 0) & (y < self._camera.height)
        for nearer in range(count):
            meets = away > away[nearer] + 1e-9
            meets &= (spans[:, 0] < spans[nearer, 2]) & (spans[:, 2] > spans[nearer, 0])
            meets &= (spans[:, 1] < spans[nearer, 3]) & (spans[:, 3] > spans[nearer, 1])
            others = np.flatnonzero(meets)
            if len(others):
                u = (x[others] - spans[nearer, 0]) / size[nearer, 0]
                v = (y[others] - spans[nearer, 1]) / size[nearer, 1]
                seen[others] &= ~_silhouette(u, v)
        # What the picture cuts off hides a person less than what covers it: a head is enough.
        share = (seen & in_picture).sum(axis=(1, 2)) / np.maximum(
            1, own.sum() - 0.5 * (own & ~in_picture).sum(axis=(1, 2))
        )
        seen &= in_picture
        rows = seen.sum(axis=2) >= 3
        columns = seen.sum(axis=1) >= 2
        parts = np.zeros((count, 4))
        some = rows.any(axis=1) & columns.any(axis=1)
        for axis, cells, taken in ((1, ROWS, rows), (0, COLUMNS, columns)):
            first = taken.argmax(axis=1) / cells
            last = 1.0 - taken[:, ::-1].argmax(axis=1) / cells
            parts[:, axis] = spans[:, axis] + size[:, axis] * first
            parts[:, axis + 2] = spans[:, axis] + size[:, axis] * last
        parts[~some] = 0.0
        return np.where(some, share, 0.0), parts

    def _found(self, here: Floats, shown: Floats, spans: Floats) -> Floats:
        """Who is found: more often the more is seen; luck lasts for a while."""
        best = self._errors.found
        chance = np.interp(
            shown,
            [0.0, 0.03, 0.08, 0.2, 0.4, 0.7, 1.0],
            [0, 0.4, 0.75, 0.9, 0.96, 0.96 * best, best],
        )
        height = spans[:, 3] - spans[:, 1]
        chance = chance * np.clip((height - 15.0) / 45.0, 0.0, 1.0)
        luck = 0.7 * self._luck[here] + np.sqrt(1 - 0.49) * self._random.normal(size=len(here))
        return np.asarray(luck < _normal_quantile(chance))

    def _boxes(self, here: Floats, spans: Floats, parts: Floats) -> Floats:
        """Boxes with their errors, cut by the picture."""
        whole = self._whole[here] < _normal_quantile(np.full(len(here), self._errors.whole))
        boxes = np.where(whole[:, None], spans, parts)
        errors = self._errors
        once = self._random.normal(size=boxes.shape)
        noise = np.sqrt(1 - errors.lasting) * once + np.sqrt(errors.lasting) * self._edges[here]
        height = (spans[:, 3] - spans[:, 1])[:, None]
        boxes = boxes + noise * np.asarray(errors.edges) * height
        return self._cut(boxes)

    def _cut(self, boxes: Floats) -> Floats:
        limit = [self._camera.width, self._camera.height] * 2
        return np.asarray(np.round(np.clip(boxes, 0.0, limit), 2))

    def _with_false(
        self, boxes: Floats, scores: Floats, people: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Add boxes of what is no person: half of them always in the same spots."""
        rate = self._errors.false_boxes / 2
        lasting = self._ghosts[self._random.random(len(self._ghosts)) < rate / len(self._ghosts)]
        false = np.vstack([lasting, self._ghost_boxes(int(self._random.poisson(rate)))])
        sure = self._random.uniform(0.3, 0.8, len(false))
        return (
            np.vstack([boxes, false]),
            np.concatenate([scores, sure]),
            np.concatenate([people, np.full(len(false), -1)]).astype(int),
        )

    def _ghost_boxes(self, count: int) -> Floats:
        random, width, height = self._random, self._camera.width, self._camera.height
        tall = random.uniform(0.1, 0.45, count) * height
        wide = tall * random.uniform(0.3, 0.8, count)
        x, y = random.uniform(0, width - wide), random.uniform(0, height - tall)
        return np.round(np.column_stack([x, y, x + wide, y + tall]), 2)


def _desk_between(eye: Floats, cells: Floats, desk: Floats) -> Floats:
    """Whether the way from the camera to each cell leads through a desk; shape of the cells."""
    c, s = np.cos(desk[2]), np.sin(desk[2])
    turn = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    middle = np.array([desk[0], desk[1], DESK_M[2] / 2])
    start = turn @ (eye - middle)
    way = (cells - middle) @ turn.T - start
    way = np.where(np.abs(way) < 1e-9, 1e-9, way)
    half = np.asarray(DESK_M) / 2
    one, other = (-half - start) / way, (half - start) / way
    enter = np.minimum(one, other).max(axis=2)
    leave = np.maximum(one, other).min(axis=2)
    return np.asarray((enter < leave) & (enter > 0.0) & (enter < 1.0))


def _silhouette(across: Floats, down: Floats) -> Floats:
    """Which places of a box, from 0 to 1 each way, the body fills: a head, and a trunk below."""
    half = np.where(down < 0.15, 0.25, 0.45)
    return np.asarray((np.abs(across - 0.5) < half) & (down >= 0.0) & (down <= 1.0))


def _suppressed(boxes: Floats, scores: Floats, same: float) -> Floats:
    """The boxes that are left when of two that coincide the worse goes, in rising order."""
    kept: list[int] = []
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    for one in np.argsort(-scores, kind="stable").tolist():
        if kept:
            others = boxes[kept]
            low = np.maximum(others[:, :2], boxes[one, :2])
            high = np.minimum(others[:, 2:], boxes[one, 2:])
            both = np.prod(np.clip(high - low, 0, None), axis=1)
            if (both > same * (area[kept] + area[one] - both)).any():
                continue
        kept.append(one)
    return np.array(sorted(kept), dtype=int)


def _normal_quantile(chance: Floats) -> Floats:
    """Where the standard normal distribution has these chances below it."""
    grid = np.linspace(-4.0, 4.0, 801)
    below = np.cumsum(np.exp(-(grid**2) / 2))
    below /= below[-1]
    return np.where(chance <= 0, -9.0, np.where(chance >= 1, 9.0, np.interp(chance, below, grid)))
