"""Read a file of an import: CSV in any dialect, a workbook (.xlsx), YAML or JSON.

One reader for every kind of reference data. It brings each row to texts by name of field, says
which form of file it took, and names file, line and field of what is wrong.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from workers.registry.encoding import decode
from workers.registry.mappings import read_json, read_yaml
from workers.registry.rows import Row
from workers.registry.tables import BadTable, Entry, read_csv
from workers.registry.workbook import OLD, ZIP, read_workbook

R = TypeVar("R", bound=Row)

_MAX_BYTES: Final = 20 * 1024 * 1024
_MAX_ROWS: Final = 100_000
_TABLES: Final = {".csv", ".tsv", ".tab", ".txt"}
_MAPPINGS: Final = {".yaml", ".yml"}
_WORKBOOKS: Final = {".xlsx", ".xlsm"}
_MOST_FAULTS: Final = 100
"""A refusal lists this many faults; the others are counted."""


class ImportRefused(ValueError):
    """An import file that is refused; every line of the message names row and field."""


@dataclass(frozen=True, slots=True)
class ImportFile(Generic[R]):
    """A file that was read, with all of its rows valid.

    Attributes:
        rows: Its rows.
        read_as: The form of file that was taken, for people.
    """

    rows: list[R]
    read_as: str


def refuse(faults: Collection[str]) -> None:
    """Raise `ImportRefused` if there are faults; each is listed once.

    Raises:
        ImportRefused: There are.
    """
    once = list(dict.fromkeys(faults))
    if once:
        more = len(once) - _MOST_FAULTS
        rest = [f"and {more} more"] if more > 0 else []
        raise ImportRefused("\n".join([*once[:_MOST_FAULTS], *rest]))


def read_rows(path: Path, kind: type[R]) -> list[R]:
    """The rows of a file; see `read_file`."""
    return read_file(path, kind).rows


def read_file(path: Path, kind: type[R]) -> ImportFile[R]:
    """Read and check a whole file.

    Raises:
        ImportRefused: The file cannot be read, or rows are wrong; the message names file, row
            and field.
    """
    try:
        entries, read_as = _entries(path, list(kind.model_fields))
    except (BadTable, ValueError) as error:
        gap = " " if isinstance(error, BadTable) and str(error)[:4] in {"line", "row "} else ": "
        raise ImportRefused(f"{path.name}{gap}{error}") from error
    if len(entries) > _MAX_ROWS:
        raise ImportRefused(f"{path.name}: has more than {_MAX_ROWS} rows; split it")
    faults: list[str] = []
    rows: list[R] = []
    for entry in entries:
        where = f"{path.name} {entry.where}"
        wrong = [f"{where}: {field}: {fault}" for field, fault in entry.faults]
        bad = {field for field, _ in entry.faults}
        try:
            row = kind.model_validate(entry.values)
        except ValidationError as error:
            wrong += [
                f"{where}: {field}: {fault}"
                for field, fault in map(_message, error.errors(include_url=False))
                if field not in bad
            ]
        else:
            row.where = where
            rows.append(row)
        faults += wrong
    refuse(faults)
    return ImportFile(rows, read_as)


def _message(cause: Any) -> tuple[str, str]:
    """Field and sentence of one of pydantic's errors."""
    field = ".".join(str(part) for part in cause["loc"][:1]) or "row"
    if cause["type"] == "missing":
        return field, "is missing"
    message = str(cause["msg"]).removeprefix("Value error, ")
    return field, message.replace("Input should be", "must be")


def _entries(path: Path, fields: Collection[str]) -> tuple[list[Entry], str]:
    suffix = path.suffix.lower()
    if suffix not in _TABLES | _MAPPINGS | _WORKBOOKS | {".json"}:
        raise BadTable("give a file that ends in .csv, .xlsx, .yaml or .json")
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadTable(f"larger than {_MAX_BYTES // 2**20} MiB; split it")
        data = path.read_bytes()
    except OSError as error:
        raise BadTable(f"cannot be read: {error.strerror or error}") from error
    if suffix in _WORKBOOKS or data.startswith((ZIP, OLD)):
        return read_workbook(data, fields)
    source = decode(data)
    if suffix in _MAPPINGS:
        return read_yaml(source.text, fields), f"YAML, {source.encoding}"
    if suffix == ".json":
        return read_json(source.text, fields), f"JSON, {source.encoding}"
    return read_csv(source, fields)
