"""What an arm gives, as rows: tracks, presence, zone events and occupancy."""

import io
from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pyarrow as pa
from pyarrow import parquet

from schemas.topics import OCCUPANCY, PRESENCE, TRACKS, ZONE_EVENTS
from streams.domain.output import Output
from streams.domain.tracking.tables import TrackState

GROUP: Final = 50_000
"""Rows of a group of a file; fixed, so that the same rows are the same bytes."""


class ResultTable(NamedTuple):
    """A table of results.

    Attributes:
        name: Name of the table, and of the folder of its files.
        columns: Name and type of each column: `time`, `text`, `texts`, `whole`, `number`, `flag`
            or `json`. Times are UTC, sizes px or m as the topic has them.
        order: Columns of the index in the database.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    order: str

    @property
    def schema(self) -> pa.Schema:
        """The columns of its files."""
        return pa.schema([pa.field(name, _ARROW[kind]) for name, kind in self.columns])


_ARROW: Final = {
    "time": pa.timestamp("us", tz="UTC"),
    "text": pa.string(),
    "texts": pa.list_(pa.string()),
    "whole": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "json": pa.string(),
}
SQL: Final = {
    "time": "timestamptz",
    "text": "text",
    "texts": "text[]",
    "whole": "bigint",
    "number": "double precision",
    "flag": "boolean",
    "json": "jsonb",
}
"""Type in the database of each type of column."""

_BOX: Final = ("x_min", "y_min", "x_max", "y_max", "score")

TABLES: Final = {
    TRACKS.name: ResultTable(
        "tracks",
        (
            *(("camera_id", "text"), ("floor_id", "text"), ("captured", "time")),
            *(("frame_seq", "whole"), ("track_id", "whole"), ("state", "text")),
            *((name, "number") for name in _BOX),
            *(("observed", "flag"), ("x_m", "number"), ("y_m", "number")),
        ),
        "camera_id, captured",
    ),
    PRESENCE.name: ResultTable(
        "presence",
        (
            *(("floor_id", "text"), ("as_of", "time"), ("person_id", "text")),
            *(("camera_ids", "texts"), ("zone_ids", "texts"), ("observed", "flag")),
            *(("x_m", "number"), ("y_m", "number"), ("role", "text"), ("staff_id", "text")),
        ),
        "floor_id, as_of",
    ),
    ZONE_EVENTS.name: ResultTable(
        "zone_events",
        (
            *(("zone_id", "text"), ("seq", "whole"), ("at", "time"), ("kind", "text")),
            *(("person_id", "text"), ("floor_id", "text"), ("camera_id", "text")),
            *(("entered", "time"), ("dwell_us", "whole"), ("as_of", "time")),
            ("corrects", "whole"),
        ),
        "zone_id, at",
    ),
    OCCUPANCY.name: ResultTable(
        "occupancy",
        (
            *(("zone_id", "text"), ("seq", "whole"), ("as_of", "time"), ("floor_id", "text")),
            *(("reason", "text"), ("people", "whole"), ("identified", "whole")),
            *(("scheduled", "whole"), ("required", "whole"), ("gap_min", "whole")),
            *(("gap_max", "whole"), ("is_watched", "flag"), ("person_ids", "texts")),
            *(("cameras_missing", "texts"), ("rest", "json")),
        ),
        "zone_id, as_of",
    ),
}
"""The table of each topic that is kept."""


class ResultFile:
    """One file of results that grows by the records of one topic.

    Args:
        table: Its table.
        path: The file.

    Raises:
        OSError: The disk is full.
    """

    def __init__(self, table: ResultTable, path: Path) -> None:
        self.table = table
        self.path = path
        self.rows = 0
        self._schema = table.schema
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting: list[list[Any]] = [[] for _ in table.columns]

    def take(self, output: Output) -> None:
        """Add the rows of one record."""
        before = len(self._waiting[0])
        _ROWS[output.topic.name](self._waiting, output)
        self.rows += len(self._waiting[0]) - before
        if len(self._waiting[0]) >= GROUP:
            self._write()

    def close(self) -> None:
        """Write what waits, and the end of the file."""
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if not self._waiting[0]:
            return
        arrays = [
            pa.array(values, field.type)
            for values, field in zip(self._waiting, self._schema, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting = [[] for _ in self.table.columns]


def rows_of(data: bytes) -> Iterator[tuple[Any, ...]]:
    """Rows of a file of results, in order."""
    file = parquet.ParquetFile(io.BytesIO(data))
    for number in range(file.num_row_groups):
        columns = [column.to_pylist() for column in file.read_row_group(number).columns]
        yield from zip(*columns, strict=True)


def _tracks(columns: list[list[Any]], output: Output) -> None:
    content: Any = output.content
    out, number = content.out, len(content.out)
    fixed = content.camera_id, content.floor_id, content.captured_us, content.frame_seq
    for column, value in zip((columns[0], columns[1], columns[2], columns[3]), fixed, strict=True):
        column.extend([value] * number)
    columns[4].extend(out["track_id"].tolist())
    columns[5].extend(_STATES[state] for state in out["state"].tolist())
    for column, name in zip(columns[6:11], _BOX, strict=True):
        column.extend(out[name].tolist())
    columns[11].extend(map(bool, out["observed"].tolist()))
    for column, name in zip(columns[12:], ("x_m", "y_m"), strict=True):
        values = content.positions[name].tolist()
        column.extend(None if isnan(value) else value for value in values)


def _presence(columns: list[list[Any]], output: Output) -> None:
    record = output.record
    for person in record["people"]:
        row = (
            *(record["floor_id"], record["as_of_us"], person["person_id"]),
            *(person["camera_ids"], person["zone_ids"], person["observed"]),
            *(person["x_m"], person["y_m"], person["role"], person["staff_id"]),
        )
        _add(columns, row)


def _event(columns: list[list[Any]], output: Output) -> None:
    one = output.record
    row = (
        *(one["zone_id"], one["seq"], one["at_us"], one["kind"], one["person_id"]),
        *(one["floor_id"], one["camera_id"], one["entered_us"], one["dwell_us"]),
        *(one["as_of_us"], one["corrects"]),
    )
    _add(columns, row)


def _occupancy(columns: list[list[Any]], output: Output) -> None:
    one = output.record
    names = [name if name != "as_of" else "as_of_us" for name, _ in TABLES[OCCUPANCY.name].columns]
    rest = {name: one[name] for name in sorted(one) if name not in names}
    text = msgspec.json.encode(rest, order="sorted").decode()
    _add(columns, (*(one[name] for name in names[:-1]), text))


def _add(columns: list[list[Any]], row: tuple[Any, ...]) -> None:
    for column, value in zip(columns, row, strict=True):
        column.append(value)


_STATES: Final = {int(state): state.name for state in TrackState}
_ROWS: Final = {
    TRACKS.name: _tracks,
    PRESENCE.name: _presence,
    ZONE_EVENTS.name: _event,
    OCCUPANCY.name: _occupancy,
}
