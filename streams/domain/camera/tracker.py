"""The tracker as the fold of a camera calls it: detections in, records out.

The work is done over arrays by `tracking`; this is the seam between records and arrays.
"""

from collections.abc import Sequence
from typing import Final, cast

import numpy as np

from schemas.records.frames import Detection
from schemas.records.tracks import Track
from streams.domain.settings import TrackerSettings
from streams.domain.tracking.arrays import advance_boxes
from streams.domain.tracking.checks import UnusableOutcome, check_boxes
from streams.domain.tracking.parameters import parameters_of
from streams.domain.tracking.state import TrackerState
from streams.domain.tracking.tables import BOX, TrackState
from streams.domain.tracking.types import Matrix, Structured

__all__ = ["PERSON", "TrackerState", "UnusableOutcome", "advance", "check_detections", "records_of"]

PERSON: Final = "person"

_PUBLISHED: Final = (
    "id",
    "state",
    "x_min",
    "y_min",
    "x_max",
    "y_max",
    "vx",
    "vy",
    "score",
    "observed",
    "started_us",
    "last_seen_us",
)


def check_detections(detections: Sequence[Detection]) -> None:
    """Refuse boxes that no tracker can use, whatever their label.

    Raises:
        UnusableOutcome: A coordinate or score is not finite or out of range, or a box has no area;
            the message names the box's index and the field.
    """
    check_boxes(_boxes(detections))


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
        detections: In any order; only people are tracked. Empty when the frame shows nobody, None
            when nobody looked.
        settings: Of the tracker.

    Returns:
        Every track that was alive before or is now, by id; one that ended is listed once, as
        ENDED. Boxes are quantised, floor positions empty.

    Raises:
        UnusableOutcome: A box that no tracker can use; the state is as before.
    """
    boxes = None
    if detections is not None:
        boxes = _boxes([box for box in detections if box["label"] == PERSON])
    return records_of(advance_boxes(state, captured_us, boxes, parameters_of(settings)))


def records_of(out: Structured) -> list[Track]:
    """The tracks of one frame as published: floor positions still empty.

    Args:
        out: Shape `(M,)` of `TRACK_UPDATE`.
    """
    columns = [out[name].tolist() for name in _PUBLISHED]
    return [
        cast(
            "Track",
            {
                "track_id": track_id,
                "state": TrackState(state).name,
                "x_min": x_min,
                "y_min": y_min,
                "x_max": x_max,
                "y_max": y_max,
                "velocity_x": vx,
                "velocity_y": vy,
                "score": score,
                "observed": observed,
                "started_us": started_us,
                "last_observed_us": last_seen_us,
                "x_m": None,
                "y_m": None,
                "position_sd_m": None,
            },
        )
        for (
            track_id,
            state,
            x_min,
            y_min,
            x_max,
            y_max,
            vx,
            vy,
            score,
            observed,
            started_us,
            last_seen_us,
        ) in zip(*columns, strict=True)
    ]


def _boxes(detections: Sequence[Detection]) -> Matrix:
    """Shape `(N, 5)`."""
    if not detections:
        return np.empty((0, BOX))
    return np.array(
        [(d["x_min"], d["y_min"], d["x_max"], d["y_max"], d["score"]) for d in detections],
        dtype=np.float64,
    )
