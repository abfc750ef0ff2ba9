"""Compilation of this package: all its sources are one, whatever file is edited."""

from pathlib import Path
from typing import Final

from streams.domain.jit import Compiler

_compiler: Final = Compiler("fusion", sorted(Path(__file__).parent.glob("*.py")))

is_cached: Final = _compiler.is_cached
"""Whether an earlier process compiled this package."""

compiled = _compiler.compiled
entry = _compiler.entry
