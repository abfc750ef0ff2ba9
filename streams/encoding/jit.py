"""The compiler of the readers and writers."""

from pathlib import Path
from typing import Final

from streams.domain.camera import people
from streams.domain.jit import Compiler
from streams.domain.tracking import dtypes, tables

_compiler: Final = Compiler(
    "wire",
    [
        *sorted(Path(__file__).parent.glob("*.py")),
        Path(people.__file__),
        Path(dtypes.__file__),
        Path(tables.__file__),
    ],
)
compiled = _compiler.compiled
entry = _compiler.entry
