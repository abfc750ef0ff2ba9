"""Multi-object tracking of people in one camera, after ByteTrack, in event time.

High-score detections are matched first, to confirmed and lost tracks; low-score ones then keep
confirmed tracks alive through occlusion and blur; what is left of the high ones confirms or
begins tracks. The whole step is a function of the state and one frame.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from schemas.records import Detection, Track
from streams.domain.association import associate
from streams.domain.geometry import Box
from streams.domain.kalman import box_of, predict
from streams.domain.settings import TrackerSettings
from streams.domain.track import LiveTrack, age, born, matched, missed, record_of

PERSON: Final = "person"
_MAX_COORDINATE_PX: Final = 100_000.0


class UnusableOutcome(ValueError):
    """A detection outcome that cannot be folded; raised before anything is changed."""


@dataclass(slots=True)
class TrackerState:
    """Everything a tracker remembers.

    Attributes:
        next_id: Number of the next track to be born, from 1.
        as_of_us: Event time of the newest frame, microseconds; 0 before the first.
        tracks: Tracks that have not ended, by id.
    """

    next_id: int = 1
    as_of_us: int = 0
    tracks: list[LiveTrack] = field(default_factory=list)


def check_detections(detections: Sequence[Detection]) -> None:
    """Refuse boxes that no tracker can use.

    Raises:
        UnusableOutcome: A coordinate or score is not finite or out of range, or a box has no area;
            the message names the box's index and the field.
    """
    for index, box in enumerate(detections):
        edges = (box["x_min"], box["y_min"], box["x_max"], box["y_max"])
        for name, value in zip(("x_min", "y_min", "x_max", "y_max"), edges, strict=True):
            if not abs(value) <= _MAX_COORDINATE_PX:  # also what is not a number
                raise UnusableOutcome(f"box {index}: {name} is {value}, not a pixel of any frame")
        if edges[2] <= edges[0]:
            raise UnusableOutcome(f"box {index}: x_max {edges[2]} is not right of x_min {edges[0]}")
        if edges[3] <= edges[1]:
            raise UnusableOutcome(f"box {index}: y_max {edges[3]} is not below y_min {edges[1]}")
        if not (math.isfinite(box["score"]) and 0.0 <= box["score"] <= 1.0):
            raise UnusableOutcome(f"box {index}: score is {box['score']}, not between 0 and 1")


def advance(
    state: TrackerState,
    captured_us: int,
    detections: Sequence[Detection] | None,
    settings: TrackerSettings,
) -> list[Track]:
    """Fold one frame.

    Args:
        state: Changed in place.
        captured_us: Event time of the frame, later than the state's, microseconds.
        detections: As `check_detections` accepts them, in any order; only people are tracked.
            Empty when the frame shows nobody, None when nobody looked.
        settings: Of the tracker.

    Returns:
        Every track that was alive before or is now, by id; one that ended is listed once, as
        ENDED. Boxes are quantised, floor positions empty.
    """
    dt_s = (captured_us - state.as_of_us) / 1_000_000 if state.as_of_us else 0.0
    state.as_of_us = captured_us
    for track in state.tracks:
        age(track, captured_us, settings)
        predict(track.motion, min(dt_s, settings.max_lost_s), settings.noise)
    if detections is not None:
        _match(state, captured_us, detections, settings)
    records = [record_of(track) for track in state.tracks]
    state.tracks = [track for track in state.tracks if track.life != "ENDED"]
    return records


def _match(
    state: TrackerState,
    captured_us: int,
    detections: Sequence[Detection],
    settings: TrackerSettings,
) -> None:
    """Give detections to tracks, and begin tracks from those left over."""
    high, low = _split(detections, settings)
    known = [track for track in state.tracks if track.life in ("CONFIRMED", "LOST")]
    newborn = [track for track in state.tracks if track.life == "TENTATIVE"]

    unseen, high = _assign(known, high, captured_us, settings.match_iou, settings)
    seen_lately = [track for track in unseen if track.life == "CONFIRMED"]
    _assign(seen_lately, low, captured_us, settings.low_match_iou, settings)
    unseen, high = _assign(newborn, high, captured_us, settings.tentative_iou, settings)
    for track in unseen:
        missed(track, captured_us, settings)
    for score, box in high:
        if score >= settings.birth_score:
            state.tracks.append(born(state.next_id, captured_us, box, score, settings))
            state.next_id += 1


_Scored = tuple[float, Box]


def _split(
    detections: Sequence[Detection], settings: TrackerSettings
) -> tuple[list[_Scored], list[_Scored]]:
    """People by high and low score, each by falling score, then box: an order of their own."""
    people = [
        (-box["score"], (box["x_min"], box["y_min"], box["x_max"], box["y_max"]))
        for box in detections
        if box["label"] == PERSON and box["score"] >= settings.low_score
    ]
    people.sort()
    scored = [(-score, box) for score, box in people]
    high = [item for item in scored if item[0] >= settings.high_score]
    return high, scored[len(high) :]


def _assign(
    tracks: list[LiveTrack],
    detections: list[_Scored],
    captured_us: int,
    min_iou: float,
    settings: TrackerSettings,
) -> tuple[list[LiveTrack], list[_Scored]]:
    """Match and update; returns the tracks and detections left over."""
    if not tracks or not detections:
        return tracks, detections
    found = associate(
        [box_of(track.motion) for track in tracks], [item[1] for item in detections], min_iou
    )
    for row, column in found.pairs:
        score, box = detections[column]
        matched(tracks[row], captured_us, box, score, settings)
    return [tracks[row] for row in found.tracks], [
        detections[column] for column in found.detections
    ]
