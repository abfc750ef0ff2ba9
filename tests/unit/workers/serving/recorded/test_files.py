"""Exported files: read back by another library, they hold the same rows, units and times."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from workers.serving.recorded.exports import MOST_ROWS, TABLES, pieces
from workers.serving.recorded.files import CsvFile, Format, ParquetFile, file_of

COLUMNS = TABLES["occupancy"].columns
START = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
NAMES = ("Bay 1", "=HYPERLINK(1)", 'Station "Süd", links\nunten', "")
ABOUT = {"revisions": "3, 5"}


def rows(count: int) -> list[tuple[Any, ...]]:
    return [
        (
            START + timedelta(minutes=number),
            f"zone-{number % 7}",
            NAMES[number % len(NAMES)],
            "floor",
            60 - number % 3 / 7,
            number / 3,
            number % 5,
            number % 5 + 2,
            *(number / share for share in (7, 11, 13, 17, 19)),
        )
        for number in range(count)
    ]


def written(kind: Format, wanted: list[tuple[Any, ...]], each: int, path: Path) -> Path:
    """A file of rows, some at a time."""
    file = file_of(kind, COLUMNS, ABOUT)
    parts = [file.add(wanted[at : at + each]) for at in range(0, max(1, len(wanted)), each)]
    path.write_bytes(b"".join([*parts, file.end()]))
    return path


@pytest.mark.parametrize("count", [0, 1, 1000])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_another_reader_finds_the_rows_that_were_written(
    kind: Format, count: int, tmp_path: Path
) -> None:
    wanted = rows(count)
    path = written(kind, wanted, 300, tmp_path / f"rows.{kind}")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        options = ", header = true, quote = '\"', new_line = '\\r\\n'" if kind == "csv" else ""
        if kind == "csv" and not count:
            assert path.read_text("utf-8-sig").split(",")[0] == "minute_utc"
            return
        read = connection.execute(f"SELECT * FROM read_{kind}('{path}'{options})")
        assert [one[0] for one in read.description or ()] == [column.name for column in COLUMNS]
        found = read.fetchall()

    def name_of(text: str) -> str | None:
        if kind == "parquet":
            return text
        return f"'{text}" if text.startswith("=") else text or None

    expected = [(*row[:2], name_of(row[2]), *row[3:]) for row in wanted]
    assert [(row[0].astimezone(UTC), *row[1:]) for row in found] == expected


def test_units_and_revisions_are_metadata_of_a_parquet_file(tmp_path: Path) -> None:
    path = written("parquet", rows(10), 4, tmp_path / "rows.parquet")
    with duckdb.connect() as connection:
        known = dict(
            connection.execute(
                f"SELECT decode(key), decode(value) FROM parquet_kv_metadata('{path}')"
            ).fetchall()
        )
        [(groups,)] = connection.execute(
            f"SELECT num_row_groups FROM parquet_file_metadata('{path}')"
        ).fetchall()
        kinds = dict(
            connection.execute(
                f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{path}')"
            ).fetchall()
        )
    assert known["revisions"] == "3, 5"
    assert kinds["minute_utc"] == "TIMESTAMP WITH TIME ZONE"
    assert groups == 3, "each addition is a group, so that none is held"
    import pyarrow.parquet  # only it reads the metadata of columns

    schema = pyarrow.parquet.read_schema(path)
    units = {field.name: (field.metadata or {}).get(b"unit", b"").decode() for field in schema}
    assert units == {column.name: column.unit for column in COLUMNS}


def test_what_a_file_gives_out_is_not_held(tmp_path: Path) -> None:
    for file in (CsvFile(COLUMNS), ParquetFile(COLUMNS, {})):
        sizes = [len(file.add(rows(500))) for _ in range(5)]
        assert max(sizes[1:]) < 1.2 * min(sizes[1:]), "each addition gives out its own bytes alone"


@pytest.mark.parametrize("zones", [0, 1, 20, 30_000])
def test_pieces_follow_each_other_and_are_bounded(zones: int) -> None:
    end = START + timedelta(days=2, minutes=7)
    for table in TABLES.values():
        found = [*pieces(table, zones, START, end)]
        assert [found[0][0], found[-1][1]] == [START, end]
        assert all(one[1] == other[0] for one, other in pairwise(found))
        most = max((stop - start) / timedelta(minutes=1) for start, stop in found)
        assert most * zones * table.rows_per_minute <= max(MOST_ROWS, zones * table.rows_per_minute)
