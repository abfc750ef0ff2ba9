"""Rows as the bytes of a file, piece by piece: CSV for spreadsheets, Parquet for programs."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

from workers.serving.recorded.exports import Column

Format = Literal["csv", "parquet"]
Rows = Sequence[tuple[Any, ...]]

MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}

_RUNS: Final = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so is a formula for a spreadsheet; it gets an apostrophe before it."""


class FileOfRows(Protocol):
    """A file that grows by rows; what it has become by each is given out and forgotten."""

    def add(self, rows: Rows) -> bytes:
        """The bytes that rows add; the first also with the beginning of the file."""

    def end(self) -> bytes:
        """The bytes that end the file."""


class CsvFile:
    """Comma-separated values (RFC 4180) with a head, in UTF-8 with its mark; times in ISO 8601.

    Args:
        columns: Its columns.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._has_head = False

    def add(self, rows: Rows) -> bytes:
        """The bytes that rows add."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        if not self._has_head:
            self._has_head = True
            text.write("\ufeff")
            writer.writerow([column.name for column in self._columns])
        writer.writerows([_cell(value) for value in row] for row in rows)
        return text.getvalue().encode()

    def end(self) -> bytes:
        """Nothing more."""
        return b""


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, str) and value.startswith(_RUNS):
        return f"'{value}"
    return value


class ParquetFile:
    """Apache Parquet, compressed, a row group for each addition; units are metadata of columns.

    Args:
        columns: Its columns.
        about: Metadata of the whole file.
    """

    def __init__(self, columns: Sequence[Column], about: Mapping[str, str]) -> None:
        # Only who asks for such a file needs the library, which takes 50 MB.
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415

        kinds = {
            "time": pa.timestamp("us", tz="UTC"),
            "text": pa.string(),
            "whole": pa.int32(),
            "number": pa.float64(),
        }
        fields = [
            pa.field(one.name, kinds[one.kind], metadata={"unit": one.unit} if one.unit else None)
            for one in columns
        ]
        self._pa = pa
        self._schema = pa.schema(fields, metadata=dict(about))
        self._bytes = io.BytesIO()  # the writer itself knows how much it wrote before
        self._writer = parquet.ParquetWriter(self._bytes, self._schema)

    def add(self, rows: Rows) -> bytes:
        """The bytes that rows add."""
        values = [*zip(*rows, strict=True)] or [()] * len(self._schema)
        arrays = [
            self._pa.array(column, field.type)
            for column, field in zip(values, self._schema, strict=True)
        ]
        self._writer.write_table(self._pa.Table.from_arrays(arrays, schema=self._schema))
        return self._given_out()

    def end(self) -> bytes:
        """The index of the file."""
        self._writer.close()
        return self._given_out()

    def _given_out(self) -> bytes:
        found = self._bytes.getvalue()
        self._bytes.seek(0)
        self._bytes.truncate()
        return found


def file_of(kind: Format, columns: Sequence[Column], about: Mapping[str, str]) -> FileOfRows:
    """An empty file."""
    return CsvFile(columns) if kind == "csv" else ParquetFile(columns, about)
