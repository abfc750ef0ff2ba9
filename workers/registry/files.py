"""Read a file of an import: CSV in any dialect, a workbook (.xlsx), a calendar, YAML or JSON.

One reader for every kind of reference data. It brings each row to texts by name of field, says
which form of file it took, and names file, line and field of what is wrong.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from pydantic import ValidationError

from workers.registry.encoding import decode
from workers.registry.ical import read_calendar
from workers.registry.mappings import read_json, read_yaml
from workers.registry.row import Row
from workers.registry.tables import BadTable, Entry, read_csv
from workers.registry.workbook import OLD, ZIP, read_workbook

R = TypeVar("R", bound=Row)

Enter: TypeAlias = Callable[[type[Row], Sequence[Entry]], list[Entry]]
"""Makes of the rows of a kind, as they were read, those that are checked."""

_MAX_BYTES: Final = 20 * 1024 * 1024
_MAX_ROWS: Final = 100_000
_TABLES: Final = {".csv", ".tsv", ".tab", ".txt"}
_MAPPINGS: Final = {".yaml", ".yml"}
_WORKBOOKS: Final = {".xlsx", ".xlsm"}
_CALENDARS: Final = {".ics"}
_MOST_FAULTS: Final = 100
"""A refusal lists this many faults; the others are counted."""


class FieldFault(NamedTuple):
    """What is wrong with a field of a fact, for programs.

    Attributes:
        kind: Kind of the fact, such as `zone`; empty where it is not known.
        identity: Its id; empty where it is not known.
        field: Field of its row; empty when the row as a whole is at fault.
        reason: What is wrong, without the field.
    """

    kind: str
    identity: str
    field: str
    reason: str


class ImportRefused(ValueError):
    """An import that is refused; every line of the message names row and field.

    Attributes:
        faults: The same for programs; empty where a file could not be read.
    """

    def __init__(self, message: str, faults: Sequence[FieldFault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class ImportFile(Generic[R]):
    """A file that was read, with all of its rows valid.

    Attributes:
        rows: Its rows.
        read_as: The form of file that was taken, for people.
    """

    rows: list[R]
    read_as: str


def refuse(faults: Collection[str], fields: Sequence[FieldFault] = ()) -> None:
    """Raise `ImportRefused` if there are faults; each is listed once.

    Args:
        faults: Lines for people.
        fields: The same for programs.

    Raises:
        ImportRefused: There are.
    """
    once = list(dict.fromkeys(faults))
    if once:
        more = len(once) - _MOST_FAULTS
        rest = [f"and {more} more"] if more > 0 else []
        listed = tuple(dict.fromkeys(fields))[:_MOST_FAULTS]
        raise ImportRefused("\n".join([*once[:_MOST_FAULTS], *rest]), listed)


def read_rows(path: Path, kind: type[R]) -> list[R]:
    """The rows of a file; see `read_file`."""
    return read_file(path, kind).rows


def read_file(
    path: Path, kind: type[R], now_us: int | None = None, enter: Enter | None = None
) -> ImportFile[R]:
    """Read and check a whole file.

    Args:
        path: The file.
        kind: Form of its rows.
        now_us: Now, UTC microseconds, around which the series of a calendar are read.
        enter: Called with the rows before they are checked; see `read_content`.

    Raises:
        ImportRefused: The file cannot be read, or rows are wrong; the message names file, row
            and field.
    """
    _check_form(path.name)
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= _MAX_BYTES else b""
    except OSError as error:
        raise ImportRefused(f"{path.name}: cannot be read: {error.strerror or error}") from error
    if size > _MAX_BYTES:
        raise ImportRefused(f"{path.name}: larger than {_MAX_BYTES // 2**20} MiB; split it")
    return read_content(path.name, data, kind, now_us, enter)


def read_content(
    name: str,
    data: bytes,
    kind: type[R],
    now_us: int | None = None,
    enter: Enter | None = None,
) -> ImportFile[R]:
    """Check the content of a whole file.

    Args:
        name: Name of the file; its end tells the form.
        data: Its content.
        kind: Form of its rows.
        now_us: Now, UTC microseconds, around which the series of a calendar are read.
        enter: Called with the rows before they are checked, and gives them back as they go on: the
            door that puts pseudonyms in the place of external ids.

    Raises:
        ImportRefused: The content cannot be read, or rows are wrong; the message names file, row
            and field.
    """
    _check_form(name)
    try:
        entries, read_as = _entries(name, data, list(kind.model_fields), now_us)
    except (BadTable, ValueError) as error:
        gap = " " if isinstance(error, BadTable) and str(error)[:4] in {"line", "row "} else ": "
        raise ImportRefused(f"{name}{gap}{error}") from error
    if len(entries) > _MAX_ROWS:
        raise ImportRefused(f"{name}: has more than {_MAX_ROWS} rows; split it")
    checked = checked_rows(kind, entries, enter)
    faults = [
        f"{name} {entry.where}: {fault.field or 'row'}: {fault.reason}"
        for entry, (_, found) in zip(entries, checked, strict=True)
        for fault in found
    ]
    refuse(faults, [fault for _, found in checked for fault in found])
    rows = [row for row, _ in checked if row is not None]
    for row, entry in zip(rows, entries, strict=True):
        row.where = f"{name} {entry.where}"
    return ImportFile(rows, read_as)


def checked_rows(
    kind: type[R], entries: Sequence[Entry], enter: Enter | None = None
) -> list[tuple[R | None, list[FieldFault]]]:
    """Check rows as `checked_row`, once they have passed a door.

    A row whose id the door replaced is named by where it is: whoever wrote it knows no other name.
    """
    if enter is None:
        return [checked_row(entry, kind) for entry in entries]
    found, identity = [], kind.identity()
    for before, entry in zip(entries, enter(kind, entries), strict=True):
        row, faults = checked_row(entry, kind)
        if before.values.get(identity) != entry.values.get(identity):
            faults = [fault._replace(identity=entry.where) for fault in faults]
        found.append((row, faults))
    return found


def checked_row(entry: Entry, kind: type[R]) -> tuple[R | None, list[FieldFault]]:
    """Check one row, field by field.

    Returns:
        The row and no faults, or None where a field cannot be read; a row that could be made
        although something else is wrong comes with that.
    """
    name, identity = kind.kind_of_fact(), kind.identity()
    own = str(entry.values.get(identity, ""))
    faults = [FieldFault(name, own, field, fault) for field, fault in entry.faults]
    bad = {field for field, _ in entry.faults}
    unread = bad - entry.values.keys()
    try:
        row = kind.model_validate(entry.values)
    except ValidationError as error:
        faults += [
            FieldFault(name, own, field, fault)
            for cause in error.errors(include_url=False)
            for field, fault in (_message(cause, kind),)
            # What fields say together is not known while one of them cannot be read.
            if field not in bad and (cause["loc"] or not unread)
        ]
        return None, faults
    return row, faults


def _message(cause: Any, kind: type[Row]) -> tuple[str, str]:
    """Field and sentence of one of pydantic's errors; a row's own check may start with a field."""
    field = ".".join(str(part) for part in cause["loc"][:1])
    if cause["type"] == "missing":
        return field, "is missing"
    message = str(cause["msg"]).removeprefix("Value error, ")
    first, colon, rest = message.partition(": ")
    if not field and colon and first in kind.model_fields:
        field, message = first, rest
    return field, message.replace("Input should be", "must be")


def _check_form(name: str) -> None:
    if _suffix(name) not in _TABLES | _MAPPINGS | _WORKBOOKS | _CALENDARS | {".json"}:
        forms = ".csv, .xlsx, .yaml, .json or, for shifts, .ics"
        raise ImportRefused(f"{name}: give a file that ends in {forms}")


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()


def _entries(
    name: str, data: bytes, fields: Collection[str], now_us: int | None
) -> tuple[list[Entry], str]:
    suffix = _suffix(name)
    if suffix in _WORKBOOKS or data.startswith((ZIP, OLD)):
        return read_workbook(data, fields)
    source = decode(data)
    if suffix in _MAPPINGS:
        return read_yaml(source.text, fields), f"YAML, {source.encoding}"
    if suffix in _CALENDARS:
        return read_calendar(source.text, fields, now_us), f"iCalendar, {source.encoding}"
    if suffix == ".json":
        return read_json(source.text, fields), f"JSON, {source.encoding}"
    return read_csv(source, fields)
