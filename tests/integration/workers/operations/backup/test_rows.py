"""Rows are copied from one database into another: all or some, and never a part of a table."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest

from runtime.errors import Stop
from runtime.storage.objects import ObjectStore
from schemas.topics import DERIVED_TOPICS, TRACKS
from tests.support.builders.outputs import at_us, ward
from tests.support.servers.s3 import Bucket
from tests.support.services import Services, empty_database
from tests.support.tables import as_items
from workers.operations.backup.manifest import FORMAT, Manifest, get_manifest, put_manifest
from workers.operations.backup.restore import hole, loss
from workers.operations.backup.rows import copy_out, difference, load
from workers.operations.backup.tables import (
    applied,
    created_tables,
    filled,
    own_tables,
    shapes,
    snapshot,
)
from workers.operations.backup.take import check
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.timescale.migrate import migrations

SECONDS = 300


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore((tmp_path / "backup").as_uri())


@pytest.fixture
def other(services: Services, database_template: str) -> Iterator[str]:
    """A second database, empty and migrated."""
    with empty_database(services, database_template) as url:
        yield url


def copied(dsn: str, store: ObjectStore, since_us: int | None = None) -> Manifest:
    """A backup of a database alone."""
    with snapshot(dsn) as connection:
        found = shapes(connection, created_tables(migrations()))
        tables = tuple(copy_out(connection, shape, since_us, store) for shape in found)
        known = applied(connection)
    manifest = Manifest(
        format=FORMAT,
        made_us=1,
        release="1",
        server="",
        topic_prefix="",
        since_us=since_us,
        migrations=known,
        tables=tables,
        sequences={},
        topics=(),
        topic_ids={},
        offsets={},
        registry=None,
        schemas=(),
    )
    put_manifest(store, manifest)
    return manifest


def loaded(dsn: str, manifest: Manifest, store: ObjectStore) -> None:
    with snapshot(dsn) as connection:
        load(connection, manifest, store)


def test_a_migrated_database_counts_as_empty_and_a_filled_one_does_not(
    sink: TimescaleSink, database_url: str, other: str
) -> None:
    sink.write(as_items(ward(5)))

    with snapshot(other) as connection:
        assert filled(connection) == []
    with snapshot(database_url) as connection:
        full = set(filled(connection))
    assert {"tracks", "zone_occupancy", "occupancy_minutes", "sink_progress"} <= full


def test_every_row_comes_back_as_it_was(
    sink: TimescaleSink, database_url: str, other: str, store: ObjectStore
) -> None:
    sink.write(as_items(ward(SECONDS)))

    manifest = copied(database_url, store)
    loaded(other, manifest, store)

    assert sum(table.rows.lines for table in manifest.tables) > 2_000
    with snapshot(other) as connection:
        assert difference(connection, manifest) is None
    assert check(store.base, lambda _: None) == manifest


def test_newer_rows_go_over_an_older_whole_copy(
    sink: TimescaleSink, database_url: str, other: str, tmp_path: Path
) -> None:
    log = as_items(ward(SECONDS))
    weekly, daily = (ObjectStore((tmp_path / name).as_uri()) for name in ("weekly", "daily"))
    sink.write(log[: len(log) // 2])
    whole = copied(database_url, weekly)
    sink.write(log[len(log) // 2 :])
    newer = copied(database_url, daily, since_us=at_us(SECONDS // 2))
    now = copied(database_url, ObjectStore((tmp_path / "now").as_uri()))

    loaded(other, whole, weekly)
    loaded(other, newer, daily)

    lines = {table.name: table.rows.lines for table in now.tables}
    timed = [table for table in newer.tables if table.time and lines[table.name]]
    assert len(timed) > 5
    assert all(table.rows.lines < lines[table.name] for table in timed)
    with snapshot(other) as connection:
        assert difference(connection, now) is None


def test_a_copy_of_newer_rows_is_refused_where_a_hole_would_be_left(
    sink: TimescaleSink, database_url: str, other: str, store: ObjectStore, tmp_path: Path
) -> None:
    log = as_items(ward(2 * SECONDS))
    sink.write(log[: len(log) // 3])
    whole = copied(database_url, ObjectStore((tmp_path / "whole").as_uri()))
    sink.write(log[len(log) // 3 :])
    newer = copied(database_url, store, since_us=at_us(2 * SECONDS - 60))

    assert "and the database is empty: what lies between" in hole(other, newer)
    loaded(other, whole, ObjectStore((tmp_path / "whole").as_uri()))
    assert re.search(r"and the database ends at .*: what lies between", hole(other, newer))
    assert hole(other, whole) == ""
    assert hole(database_url, newer) == ""


def test_rows_that_nothing_gives_back_are_counted_whenever_they_are_of(
    sink: TimescaleSink, database_url: str, other: str, store: ObjectStore
) -> None:
    log = as_items(ward(10))
    sink.write(log[: len(log) // 2])
    manifest = msgspec.structs.replace(copied(database_url, store), made_us=at_us(3_600))
    same = {topic.name for topic in DERIVED_TOPICS}

    assert loss(database_url, manifest, store, 7, set()) == "", "nothing came afterwards"
    sink.write(log[len(log) // 2 :])

    found = re.search(r"holds (\d+) records of", loss(database_url, manifest, store, 0, set()))
    assert found is not None
    assert int(found[1]) == len(log) - len(log) // 2
    assert "their topics are gone" in loss(database_url, manifest, store, 0, same - {TRACKS.name})
    assert "7 records have expired" in loss(database_url, manifest, store, 7, same)
    assert loss(database_url, manifest, store, 0, same) == "", "the sink reads it again"
    assert loss(other, manifest, store, 7, set()) == ""


def test_what_does_not_match_the_manifest_changes_nothing(
    sink: TimescaleSink, database_url: str, other: str, store: ObjectStore, tmp_path: Path
) -> None:
    sink.write(as_items(ward(5)))
    manifest = copied(database_url, store)
    [part] = next(table for table in manifest.tables if table.name == "sink_progress").rows.parts
    (tmp_path / "backup" / part.path).write_bytes(b"other")

    with pytest.raises(Stop, match="the backup is damaged: "):
        loaded(other, manifest, store)
    with pytest.raises(Stop, match="damaged"):
        check(store.base, lambda _: None)
    (tmp_path / "backup" / part.path).unlink()
    with pytest.raises(Stop, match="does not exist"):
        check(store.base, lambda _: None)

    with snapshot(other) as connection:
        assert filled(connection) == []


def test_a_manifest_that_was_altered_is_refused(
    database_url: str, store: ObjectStore, tmp_path: Path
) -> None:
    copied(database_url, store)
    [path] = (tmp_path / "backup" / "manifest").iterdir()
    path.write_text(path.read_text().replace('"made_us": 1', '"made_us": 2'))

    with pytest.raises(Stop, match="its manifest does not match"):
        get_manifest(store)
    path.unlink()
    with pytest.raises(Stop, match="there is no backup"):
        get_manifest(store)


def test_tables_that_somebody_made_for_themselves_are_named(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE my_notes (note text)")

    with snapshot(database_url) as connection:
        found = own_tables(connection, created_tables(migrations()))

    assert found == ["my_notes"]


def test_backups_lie_side_by_side_in_a_bucket(
    sink: TimescaleSink, database_url: str, bucket: Bucket
) -> None:
    first, second = (ObjectStore(f"{bucket.url}/day-{day}") for day in ("1", "10"))
    earlier = copied(database_url, first)
    sink.write(as_items(ward(5)))
    later = copied(database_url, second)

    assert check(first.base, lambda _: None) == earlier
    assert check(second.base, lambda _: None) == later
    assert earlier != later
