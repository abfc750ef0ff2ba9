"""The sequences that trackers are scored on, at their own rate and thinned.

A sequence is one scene with one detector. MOT15 scenes come with public detections (`det.txt`,
aggregate channel features) and with Faster R-CNN's; MOT17 scenes have ground truth only here, and
get made-up detections from it (`noise.py`). Scenes that show the same recording share a scene name,
so that a fold never holds out what it was chosen on.
"""

import configparser
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.datasets.motchallenge import BoxTable, read_detections, read_ground_truth
from models.datasets.scores import to_unit_scores
from models.datasets.thinning import thin
from tests.bench.tracking.noise import noisy_detections, read_people
from tests.support.paths import ROOT

DATA = ROOT.parent / "shared" / "data" / "mot"

RATES: tuple[int | None, ...] = (None, 10, 5)
"""Frames per second that sequences are thinned to; None leaves them as they are."""

DETECTORS = {"det.txt": "acf", "det_sort_frcnn.txt": "frcnn"}

SAME_RECORDING = {"MOT17-05": "ETH-Pedcross2"}
"""MOT17-05 shows ETH-Pedcross2's recording with other annotations."""


class NoData(Exception):
    """The recordings are not on this machine."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """One scene with one detector.

    Attributes:
        name: Scene and detector.
        scene: What the folds are made of.
        fps: Frames per second of the file; frame `n` is at `(n - 1) / fps` s.
        every: Only each `every`-th frame is there; frames keep the file's numbers.
        frames: Number of frames of the file.
        size: Width and height of the picture, px.
        truth: The people.
        detections: Scores from 0 to 1.
    """

    name: str
    scene: str
    fps: float
    every: int
    frames: int
    size: tuple[int, int]
    truth: BoxTable
    detections: BoxTable

    @property
    def rate(self) -> float:
        """Frames per second that are there."""
        return self.fps / self.every

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


def load(folder: Path = DATA) -> list[Sequence]:
    """All sequences at their own rate, by name.

    Raises:
        NoData: Says in one sentence what is missing.
    """
    found = []
    for scene in sorted((folder / "MOT15-train").glob("*/seqinfo.ini")):
        name, fps, frames, size = _info(scene)
        truth = read_ground_truth(scene.parent / "gt" / "gt.txt")
        for file, detector in DETECTORS.items():
            path = scene.parent / "det" / file
            if path.exists():
                read = read_detections(path)
                detections = replace(read, scores=to_unit_scores(read.scores).scores)
                found.append(
                    Sequence(f"{name}/{detector}", name, fps, 1, frames, size, truth, detections)
                )
    for scene in sorted((folder / "MOT17-train").glob("*/seqinfo.ini")):
        name, fps, frames, size = _info(scene)
        name = name.removesuffix("-FRCNN")
        path = scene.parent / "gt" / "gt.txt"
        detections = noisy_detections(read_people(path), fps, frames, _seed(name))
        found.append(
            Sequence(
                f"{name}/noisy",
                SAME_RECORDING.get(name, name),
                fps,
                1,
                frames,
                size,
                read_ground_truth(path),
                detections,
            )
        )
    if not found:
        raise NoData(
            f"there are no MOTChallenge sequences in {folder}: put MOT15-train or MOT17-train there"
        )
    return found


def at_rates(sequences: list[Sequence]) -> dict[int | None, list[Sequence]]:
    """Every sequence at every rate of `RATES`."""
    return {rate: [thinned(sequence, rate) for sequence in sequences] for rate in RATES}


def _info(path: Path) -> tuple[str, float, int, tuple[int, int]]:
    info = configparser.ConfigParser()
    info.read(path)
    section = info["Sequence"]
    size = int(section["imWidth"]), int(section["imHeight"])
    return section["name"], float(section["frameRate"]), int(section["seqLength"]), size


def _seed(name: str) -> int:
    return int(np.frombuffer(name.encode(), dtype=np.uint8).astype(np.int64).sum())
