"""Compilation of this package: all its sources are one, whatever file is edited."""

from pathlib import Path
from typing import Final

from streams.domain.jit import Compiler

_compiler: Final = Compiler("fusion", sorted(Path(__file__).parent.glob("*.py")))

compiled = _compiler.compiled
entry = _compiler.entry
