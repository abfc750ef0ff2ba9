"""Made-up detections from ground truth: what a detector of middling quality would have given.

The model, per sequence and seed; times in seconds, so that thinning a sequence thins the same
detections:

- Occlusion. A person is seen to the share `visibility` that the ground truth notes.
- Quality. Each person has a hidden quality `q`, a mean-reverting Gaussian process (Ornstein and
  Uhlenbeck; standard deviation 1, correlation time 0.4 s), so that misses come in runs.
- Score. `sigmoid(2.2 + 1.1 q - 5.5 (1 - visibility))`: 0.90 on average in the clear, 0.37 at half
  occlusion, 0.04 when hidden. A person further than 40 px of height below 60 px loses up to 2 more.
- Misses. A person is detected with probability `clip(2 score, 0, 0.98)`.
- Jitter. Each edge moves by a Gaussian of 4 % of the box's height (top, bottom) or width (left,
  right), growing to 10 % when hidden; half of its variance is white and half follows a process of
  correlation time 0.4 s.
- Non-maximum suppression at an overlap of 0.65: of two people's boxes the lower score is lost.
- Random false positives: Poisson, 0.4 a frame, a random person's size anywhere a person's foot has
  been, score from Beta(2, 4).
- Sticky false positives: three places per sequence, on for 6 s and off for 6 s on average, fire in
  60 % of frames while on, with jitter of 3 % and score from Beta(4, 4).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.datasets.motchallenge import NO_ID, PEDESTRIAN, BoxTable, table
from models.detectors.boxes import iou

CORRELATION_S = 0.4
NMS_IOU = 0.65
RANDOM_PER_FRAME = 0.4
STICKY_SPOTS = 3
STICKY_S = 6.0
STICKY_RATE = 0.6

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class People:
    """Ground truth with visibility; rows by frame, then id.

    Attributes:
        boxes: Frames, ids and boxes.
        visibility: Share of each box that can be seen, shape `(N,)`.
    """

    boxes: BoxTable
    visibility: Floats


def read_people(path: Path) -> People:
    """Read the pedestrians of a MOT16 or later `gt.txt`, with their visibility."""
    rows = np.loadtxt(path, delimiter=",", ndmin=2)
    rows = rows[(rows[:, 6] != 0) & (rows[:, 7] == PEDESTRIAN)]
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    corners = np.hstack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
    boxes = table(rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), corners, rows[:, 6])
    return People(boxes, rows[:, 8])


def noisy_detections(people: People, fps: float, frames: int, seed: int) -> BoxTable:
    """Detections of every frame.

    Args:
        people: The ground truth.
        fps: Frames per second.
        frames: Number of frames.
        seed: The same seed gives the same detections.

    Returns:
        Boxes with scores from 0 to 1.
    """
    random = np.random.default_rng(seed)
    decay = float(np.exp(-1.0 / (fps * CORRELATION_S)))
    parts = [
        _of_people(people, decay, random),
        _random_boxes(people.boxes, frames, random),
        _sticky_boxes(people.boxes, fps, frames, random),
    ]
    numbers = np.concatenate([part[0] for part in parts]).astype(np.int64)
    boxes = np.concatenate([part[1] for part in parts])
    scores = np.concatenate([part[2] for part in parts])
    return table(numbers, np.full(len(numbers), NO_ID), boxes.round(3), scores.round(4))


_Part = tuple[Floats, Floats, Floats]


def score_of(visibility: Floats, quality: Floats, height: Floats) -> Floats:
    """Score of each detection from what can be seen of the person."""
    small = np.clip((60.0 - height) / 20.0, 0.0, 2.0)
    return np.asarray(
        1.0 / (1.0 + np.exp(-(2.2 + 1.1 * quality - 5.5 * (1.0 - visibility) - small)))
    )


def _process(
    frames: NDArray[np.int64], columns: int, decay: float, random: np.random.Generator
) -> Floats:
    """A mean-reverting Gaussian process of standard deviation 1, at rising frames."""
    values = np.empty((len(frames), columns))
    value = random.normal(size=columns)
    before = frames[0]
    for row, frame in enumerate(frames):
        kept = decay ** int(frame - before)
        value = kept * value + np.sqrt(1.0 - kept * kept) * random.normal(size=columns)
        values[row] = value
        before = frame
    return values


def _of_people(people: People, decay: float, random: np.random.Generator) -> _Part:
    truth = people.boxes
    hidden = np.empty((len(truth), 5))
    for person in np.unique(truth.ids):
        rows = np.flatnonzero(truth.ids == person)
        hidden[rows] = _process(truth.frames[rows], 5, decay, random)
    size = truth.boxes[:, 2:] - truth.boxes[:, :2]
    scores = score_of(people.visibility, hidden[:, 0], size[:, 1])
    found = random.random(len(truth)) < np.clip(2.0 * scores, 0.0, 0.98)
    spread = 0.04 + 0.06 * (1.0 - people.visibility)
    shake = (hidden[:, 1:] + random.normal(size=(len(truth), 4))) / np.sqrt(2.0)
    boxes = truth.boxes + shake * spread[:, None] * np.tile(size, 2)
    found &= (boxes[:, 2:] > boxes[:, :2] + 1.0).all(axis=1)
    kept = np.flatnonzero(found)
    kept = kept[_survives(truth.frames[kept], boxes[kept], scores[kept])]
    return truth.frames[kept].astype(np.float64), boxes[kept], scores[kept]


def _survives(frames: NDArray[np.int64], boxes: Floats, scores: Floats) -> NDArray[np.bool_]:
    """Greedy non-maximum suppression within each frame."""
    stays = np.ones(len(frames), dtype=bool)
    for frame in np.unique(frames):
        rows = np.flatnonzero(frames == frame)
        overlaps = iou(boxes[rows], boxes[rows]) > NMS_IOU
        for row in np.argsort(-scores[rows], kind="stable"):
            if stays[rows[row]]:
                beaten = rows[overlaps[row] & (scores[rows] < scores[rows[row]])]
                stays[beaten] = False
    return stays


def _somewhere(truth: BoxTable, random: np.random.Generator, count: int) -> Floats:
    """Boxes of random people's sizes, standing where other people have stood."""
    one, other = random.integers(len(truth), size=(2, count))
    size = truth.boxes[one, 2:] - truth.boxes[one, :2]
    foot_x = (
        truth.boxes[other, [0]].reshape(-1) if count == 0 else truth.boxes[other][:, ::2].mean(1)
    )
    foot_y = truth.boxes[other, 3]
    return np.column_stack(
        [foot_x - size[:, 0] / 2, foot_y - size[:, 1], foot_x + size[:, 0] / 2, foot_y]
    )


def _random_boxes(truth: BoxTable, frames: int, random: np.random.Generator) -> _Part:
    numbers = np.repeat(np.arange(1, frames + 1), random.poisson(RANDOM_PER_FRAME, frames))
    boxes = _somewhere(truth, random, len(numbers))
    return numbers.astype(np.float64), boxes, random.beta(2, 4, len(numbers))


def _sticky_boxes(truth: BoxTable, fps: float, frames: int, random: np.random.Generator) -> _Part:
    numbers, boxes = [], []
    for spot in _somewhere(truth, random, STICKY_SPOTS):
        size = np.tile(spot[2:] - spot[:2], 2)
        on = bool(random.random() < 0.5)
        for frame in range(1, frames + 1):
            if random.random() < 1.0 / (fps * STICKY_S):
                on = not on
            if on and random.random() < STICKY_RATE:
                numbers.append(frame)
                boxes.append(spot + 0.03 * size * random.normal(size=4))
    return (
        np.array(numbers, dtype=np.float64),
        np.array(boxes).reshape(-1, 4),
        random.beta(4, 4, len(numbers)),
    )
