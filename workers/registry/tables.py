"""Rows of a table with a header, from CSV in any dialect of a spreadsheet.

A workbook's sheet passes the same `entries`, so headers, empty rows and empty columns are treated
alike in both.
"""

import csv
import difflib
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from workers.registry.encoding import Text
from workers.registry.text import clean, shown

_TIME_FIELDS: Final = {"starts", "ends"}
"""A spreadsheet makes a date of an id such as MAR1, so only these fields may hold one."""

_SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class Entry(NamedTuple):
    """One row of a file, before its fields are checked.

    Attributes:
        where: The row in its file, for people: `line 3`.
        values: Values by name of field; what is left blank is not in it.
        faults: What is wrong with single fields: field and sentence.
    """

    where: str
    values: dict[str, Any]
    faults: list[tuple[str, str]]


class Cells(NamedTuple):
    """The cells of one line of a table.

    Attributes:
        where: `line 3` or `row 3`.
        texts: Their texts.
        dates: Index of each cell that a workbook holds as a date or time, and what it shows.
        serials: Index of each number of a workbook that may be a date or time, and which.
    """

    where: str
    texts: Sequence[str]
    dates: Mapping[int, str] = {}
    serials: Mapping[int, str] = {}


class BadTable(ValueError):
    """A table that cannot be read; the message starts with the line where one is known."""


def field_name(header: str) -> str:
    """The field that a header means, whatever its case and its spaces.

    >>> field_name(" Staff-ID ")
    'staff_id'
    """
    return "_".join(header.lower().replace("-", " ").replace("_", " ").split())


def unknown_field(name: str, fields: Collection[str]) -> str:
    """A sentence for a name that is no field."""
    near = difflib.get_close_matches(field_name(name), fields, 1, 0.6)
    hint = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(fields)}"
    return f"{shown(name)} is not a field of this import; {hint}"


def read_csv(source: Text, fields: Collection[str]) -> tuple[list[Entry], str]:
    """Read CSV; the separator is the one that makes most headers names of fields.

    Args:
        source: The decoded file.
        fields: Names that a header may have.

    Returns:
        Its rows, and the dialect for people.

    Raises:
        BadTable: It has no header, or a row does not fit the header.
    """
    text = source.text
    opening = next(iter(text.splitlines(keepends=True)), "")
    first = opening.strip("\r\n ").strip('"')
    skipped = 0
    if first[:4].lower() == "sep=" and len(first) == 5:
        separator, text, skipped = first[4], text[len(opening) :], 1
        dialect = f"{_SEPARATORS.get(separator, shown(separator))} (its line says {first})"
    else:
        separator = _separator(text, fields)
        dialect = _SEPARATORS[separator]
    lines = _lines(text, separator, skipped)
    return entries(lines, fields), f"CSV with {dialect}, {source.encoding}"


def _separator(text: str, fields: Collection[str]) -> str:
    header = next((line for line in text.splitlines() if line.strip(" ,;|\t")), "")

    def known(separator: str) -> int:
        return sum(field_name(cell.strip('" ')) in fields for cell in header.split(separator))

    return max(_SEPARATORS, key=lambda separator: (known(separator), header.count(separator)))


def _lines(text: str, separator: str, skipped: int) -> Iterable[Cells]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True
    )
    number = skipped + 1
    try:
        for cells in reader:
            yield Cells(f"line {number}", cells)
            number = skipped + reader.line_num + 1
    except csv.Error as error:
        raise BadTable(f"line {number}: {error}") from error


def entries(lines: Iterable[Cells], fields: Collection[str]) -> list[Entry]:
    """Rows by the names of the header; empty rows and empty columns are left out.

    Args:
        lines: All lines of a table; the first that is not empty is the header.
        fields: Names that a header may have.

    Raises:
        BadTable: It has no header, or a row does not fit the header.
    """
    found: list[Entry] = []
    names: list[str] | None = None
    for row in lines:
        if not any(cell.strip() for cell in row.texts):
            continue
        if names is None:
            names = _header(row, fields)
            continue
        cells = _fitted(row, len(names))
        if [field_name(cell) for cell in cells] == names:
            raise BadTable(f"{row.where}: repeats the header: remove it")
        found.append(_entry(row, names, cells))
    if names is None:
        raise BadTable(f"is empty: its first line names the fields {', '.join(fields)}")
    if not found:
        raise BadTable("has a header and no rows")
    return found


def _fitted(row: Cells, width: int) -> Sequence[str]:
    """The cells of a row, as many as the header has: empty ones at the end may be left out."""
    spare = row.texts[width:]
    if any(cell.strip() for cell in spare) or (spare and _may_be_one_number(row.texts)):
        raise BadTable(
            f"{row.where}: has {len(row.texts)} columns, but the header has {width}; a separator "
            "inside a value needs quotes around it"
        )
    return [*row.texts[:width], *[""] * (width - len(row.texts))]


def _may_be_one_number(cells: Sequence[str]) -> bool:
    """Whether two cells side by side may be one number with a comma, such as 1,280 or 1,5."""
    return any(a.strip().isdigit() and b.strip().isdigit() for a, b in pairwise(cells))


def _header(row: Cells, fields: Collection[str]) -> list[str]:
    names = [field_name(cell.replace("\ufeff", "")) for cell in row.texts]
    if not any(name in fields for name in names):
        raise BadTable(
            f"{row.where}: {shown(' '.join(row.texts))} names no field: the first line must name "
            f"the fields {', '.join(fields)}"
        )
    for name, cell in zip(names, row.texts, strict=True):
        if name and name not in fields:
            raise BadTable(f"{row.where}: {unknown_field(cell, fields)}")
        if name and names.count(name) > 1:
            raise BadTable(f"{row.where}: the header names {name} twice")
    return names


def _entry(row: Cells, names: Sequence[str], cells: Sequence[str]) -> Entry:
    where = row.where
    values: dict[str, Any] = {}
    faults = []
    for column, (name, cell) in enumerate(zip(names, cells, strict=True), 1):
        if not name:
            if cell.strip():
                raise BadTable(f"{where}: {shown(cell)} is in column {column}, which has no header")
            continue
        if column - 1 in row.dates and name not in _TIME_FIELDS:
            shows = row.dates[column - 1]
            fault = (
                f"the cell holds a date, {shows}: format the column as text and fill it in again"
            )
            faults.append((name, fault))
        given = row.serials.get(column - 1, cell) if name in _TIME_FIELDS else cell
        try:
            values[name] = clean(given)
        except ValueError as error:
            faults.append((name, str(error)))
    return Entry(where, values, faults)
