"""The sequences that trackers are scored on, at their own rate and thinned.

A sequence is one scene with one set of detections, before a fixed camera or a moving one.
"""

from collections.abc import Sequence as Listing
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from models.datasets.motchallenge import BoxTable
from models.datasets.thinning import thin
from models.evaluation.distractors import without_distracted
from tests.bench.tracking.floor import FloorPlan

RATES: tuple[int | None, ...] = (None, 10, 5)
"""Frames per second that sequences are thinned to; None leaves them as they are."""

Mount = Literal["fixed", "moving"]

MOUNTS: tuple[Mount, ...] = ("fixed", "moving")
"""Fixed cameras come first, and are never pooled with moving ones."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """One scene with one detector.

    Attributes:
        name: Scene and detector; the draws of made-up detections share it.
        scene: What the folds are made of.
        fps: Frames per second of the file; frame `n` is at `(n - 1) / fps` s.
        every: Only each `every`-th frame is there; frames keep the file's numbers.
        frames: Number of frames of the file.
        size: Width and height of the picture, px.
        truth: The people; on the floor where there is a plan of it.
        detections: Scores from 0 to 1.
        mount: How the camera is mounted.
        seed: Number of the draw of made-up detections; 0 for real ones.
        uncounted: All annotations, and which of them are distractors, where there are any.
        plan: Where boxes stand on the floor, for scenes that are scored there.
    """

    name: str
    scene: str
    fps: float
    every: int
    frames: int
    size: tuple[int, int]
    truth: BoxTable
    detections: BoxTable
    mount: Mount = "fixed"
    seed: int = 0
    uncounted: tuple[BoxTable, np.ndarray] | None = None
    plan: FloorPlan | None = None

    @property
    def rate(self) -> float:
        """Frames per second that are there."""
        return self.fps / self.every

    def scored(self, tracks: BoxTable) -> BoxTable:
        """What of a tracker's results is compared with the truth."""
        if self.uncounted is not None:
            tracks = without_distracted(*self.uncounted, tracks)
        return tracks if self.plan is None else self.plan.on_floor(tracks)

    @property
    def frame_numbers(self) -> range:
        """The frames that are there, whether anything is in them or not."""
        return range(1, self.frames + 1, self.every)


def stride(fps: float, rate: float | None) -> int:
    """Which frames to keep to come near a rate: each `stride`-th."""
    return 1 if rate is None else max(1, round(fps / rate))


def thinned(sequence: Sequence, rate: float | None) -> Sequence:
    """A sequence at its own rate, thinned to about `rate` frames per second."""
    every = stride(sequence.fps, rate)
    return replace(
        sequence,
        every=every,
        truth=thin(sequence.truth, every),
        detections=thin(sequence.detections, every),
    )


def opening(sequence: Sequence, seconds: float) -> Sequence:
    """The first seconds of a sequence."""
    frames = min(sequence.frames, round(seconds * sequence.fps))
    return replace(
        sequence,
        frames=frames,
        truth=sequence.truth.where(sequence.truth.frames <= frames),
        detections=sequence.detections.where(sequence.detections.frames <= frames),
    )


def at_rates(sequences: Listing[Sequence]) -> dict[int | None, list[Sequence]]:
    """Every sequence at every rate of `RATES`."""
    return {rate: [thinned(sequence, rate) for sequence in sequences] for rate in RATES}


def of_mount(sequences: Listing[Sequence], mount: Mount) -> list[Sequence]:
    """The sequences before cameras of one mount."""
    return [sequence for sequence in sequences if sequence.mount == mount]
