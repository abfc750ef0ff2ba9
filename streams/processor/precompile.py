"""Compile what a frame needs before anybody waits for it: `python -m streams.processor.precompile`.

The machine code is kept beside the sources (`streams.domain.jit`), so this takes long only where
it has not been since they changed. Without it the first stream processor would stand still
at its start, and several that start together would each compile the same.
"""

from streams.domain.tracking import arrays
from streams.encoding import warm


def compile_all() -> None:
    """The tracking core, and what takes a frame from bytes to bytes."""
    arrays.warm_up()
    warm.warm_up()


if __name__ == "__main__":
    compile_all()
