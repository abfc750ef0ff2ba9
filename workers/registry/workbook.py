"""Rows of a workbook (.xlsx), each cell as the text that the person who filled it in sees."""

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from workers.registry.sheet_layout import layout_of
from workers.registry.tables import BadTable, Cells, Entry, entries, field_name
from workers.registry.values import FIRST_YEAR

ZIP: Final = b"PK\x03\x04"
OLD: Final = b"\xd0\xcf\x11\xe0"
"""How a workbook begins that Excel before 2007 wrote, or that has a password."""

_MAX_UNPACKED: Final = 200 * 1024 * 1024
_MAX_CELLS: Final = 2_000_000
_LAST_DAY: Final = 73_051
"""Days from the epoch of a workbook until the year 2100, or 2104."""

_EXACT: Final = 10**15
"""A spreadsheet keeps 15 digits of a number, and rounds the others to zero."""

_TEXT: Final = {"str", "s", "inlineStr"}
"""Types of a cell that holds text; a formula's may be empty."""

_PADDED = re.compile(r"0+")
_SHOWS_ALL = re.compile(r"General|@|[#0,.]+")
"""Formats of a number that add nothing to it."""

_DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, TypeError, IndexError,
    AttributeError, EOFError, OSError, OverflowError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What openpyxl raises when a part of the file is missing or wrong."""


def read_workbook(data: bytes, fields: Collection[str]) -> tuple[list[Entry], str]:
    """Read the one sheet that names the fields.

    Args:
        data: The file.
        fields: Names that a header may have.

    Returns:
        Its rows, and the dialect for people.

    Raises:
        BadTable: It is no workbook, no sheet or more than one fits, or a cell holds no value.
    """
    _refuse_other_archives(data)
    from openpyxl import load_workbook  # noqa: PLC0415 - slow to import, and most processes read none

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and extensions that openpyxl does not keep
            values = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            formulas = load_workbook(io.BytesIO(data), read_only=True, data_only=False)
            visible = [sheet for sheet in values.worksheets if sheet.sheet_state == "visible"]
            sheets = {
                sheet.title: _squared(list(_filled(sheet, formulas[sheet.title])))
                for sheet in visible
            }
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                layouts = {
                    sheet.title: layout_of(archive, sheet._worksheet_path) for sheet in visible
                }
    except BadTable:
        raise
    except _DAMAGED as error:
        raise BadTable("is damaged, or no .xlsx workbook: save it again as .xlsx or CSV") from error
    filled = {title: lines for title, lines in sheets.items() if lines}
    fitting = [title for title, lines in filled.items() if _names(lines[0], fields)]
    if len(fitting) > 1:
        raise BadTable(
            f"sheets {', '.join(fitting)} all name fields of this import: keep one of them"
        )
    title = fitting[0] if fitting else next(iter(filled), "")
    found = entries(filled.get(title, []), fields)
    rows = {int(row.where.removeprefix("row ")): list(row.texts) for row in filled[title]}
    for merged in layouts[title].merged_with_value(rows):
        raise BadTable(
            f"row {merged.first_row}: cells {merged.name} are merged, so only the first holds the "
            "value: unmerge them and fill in each"
        )
    hidden = len(layouts[title].hidden & set(sorted(rows)[1:]))
    notes = f" of {len(filled)}" if len(filled) > 1 else ""
    if hidden:
        notes += f", {hidden} of its rows hidden and read like the others"
    return found, f"Excel workbook, sheet {title!r}{notes}"


def _refuse_other_archives(data: bytes) -> None:
    if data.startswith(OLD):
        raise BadTable(
            "is an old Excel workbook (.xls) or has a password: save it as .xlsx without password"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            unpacked = sum(part.file_size for part in archive.infolist())
    except _DAMAGED as error:
        raise BadTable("is damaged, or no .xlsx workbook: save it again as .xlsx or CSV") from error
    if "[Content_Types].xml" not in names or not any(n.startswith("xl/") for n in names):
        raise BadTable("is no Excel workbook, or a damaged one: save it as .xlsx or CSV UTF-8")
    if unpacked > _MAX_UNPACKED:
        raise BadTable(f"unpacks to more than {_MAX_UNPACKED // 2**20} MiB; split it")


def _names(row: Cells, fields: Collection[str]) -> int:
    return sum(field_name(cell) in fields for cell in row.texts)


def _filled(values: Any, formulas: Any) -> Iterator[Cells]:
    """Rows of a sheet that are not empty."""
    values.reset_dimensions()
    formulas.reset_dimensions()
    seen = 0
    for number, (row, asked) in enumerate(
        zip(values.iter_rows(), formulas.iter_rows(), strict=True), 1
    ):
        seen += len(row) + 1
        if seen > _MAX_CELLS:
            raise BadTable(f"sheet {values.title!r} has more than {_MAX_CELLS} cells; split it")
        if all(cell.value is None for cell in asked):
            continue
        cells = []
        for cell, formula in zip(row, asked, strict=True):
            where = f"row {number}: cell {getattr(formula, 'coordinate', '')}"
            unsaved = cell.value is None and cell.data_type not in _TEXT
            if formula.data_type == "f" and unsaved:
                raise BadTable(
                    f"{where} holds a formula without its value: open the file in a spreadsheet "
                    "and save it"
                )
            cells.append(_text(cell, where))
        dates = {
            index: cells[index]
            for index, cell in enumerate(row)
            if isinstance(cell.value, datetime | time | timedelta)
        }
        serials = {
            index: text
            for index, cell in enumerate(row)
            if (text := _serial(cell.value, values.parent.epoch))
        }
        yield Cells(f"row {number}", cells, dates, serials)


def _squared(rows: list[Cells]) -> list[Cells]:
    """Rows of one length: a sheet leaves out the empty cells at the end of a row."""
    width = max((len(row.texts) for row in rows), default=0)
    return [row._replace(texts=[*row.texts, *[""] * (width - len(row.texts))]) for row in rows]


def _text(cell: Any, where: str) -> str:
    """A cell's value in the one form that import files have."""
    value = cell.value
    shown = str(getattr(cell, "number_format", "") or "General").split(";")[0]
    if isinstance(value, datetime):
        exact = _to_second(value)
        hours = "h" in re.sub(r'"[^"]*"|\[\$[^]]*\]', "", shown).lower()
        return f"{exact:%Y-%m-%dT%H:%M:%S}" if hours else f"{exact:%Y-%m-%d}"
    if isinstance(value, time):
        value = datetime.combine(date(2000, 1, 1), value) - datetime(2000, 1, 1)  # noqa: DTZ001
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, shown, where)
    return "" if value is None else str(value)


