"""Restore a run from a backup: `wardstream backup restore URI`."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import psycopg

from runtime.errors import Stop
from runtime.facts.log import Fact
from runtime.kafka.cluster import Cluster
from runtime.kafka.topics import create_topics
from runtime.storage.objects import ObjectStore
from schemas.topics import STREAM_CHECKPOINTS, ZONE_ALERTS
from streams.stage import STAGE
from workers.operations.backup import edits, registry, rows, tables
from workers.operations.backup.agreement import agree
from workers.operations.backup.entries import topic_ids
from workers.operations.backup.erasures import complete, erased_before, forget
from workers.operations.backup.manifest import Manifest, get_manifest
from workers.operations.backup.notifying import forget_positions, notifies
from workers.operations.backup.objects import get_object
from workers.operations.backup.offsets import SUNK, members, set_back, way_back
from workers.operations.backup.take import Report
from workers.operations.backup.topics import TopicRestore
from workers.operations.backup.vaults import load_vault, unopened_entries
from workers.operations.installation import Installation
from workers.operations.times import show_time
from workers.registry.vault.erasures import Erased
from workers.stages import INFERENCE, SINK_REDIS, SINK_TIMESCALE
from workers.storage.timescale.connection import database_errors
from workers.storage.timescale.migrate import migrate, migrations


def restore(
    installation: Installation,
    uri: str,
    *,
    replace: bool,
    accept_loss: bool,
    accept_no_erasures: bool = False,
    replication: int,
    report: Report,
) -> Manifest:
    """Restore what is missing, and count everything again.

    A store that holds everything in the backup is left alone. Everything is checked before
    anything is written. Running the command a second time changes nothing; an interrupted one may
    be run again.

    Args:
        installation: Run to restore into.
        uri: URI of the backup.
        replace: Replace existing rows and checkpoints with those of the backup.
        accept_loss: Continue although rows will be lost for good.
        accept_no_erasures: Continue although the list of erasures is missing.
        replication: Replication factor of topics that must be created.
        report: Receives one line for each part.

    Raises:
        Stop: The backup is damaged or of another run or a later release, a process still runs,
            the list of erasures is missing, the target holds something else, or rows would be
            missing; nothing was written then.
        Retry: Something is out of reach.
    """
    store = ObjectStore(uri)
    manifest = get_manifest(store)
    cluster = installation.cluster
    _refuse_what_is_not_ours(cluster, manifest)
    erased = erased_before(installation, manifest, accept_none=accept_no_erasures, report=report)
    dsn = installation.database_url
    _refuse_while_something_runs(cluster, dsn)
    rows_wanted = _check_rows(dsn, manifest, replace=replace)
    edits_wanted = edits.are_missing(dsn, manifest, store, replace=replace and accept_loss)
    registry_wanted = registry.is_missing(cluster.registry.address, manifest.schemas)
    create_topics(cluster, replication)
    topics = TopicRestore(cluster, manifest, store, replace=replace)
    topics.find_missing()
    now = topic_ids(cluster, SUNK)
    same = {name for name, found in now.items() if manifest.topic_ids.get(name) == found}
    if rows_wanted:
        gone = way_back(cluster, manifest.offsets, same).gone
        for missing, advice in (
            (hole(dsn, manifest), "restore a copy first that reaches so far"),
            (loss(dsn, manifest, store, gone, same), "take a backup of the database as it is"),
        ):
            if missing and not accept_loss:
                raise Stop(f"{missing}; {advice}, or --accept-loss")
            if missing:
                report(f"accepted: {missing}")

    if registry_wanted:
        archive = None if manifest.registry is None else get_object(store, manifest.registry)
        registry.fill(cluster.registry.address, archive, manifest.schemas)
    report(f"schema registry: {_done(len(manifest.schemas), 'schema ids', registry_wanted)}")
    topics.write()
    for copy in manifest.topics:
        written = copy.name in topics.wanted
        report(f"topic {copy.name}: {_done(copy.records.lines, 'records', written)}")
    if STREAM_CHECKPOINTS.name in topics.wanted:
        report("the stream processor goes on with its state and every seq")

    facts = edits.settled(cluster) if edits_wanted or edits.are_kept(dsn) else None
    agreed = _load(
        dsn,
        manifest,
        store,
        facts,
        cluster.clock.now_us(),
        erased,
        rows_wanted=rows_wanted,
        edits_wanted=edits_wanted,
        other_log=ZONE_ALERTS.name not in same,
    )
    for table in manifest.tables:
        report(f"table {table.name}: {_done(table.rows.lines, 'rows', rows_wanted)}")
    for table in manifest.edits.tables if manifest.edits else ():
        report(f"table {table.name}: {_done(table.rows.lines, 'rows', edits_wanted)}")
    unopened = edits.unopened(dsn, installation.sealing_keys)
    for line in (*agreed, *unopened, *unopened_entries(dsn, installation.vault_keys)):
        report(line)
    complete(installation, erased, report)
    # What no release of the backup's time had put into the tables is read from its beginning.
    offsets = {**{topic.name: {} for topic in SUNK}, **manifest.offsets}
    way = way_back(cluster, offsets, same)
    set_back(cluster, way.wanted)
    if way.again or way.gone:
        report(f"the sink reads {way.again} records again; {way.gone} that came since have expired")
    return manifest


def _done(number: int, what: str, written: bool) -> str:
    return f"{number} {what} {'restored and counted' if written else 'are there'}"


def _refuse_while_something_runs(cluster: Cluster, dsn: str) -> None:
    """Refuse to restore beside a process that would go on from what it remembers.

    Raises:
        Stop: One runs.
        Retry: Broker or database are out of reach.
    """
    running = members(cluster, (INFERENCE, STAGE, SINK_TIMESCALE, SINK_REDIS))
    if notifies(dsn):
        running.append("a notifier")
    if running:
        raise Stop(f"{' and '.join(running)} still runs: end every process of the pipeline first")


def _refuse_what_is_not_ours(cluster: Cluster, manifest: Manifest) -> None:
    """Refuse a backup of another run, or of a release with other migrations.

    Raises:
        Stop: The backup is of such a run or release.
    """
    if manifest.topic_prefix != cluster.prefix:
        raise Stop(
            f"the backup is of the run {manifest.topic_prefix!r}, not {cluster.prefix!r} "
            "(WARDSTREAM_TOPIC_PREFIX)"
        )
    ours = {migration.name: migration.sha256 for migration in migrations()}
    for name, sha256 in sorted(manifest.migrations.items()):
        if ours.get(name) != sha256:
            raise Stop(
                f"the backup's tables were made by migration {name}, which this release "
                f"{'has altered' if name in ours else 'does not know'}: restore it with release "
                f"{manifest.release} or a later one"
            )


def _check_rows(dsn: str, manifest: Manifest, *, replace: bool) -> bool:
    """Whether rows must be written.

    Raises:
        Stop: The database holds other rows, and `replace` is not set.
        Retry: The database is out of reach.
    """
    with tables.snapshot(dsn) as connection:
        if not tables.applied(connection):
            return True
        if rows.difference(connection, manifest) is None:
            return False
        full = tables.filled(connection)
    if full and not replace:
        raise Stop(
            f"the database is not empty ({', '.join(full)}): give the run an empty one, or "
            "--replace puts the backup's rows in the place of those that it covers"
        )
    return True


def hole(dsn: str, manifest: Manifest) -> str:
    """Describe what a backup with `--since` left out and the database lacks; empty for nothing.

    Raises:
        Retry: The database is out of reach.
    """
    since_us = manifest.since_us
    if since_us is None:
        return ""
    newest = _newest_us(dsn)
    if newest is not None and newest >= since_us - tables.MARGIN_US:
        return ""
    ends = "is empty" if newest is None else f"ends at {show_time(newest)}"
    return (
        f"the backup begins at {show_time(since_us)} and the database {ends}: what lies between "
        "will be missing for good"
    )


def loss(
    dsn: str, manifest: Manifest, store: ObjectStore, gone: int, same: AbstractSet[str]
) -> str:
    """Describe rows since the backup that no topic can give back; empty for none.

    Args:
        dsn: Connection string of the database.
        manifest: Manifest of the backup.
        store: Store of its objects.
        gone: Number of records since the backup that the topics no longer hold.
        same: Names of topics that are still those of the backup.

    Raises:
        Stop: The backup is damaged.
        Retry: The database or the store is out of reach.
    """
    with tables.snapshot(dsn) as connection:
        held = rows.later(connection, manifest, store) if tables.applied(connection) else []
    kept = {one.topic for one in held} <= same
    if not held or (kept and not gone):
        return ""
    first = held[0]
    why = f"{gone} records have expired in their topics" if kept else "their topics are gone"
    return (
        f"the database holds {sum(one.seq - one.copied for one in held)} records of {len(held)} "
        f"keys that came after the backup of {show_time(manifest.made_us)} ({first.topic} of "
        f"{first.key} up to seq {first.seq}, the backup up to {first.copied}), and {why}: "
        "replacing them loses them"
    )


def _newest_us(dsn: str) -> int | None:
    with tables.snapshot(dsn) as connection:
        return tables.newest_us(connection) if tables.applied(connection) else None


def _load(
    dsn: str,
    manifest: Manifest,
    store: ObjectStore,
    facts: Sequence[Fact] | None,
    now_us: int,
    erased: Sequence[Erased],
    *,
    rows_wanted: bool,
    edits_wanted: bool,
    other_log: bool,
) -> list[str]:
    """Create the tables as they were, fill all or none, then migrate them to this release.

    Args:
        dsn: Connection string of the database.
        manifest: Manifest of the backup.
        store: Store of its objects.
        facts: Every fact of the topics; None where nothing is edited yet.
        now_us: Now, UTC microseconds.
        erased: Who was erased; nobody of them is there when the transaction ends.
        rows_wanted: Whether the tables of rows are filled.
        edits_wanted: Whether the tables of edits are filled.
        other_log: Whether the alerts' topic is not the backup's.

    Returns:
        What became of edits, in lines.
    """
    with database_errors(), psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        made = tables.applied(connection)
    if not made:
        migrate(dsn, [m for m in migrations() if m.name in manifest.migrations])
    agreed: list[str] = []
    with tables.snapshot(dsn) as connection:
        if facts is not None:
            edits.hold(connection)
        if rows_wanted:
            rows.load(connection, manifest, store)
        if edits_wanted:
            edits.load(connection, manifest, store)
        load_vault(connection, manifest, store)
        if facts is not None:
            agreed = agree(connection, manifest.topic_prefix, facts, now_us)
        forget(connection, erased)
        if other_log:
            forget_positions(connection)
    if not rows_wanted:
        return agreed
    migrate(dsn)
    with database_errors(), psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("ANALYZE")
    return agreed
