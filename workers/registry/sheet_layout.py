"""What a sheet of a workbook shows beside its values: merged cells and hidden rows.

They are read from the sheet's own part of the file: a reader of values alone does not tell them.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

_MERGED: Final = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^>]*?\bref=[\"']([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})[\"']"
)
_ROW: Final = re.compile(rb"<(?:\w+:)?row\s[^>]*>")
_HIDDEN: Final = re.compile(rb"\bhidden=[\"'](?:1|true)[\"']")
_NUMBER: Final = re.compile(rb"\br=[\"']([0-9]+)[\"']")


class Merged(NamedTuple):
    """Cells that are merged into one; the first of them alone holds the value.

    Attributes:
        first_row: First row, from 1.
        last_row: Last row.
        first_column: First column, from 0.
        name: As a spreadsheet writes them.
    """

    first_row: int
    last_row: int
    first_column: int
    name: str


class Layout(NamedTuple):
    """What a sheet shows.

    Attributes:
        merged: Its merged cells.
        hidden: Numbers of the rows that are hidden.
    """

    merged: tuple[Merged, ...]
    hidden: frozenset[int]

    def merged_with_value(self, rows: Mapping[int, list[str]]) -> Iterator[Merged]:
        """Merged cells that hold a value and reach into rows below the first.

        Args:
            rows: Texts of the rows that are not empty, by number.
        """
        below = sorted(rows)[1:]
        for one in self.merged:
            texts = rows.get(one.first_row, [])
            value = texts[one.first_column] if one.first_column < len(texts) else ""
            if value.strip() and any(one.first_row <= row <= one.last_row for row in below):
                yield one


def layout_of(archive: zipfile.ZipFile, part: str) -> Layout:
    """The layout of a sheet.

    Args:
        archive: The workbook.
        part: Name of the sheet's part.
    """
    data = archive.read(part.lstrip("/"))
    hidden = set()
    for row in _ROW.findall(data):
        if _HIDDEN.search(row) and (number := _NUMBER.search(row)):
            hidden.add(int(number[1]))
    merged = tuple(
        Merged(
            int(top),
            int(bottom),
            _column(left),
            f"{left.decode()}{int(top)}:{right.decode()}{int(bottom)}",
        )
        for left, top, right, bottom in _MERGED.findall(data)
    )
    return Layout(merged, frozenset(hidden))


def _column(name: bytes) -> int:
    """The number of a column, from 0."""
    number = 0
    for char in name:
        number = number * 26 + char - ord("A") + 1
    return number - 1
