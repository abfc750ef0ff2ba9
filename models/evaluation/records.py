"""From records to the tables that scores are computed from."""

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np

from models.datasets.motchallenge import NO_ID, BoxTable, table
from models.detectors.boxes import Image
from models.detectors.detector import Detector
from schemas.records.frames import Detection
from schemas.records.tracks import Track

FRAMES_AT_ONCE = 8


def detections_table(frames: Iterable[tuple[int, Sequence[Detection]]]) -> BoxTable:
    """A table of the detections of numbered frames, from 1."""
    return _table((frame, NO_ID, found, found["score"]) for frame, many in frames for found in many)


def tracks_table(frames: Iterable[tuple[int, Sequence[Track]]]) -> BoxTable:
    """A table of the tracks of numbered frames, from 1.

    Confirmed tracks count, whether the frame shows them or they coast for a moment: a tentative
    track claims nothing yet, and of a lost one nothing is known.
    """
    return _table(
        (frame, track["track_id"], track, track["score"])
        for frame, many in frames
        for track in many
        if track["state"] == "CONFIRMED"
    )


def detect_frames(detector: Detector, images: Iterable[Image]) -> list[list[Detection]]:
    """Run a detector over the frames of a clip.

    Returns:
        The detections of each frame, in order.

    Raises:
        ModelFailed: The model failed on a batch.
    """
    found: list[list[Detection]] = []
    rest = iter(images)
    while batch := list(islice(rest, FRAMES_AT_ONCE)):
        found += detector.detect(batch)
    return found


def _table(rows: Iterable[tuple[int, int, Detection | Track, float]]) -> BoxTable:
    frames, ids, boxes, scores = [], [], [], []
    for frame, number, box, score in rows:
        frames.append(frame)
        ids.append(number)
        boxes.append((box["x_min"], box["y_min"], box["x_max"], box["y_max"]))
        scores.append(score)
    return table(
        np.array(frames, dtype=np.int64),
        np.array(ids, dtype=np.int64),
        np.array(boxes, dtype=np.float64).reshape(-1, 4),
        np.array(scores, dtype=np.float64),
    )
