"""Take a backup: `wardstream backup take URI`."""

from collections.abc import Callable
from importlib.metadata import version

import psycopg

from runtime.errors import Stop
from runtime.storage.objects import ObjectStore
from schemas.topics import ALERT_ACTIONS, AUDIT, DERIVED_TOPICS, DETECTIONS, STREAM_CHECKPOINTS
from workers.operations.backup import registry, tables
from workers.operations.backup.edits import copy_edits
from workers.operations.backup.entries import (
    COPIED,
    copied_entries,
    copy_facts,
    copy_topic,
    topic_ids,
)
from workers.operations.backup.manifest import (
    FORMAT,
    Manifest,
    get_manifest,
    has_manifest,
    put_manifest,
)
from workers.operations.backup.objects import get_object, lines_of, put_object
from workers.operations.backup.offsets import SUNK, committed
from workers.operations.backup.rows import copy_out
from workers.operations.installation import Installation
from workers.storage.timescale.migrate import migrations

Report = Callable[[str], None]
"""Receives what was done, in one line."""


def take(installation: Installation, uri: str, *, since_us: int | None, report: Report) -> Manifest:
    """Copy everything that nothing else could restore; the pipeline may run meanwhile.

    The order makes the parts consistent. Offsets come before the rows, so that the sink reads
    again every record that the rows lack; checkpoints come after the rows, so that no key
    continues below a `seq` in the tables; edits come after the facts, so that none is a fact that
    the edits lack; the schema registry comes last, so that it knows every id.

    Args:
        installation: Run to copy.
        uri: URI of the backup, `file://` or `s3://`; it holds one backup.
        since_us: Time before which rows are left out, UTC microseconds; None copies all.
        report: Receives one line for each part.

    Raises:
        Stop: There is a backup already, the store refuses us, or the database is not ours.
        Retry: Something is out of reach; the same command may be run again.
    """
    store = ObjectStore(uri)
    if has_manifest(store):
        raise Stop(f"{store.base} holds a backup already: choose another place for the next")
    cluster = installation.cluster
    made_us = cluster.clock.now_us()
    erasures = installation.erasures
    if erasures is not None and not erasures.is_there:
        report(f"list of erasures: there is none at {erasures} yet")
        erasures = None
    ids = topic_ids(cluster, (DETECTIONS, *DERIVED_TOPICS, *COPIED))
    offsets = committed(cluster, SUNK)
    dsn = installation.database_url
    with tables.snapshot(dsn) as connection:
        known = tables.applied(connection)
        if not known:
            raise Stop("the database is empty: nothing to copy")
        names = tables.created_tables([m for m in migrations() if m.name in known])
        copies = []
        for shape in tables.shapes(connection, names):
            copy = copy_out(connection, shape, since_us, store)
            report(f"table {copy.name}: {copy.rows.lines} rows")
            copies.append(copy)
        for name in tables.own_tables(connection, names):
            report(f"table {name}: left out, it is not one of Wardstream's")
        used = tables.sequences(connection)
        server = _server(connection)
    # Checkpoints first: facts that they have seen follow.
    topics = [
        copy_topic(cluster, topic, store) for topic in (STREAM_CHECKPOINTS, AUDIT, ALERT_ACTIONS)
    ]
    topics += copy_facts(cluster, store)
    for found in topics:
        report(f"topic {found.name}: {found.records.lines} records")
    with tables.snapshot(dsn) as connection:
        edits = copy_edits(connection, store)
    for copy in edits.tables if edits else ():
        report(f"table {copy.name}: {copy.rows.lines} rows")
    archive = registry.export(cluster.registry.address)
    schemas = registry.schema_ids(cluster.registry.address)
    kept = None if archive is None else put_object(store, archive)
    report(f"schema registry: {len(schemas)} schemas{'' if kept else ', ids only'}")
    manifest = Manifest(
        format=FORMAT,
        made_us=made_us,
        release=version("wardstream"),
        server=server,
        topic_prefix=cluster.prefix,
        since_us=since_us,
        migrations=known,
        tables=tuple(copies),
        sequences=used,
        topics=tuple(topics),
        topic_ids=ids,
        offsets=offsets,
        registry=kept,
        schemas=schemas,
        edits=edits,
        erasures=None if erasures is None else erasures.read().state,
    )
    put_manifest(store, manifest)
    return manifest


def check(uri: str, report: Report) -> Manifest:
    """Read a whole backup and compare every object, count and digest with the manifest.

    Raises:
        Stop: Something is gone, altered or miscounted; the message says what.
        Retry: The store is out of reach.
    """
    store = ObjectStore(uri)
    manifest = get_manifest(store)
    for table in (*manifest.tables, *(manifest.edits.tables if manifest.edits else ())):
        found = sum(1 for _ in lines_of(store, table.rows))
        report(f"table {table.name}: {found} rows, as copied")
    for topic in manifest.topics:
        report(f"topic {topic.name}: {len(copied_entries(store, topic))} records, as copied")
    if manifest.registry is not None:
        get_object(store, manifest.registry)
    report(f"schema registry: {len(manifest.schemas)} schemas, as copied")
    return manifest


def _server(connection: psycopg.Connection) -> str:
    found = connection.execute(
        "SELECT current_setting('server_version'), extversion FROM pg_extension"
        " WHERE extname = 'timescaledb'"
    ).fetchone()
    return "" if found is None else f"PostgreSQL {found[0]}, TimescaleDB {found[1]}"
