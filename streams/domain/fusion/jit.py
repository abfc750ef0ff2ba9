"""Compilation of this package: its compiled sources are one, whichever of them is edited."""

from pathlib import Path
from typing import Final

from streams.domain.jit import Compiler

_NOT_COMPILED: Final = {"__init__.py", "fusion.py", "state.py"}

_compiler: Final = Compiler(
    "fusion",
    sorted(path for path in Path(__file__).parent.glob("*.py") if path.name not in _NOT_COMPILED),
)

is_cached: Final = _compiler.is_cached
"""Whether an earlier process compiled this package."""

allocating = _compiler.compiled
compiled = _compiler.kernel
entry = _compiler.entry
