"""The rows of a request: one resource as JSON, or an import as JSON or files."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from workers.registry.files import (
    FieldFault,
    ImportRefused,
    checked_row,
    checked_rows,
    read_content,
)
from workers.registry.mappings import read_object, read_objects
from workers.registry.row import Row
from workers.registry.rows import ROWS
from workers.registry.tables import BadTable
from workers.registry.text import clean
from workers.registry.vault.door import OPEN, Door
from workers.serving.editing.refusals import BadRequest, Unfit

UNREADABLE: Final = "fields of the request cannot be taken"

MOST_REASON: Final = 300
"""Longest reason of an edit, characters."""

_MOST_FAULTS: Final = 100


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an import, by kind, in the order in which they may refer to each other."""

    by_kind: Mapping[str, Sequence[Row]]

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by kind."""
        return {kind: len(rows) for kind, rows in self.by_kind.items()}

    @property
    def all(self) -> list[Row]:
        """Every row."""
        return [row for rows in self.by_kind.values() for row in rows]


def row_of(kind: type[Row], identity: str, text: str) -> Row:
    """The row that a request writes.

    Args:
        kind: Its form.
        identity: Id in the path; the body may leave it out.
        text: The body, JSON.

    Raises:
        BadRequest: The body is not JSON.
        Unfit: Fields of it cannot be taken.
    """
    field = kind.identity()
    try:
        entry = read_object(text, list(kind.model_fields))
    except BadTable as error:
        raise BadRequest(f"the body: {error}") from error
    given = entry.values.setdefault(field, identity)
    row, faults = checked_row(entry, kind)
    if given != identity:
        reason = f"is not the id in the path, {identity}"
        faults = [*faults, FieldFault(kind.kind_of_fact(), identity, field, reason)]
    if row is None or faults:
        raise Unfit(UNREADABLE, faults[:_MOST_FAULTS])
    return row


def rows_of(text: str, door: Door = OPEN) -> Rows:
    """The rows of an import in JSON: an object with a list for each kind.

    Args:
        text: The body.
        door: The door of the import.

    Raises:
        BadRequest: The body is not such JSON.
        Unfit: Fields of it cannot be taken.
    """
    try:
        entries = read_objects(text, {kind: list(row.model_fields) for kind, row in ROWS.items()})
    except BadTable as error:
        raise BadRequest(f"the body: {error}") from error
    found: dict[str, list[Row]] = {}
    faults: list[FieldFault] = []
    for kind, rows in entries.items():
        checked = checked_rows(ROWS[kind], rows, door.enter)
        for entry, (row, wrong) in zip(rows, checked, strict=True):
            faults += [
                fault if fault.identity else fault._replace(identity=entry.where) for fault in wrong
            ]
            if row is not None:
                row.where = f"{kind} {entry.where}"
                found.setdefault(kind, []).append(row)
    if faults:
        raise Unfit(UNREADABLE, faults[:_MOST_FAULTS])
    return Rows(found)


async def files_of(headers: Headers, body: bytes) -> dict[str, tuple[str, bytes]]:
    """File name and content of each part of a multipart body, by kind.

    Raises:
        BadRequest: The body is not multipart, or a part is no file of a kind.
    """

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(headers, stream(), max_files=len(ROWS), max_fields=0)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError, UnicodeError) as error:
        why = getattr(error, "message", "") or "it has no boundary, or is cut short"
        raise BadRequest(f"the body is not multipart/form-data that can be read: {why}") from error
    files: dict[str, tuple[str, bytes]] = {}
    try:
        for kind, part in form.multi_items():
            if kind not in ROWS or not isinstance(part, UploadFile):
                raise BadRequest(f"name each part by its kind: {', '.join(ROWS)}")
            if kind in files:
                raise BadRequest(f"{kind} is given twice")
            suffix = Path(part.filename or "").suffix.lower()
            name = f"{kind}{suffix if suffix.isascii() and suffix[1:].isalnum() else ''}"
            files[kind] = (name, await part.read())
    finally:
        await form.close()
    if not files:
        raise BadRequest(f"send a file for one of: {', '.join(ROWS)}")
    return files


def rows_of_files(
    files: Mapping[str, tuple[str, bytes]], now_us: int | None = None, door: Door = OPEN
) -> Rows:
    """The rows of files.

    Args:
        files: File name and content by kind.
        now_us: Now, UTC microseconds, around which the series of a calendar are read.
        door: The door of the import.

    Raises:
        Unfit: A file cannot be read, or fields of it cannot be taken.
    """
    found: dict[str, Sequence[Row]] = {}
    for kind, row in ROWS.items():
        if kind not in files:
            continue
        name, content = files[kind]
        try:
            found[kind] = read_content(name, content, row, now_us, door.enter).rows
        except ImportRefused as error:
            raise unfit(error) from error
    return Rows(found)


def unfit(error: ImportRefused) -> Unfit:
    """What the checks of an import refused, as the answer to a request."""
    if error.faults:
        return Unfit("the edit does not fit what is registered", error.faults)
    lines = str(error).splitlines()
    return Unfit(lines[0][:500] if lines else "the edit is refused")


def reason_of(given: str | None) -> str:
    """The reason that the editor gives; empty for none.

    Raises:
        BadRequest: It is too long, or holds characters that nobody sees.
    """
    if given is None:
        return ""
    try:
        text = clean(given)
    except ValueError as error:
        raise BadRequest(f"reason: {error}") from error
    if len(text) > MOST_REASON:
        raise BadRequest(f"reason: has {len(text)} characters; {MOST_REASON} are the most")
    return text
