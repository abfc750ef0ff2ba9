"""The tracker over records: detections in, tracks out; `tracking` works over arrays."""

from collections.abc import Sequence
from typing import Final, cast

from schemas.records.frames import Detection
from schemas.records.tracks import Track
from streams.domain.camera.detections import PERSON, boxes_of
from streams.domain.settings import TrackerSettings
from streams.domain.tracking.arrays import advance_boxes
from streams.domain.tracking.parameters import parameters_of
from streams.domain.tracking.state import TrackerState
from streams.domain.tracking.tables import TrackState
from streams.domain.tracking.types import Structured

__all__ = ["TrackerState", "advance", "records_of"]

_PUBLISHED: Final = (
    "track_id",
    "state",
    "x_min",
    "y_min",
    "x_max",
    "y_max",
    "velocity_x",
    "velocity_y",
    "score",
    "observed",
    "started_us",
    "last_observed_us",
)
"""Fields that the tracker's output and the record have in common."""

_NOWHERE: Final = {"x_m": None, "y_m": None, "position_sd_m": None}


def advance(
    state: TrackerState,
    captured_us: int,
    detections: Sequence[Detection] | None,
    settings: TrackerSettings,
) -> list[Track]:
    """Fold one frame.

    Args:
        state: State of the tracker, changed in place.
        captured_us: Event time of the frame, later than the state's, microseconds.
        detections: Detections of the frame, in any order; only people are tracked. Empty when the
            frame shows nobody, None when it was not looked at.
        settings: Settings of the tracker.

    Returns:
        Every track that was alive before or is now, by id; one that ended is listed once, as
        ENDED. Boxes are quantised, floor positions empty.

    Raises:
        UnusableOutcome: A box that no tracker can use; the state is unchanged.
    """
    boxes = None
    if detections is not None:
        boxes = boxes_of([box for box in detections if box["label"] == PERSON])
    return records_of(advance_boxes(state, captured_us, boxes, parameters_of(settings)))


def records_of(out: Structured) -> list[Track]:
    """The track records of one frame, with floor positions still empty.

    Args:
        out: The tracker's output, shape `(M,)` of `TRACK_UPDATE`.
    """
    columns = {name: out[name].tolist() for name in _PUBLISHED}
    columns["state"] = [TrackState(state).name for state in columns["state"]]
    return [
        cast("Track", {**dict(zip(_PUBLISHED, values, strict=True)), **_NOWHERE})
        for values in zip(*columns.values(), strict=True)
    ]
