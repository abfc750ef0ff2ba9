"""Compile the code that folds a frame, ahead of time: `python -m streams.processor.precompile`.

The machine code is kept beside the sources (`streams.domain.jit`), so this takes long only the
first time after they change. Without it, the first stream processor would hang at its start, and
several that start together would each compile the same code.
"""

from streams.domain.tracking import arrays
from streams.encoding import warm


def compile_all() -> None:
    """Compile the tracking core, and the code that decodes and encodes records."""
    arrays.warm_up()
    warm.warm_up()


if __name__ == "__main__":
    compile_all()