def _serial(value: Any, epoch: datetime) -> str:
    """The date and time that a number counts in days from the workbook's epoch; empty for none.

    Cells without the format of a date hold such numbers, and only a time's column means them so.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if 0 < value < 1:
        minutes = round(value * 1_440)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    if not 0 < value < _LAST_DAY or (epoch + timedelta(days=value)).year < FIRST_YEAR:
        return ""
    at = _to_second(epoch + timedelta(days=float(value)))
    return f"{at:%Y-%m-%d}" if float(value).is_integer() else f"{at:%Y-%m-%dT%H:%M:%S}"


def _to_second(moment: datetime) -> datetime:
    """The nearest second: a spreadsheet keeps times as fractions of a day."""
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)


def _number(value: float, shown: str, where: str) -> str:
    if abs(value) >= _EXACT:
        raise BadTable(
            f"{where} holds {value:.0f}, of which a spreadsheet keeps 15 digits: "
            "format the column as text and fill it in again"
        )
    if not _SHOWS_ALL.fullmatch(shown):
        raise BadTable(
            f"{where} holds {value:g} and shows it as {shown}: format the column as text and fill "
            "it in as it is meant"
        )
    if float(value).is_integer():
        digits = str(int(value))
        return digits.zfill(len(shown)) if _PADDED.fullmatch(shown) else digits
    return repr(float(value))
