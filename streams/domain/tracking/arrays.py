"""The tracker over arrays: what the stream processor calls for each frame."""

from typing import Final

import numpy as np

from streams.domain.settings import TrackerSettings
from streams.domain.tracking.checks import ALL_USABLE, NO_BOXES, check_boxes, unusable_box
from streams.domain.tracking.ending import end_tracks
from streams.domain.tracking.parameters import parameters_of
from streams.domain.tracking.state import TrackerState
from streams.domain.tracking.step import step
from streams.domain.tracking.types import Matrix, Structured

_WARM_FRAMES: Final = 3


def advance_boxes(
    state: TrackerState,
    captured_us: int,
    boxes: Matrix | None,
    parameters: Structured,
    *,
    silent: bool = False,
) -> Structured:
    """Fold one frame.

    Args:
        state: Changed in place.
        captured_us: Event time of the frame, later than the state's, microseconds.
        boxes: Shape `(N, BOX)`, x_min, y_min, x_max, y_max (pixels of the captured frame) and
            score, in any order; no rows when the frame shows nobody, None when nobody looked.
        parameters: `parameters_of(settings)`.
        silent: Whether the camera has no picture, so that tracks are lost as time passes. A frame
            that was only skipped loses none.

    Returns:
        Shape `(M,)` of `TRACK_UPDATE`: every track that was alive before or is now, by id; one
        that ended is listed once.

    Raises:
        UnusableOutcome: A box that no tracker can use; the state is as before.
        ValueError: The frame is not newer than the state; the state is as before.
    """
    _, as_of_us, live, *_ = state.summary.item()
    if captured_us <= as_of_us:
        raise ValueError(f"a frame of {captured_us} after one of {as_of_us}")
    looked = boxes is not None
    boxes = np.ascontiguousarray(boxes, dtype=np.float64) if looked else NO_BOXES
    state.reserve(live + len(boxes))
    unusable, out = step(
        state.summary, state.tracks, state.ended, captured_us, boxes, looked, silent, parameters
    )
    if unusable != ALL_USABLE:
        raise unusable_box(boxes, unusable)
    return out


def warm_up() -> None:
    """Compile the core, or load it from the cache, by folding a few frames of its own."""
    parameters = parameters_of(TrackerSettings())
    state = TrackerState()
    boxes = np.array([[0.0, 0.0, 40.0, 100.0, 0.9], [30.0, 0.0, 70.0, 100.0, 0.2]])
    check_boxes(boxes)
    for frame in range(_WARM_FRAMES):
        advance_boxes(state, 1 + frame, boxes, parameters)
    advance_boxes(state, 1 + _WARM_FRAMES, None, parameters)
    end_tracks(state)
