"""Compilation of this package: all its sources are one, whatever file is edited."""

from pathlib import Path
from typing import Final

from streams.domain.jit import Compiler

_compiler: Final = Compiler("tracking", sorted(Path(__file__).parent.glob("*.py")))

CACHE_DIR: Final = _compiler.cache_dir
"""Where the machine code is kept."""

compiled = _compiler.compiled
entry = _compiler.entry
