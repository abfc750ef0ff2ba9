"""The tracker over arrays: what the stream processor calls for each frame."""

from typing import Final

import numpy as np

from streams.domain.settings import TrackerSettings
from streams.domain.tracking import columns as c
from streams.domain.tracking.checks import NO_BOXES, check_boxes
from streams.domain.tracking.parameters import parameters_of
from streams.domain.tracking.state import TrackerState
from streams.domain.tracking.step import step
from streams.domain.tracking.types import Matrix, Vector

_WARM_FRAMES: Final = 3


def advance_boxes(
    state: TrackerState, captured_us: int, boxes: Matrix | None, parameters: Vector
) -> Matrix:
    """Fold one frame.

    Args:
        state: Changed in place.
        captured_us: Event time of the frame, later than the state's, microseconds.
        boxes: Shape `(N, 5)`, x_min, y_min, x_max, y_max (pixels of the captured frame) and score,
            in any order; no rows when the frame shows nobody, None when nobody looked.
        parameters: `parameters_of(settings)`.

    Returns:
        Shape `(M, OUT)`, see `columns`: every track that was alive before or is now, by id; one
        that ended is listed once.

    Raises:
        UnusableOutcome: A box that no tracker can use; the state is as before.
        ValueError: The frame is not newer than the state; the state is as before.
    """
    if captured_us <= state.head[c.AS_OF_US]:
        raise ValueError(f"a frame of {captured_us} after one of {state.as_of_us}")
    if boxes is None:
        return step(
            state.head, state.rows, state.gone, float(captured_us), NO_BOXES, False, parameters
        )
    boxes = np.ascontiguousarray(boxes, dtype=np.float64)
    check_boxes(boxes)
    state.reserve(len(boxes))
    return step(state.head, state.rows, state.gone, float(captured_us), boxes, True, parameters)


def warm_up() -> None:
    """Compile the core, or load it from the cache, by folding a few frames of its own."""
    parameters = parameters_of(TrackerSettings())
    state = TrackerState()
    boxes = np.array([[0.0, 0.0, 40.0, 100.0, 0.9], [30.0, 0.0, 70.0, 100.0, 0.2]])
    for frame in range(_WARM_FRAMES):
        advance_boxes(state, 1 + frame, boxes, parameters)
    advance_boxes(state, 1 + _WARM_FRAMES, None, parameters)
