"""Compile the code that folds a frame, ahead of time: `python -m streams.processor.precompile`.

The machine code is kept beside the sources (`streams.domain.jit`), so this takes long only the
first time after they change. Without it, the first stream processor would hang at its start, and
several that start together would each compile the same code. With `--fusion` it compiles the fusion
of cameras instead.
"""

import sys

from streams.domain.evidence import naming
from streams.domain.fusion.fusion import FloorFusion
from streams.domain.fusion.jit import is_cached
from streams.domain.tracking import arrays
from streams.encoding import warm


def compile_all() -> None:
    """Compile the tracking core, evidence, and the code that decodes and encodes records."""
    arrays.warm_up()
    naming.warm_up()
    warm.warm_up()


def compile_fusion() -> None:
    """Compile the fusion of cameras."""
    fusion = FloorFusion([])
    fusion.step(fusion.start(), 0, [])


def compile_for_worker() -> None:
    """Compile what a stream processor may need: fusion only where no process did it before.

    To load fusion takes a second, at the first frames of a floor that is fused; to compile it takes
    so long that the broker would take the processor for dead.
    """
    compile_all()
    if not is_cached:
        compile_fusion()


if __name__ == "__main__":
    if "--fusion" in sys.argv[1:]:
        compile_fusion()
    else:
        compile_all()
