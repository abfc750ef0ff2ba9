"""The compiler of the readers and writers."""

from pathlib import Path
from typing import Final

from schemas.codec import AVRO_FOLDER
from streams.domain.camera import people
from streams.domain.jit import Compiler
from streams.domain.tracking import dtypes, tables

_compiler: Final = Compiler(
    "encoding",
    [
        *sorted(Path(__file__).parent.glob("*.py")),
        *sorted(AVRO_FOLDER.glob("*.avsc")),
        Path(people.__file__),
        Path(dtypes.__file__),
        Path(tables.__file__),
    ],
)
compiled = _compiler.compiled
entry = _compiler.entry
