"""Compile what a frame needs before anybody waits for it: `python -m streams.processor.precompile`.

The machine code is kept beside the sources (`streams.domain.jit`), so this takes long only where
it has not been since they changed. Without it the first stream processor would stand still
at its start, and several that start together would each compile the same.
"""

from streams.domain.camera.tracker import PERSON, TrackerState, advance
from streams.domain.settings import TrackerSettings
from streams.encoding.warm import warm_up

FRAME_US = 200_000


def compile_tracking() -> None:
    """Track somebody for three frames, of which the last is nobody's."""
    state, settings = TrackerState(), TrackerSettings()
    for number in range(3):
        place = {"x_min": 10.0, "y_min": 10.0, "x_max": 60.0, "y_max": 160.0}
        seen = [{**place, "score": 0.9, "label": PERSON}] if number < 2 else None
        advance(state, (number + 1) * FRAME_US, seen, settings)  # type: ignore[arg-type]


def compile_all() -> None:
    """The tracking core, and the way of a frame from bytes to bytes."""
    compile_tracking()
    warm_up()


if __name__ == "__main__":
    compile_all()
