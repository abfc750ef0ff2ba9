"""The TimescaleDB sink: one batch is one transaction; the same batch twice leaves the same rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg
import structlog
from psycopg import sql

from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.topic_partition import Partition
from runtime.process.metrics import (
    SINK_DUPLICATES,
    SINK_EXPIRED,
    SINK_MISSING,
    SINK_ROWS,
    SINK_WRITE_SECONDS,
)
from runtime.process.sections import SinkSettings
from schemas.topics import VERSIONED_TOPICS
from workers.sinks.timescale.admission import (
    Admission,
    admit,
    check_old,
    lock_progress,
    save_progress,
)
from workers.sinks.timescale.offsets import Offsets, positions_of
from workers.storage.item import Gap, Item
from workers.storage.timescale.connection import connect, database_errors, stage
from workers.storage.timescale.queries import insertion, query
from workers.storage.timescale.rows import EPOCH, Row, at
from workers.storage.timescale.tables import (
    DERIVED_TABLES,
    ENTRY_TABLES,
    OCCUPANCY_TABLE,
    VERSIONED_TABLES,
    Table,
)

log = structlog.get_logger(__name__)

_VERSIONED = {topic.name for topic in VERSIONED_TOPICS}
_ENTRIES = {table.topic.name for table in ENTRY_TABLES}
_MINUTES_REACH = timedelta(seconds=150)
"""How far back a measurement changes minutes: it holds for 30 s, which may start in the minute
before, and that minute's first value may have started 30 s earlier."""

_LOCK_MS = 2_000
"""Longest wait of retention for a lock, ms: records wait meanwhile, and a backup holds it long."""
_LOCKED_S = 60.0


class TimescaleSink:
    """Writes derived records, reference data, decisions, feedback and the audit as rows.

    Args:
        cluster: Cluster whose topics fill the database.
        dsn: URL of the database.
        settings: The interval of positions, and how often retention is applied.
        schema: Schema of the tables; a rebuild has its own.
    """

    name = "timescale"

    def __init__(
        self, cluster: Cluster, dsn: str, settings: SinkSettings, schema: str = "live"
    ) -> None:
        self._prefix = cluster.prefix
        self._dsn = dsn
        self._settings = settings
        self._clock = clock = cluster.clock
        self._schema = schema
        self._interval_us = round(settings.position_interval_s * 1e6)
        self._retained_s = clock.monotonic_s()
        self._connection: psycopg.Connection | None = None
        self._offsets = Offsets(cluster.prefix)

    def prepare(self) -> None:
        """Connect, so that a wrong database is noticed before the first record.

        Raises:
            Retry: The database is out of reach.
            Stop: It is not migrated, or another run's topics fill it.
        """
        self._connected()

    def write(self, items: Sequence[Item]) -> list[Gap]:
        """Write a batch in one transaction, progress included.

        Returns:
            Seqs that never came before records of the batch.

        Raises:
            Retry: The database is out of reach; nothing was written.
            DeadLetter: The database cannot hold a value of the batch; nothing was written.
            Stop: A seq or version came again with other bytes, the seqs of a key started again, or
                the tables are not ours.
            WentBack: The database lacks what it held; nothing was written.
        """
        started_s = self._clock.monotonic_s()
        versions = [item for item in items if item.topic.name in _VERSIONED]
        entries = [item for item in items if item.topic.name in _ENTRIES]
        derived = [item for item in items if item.topic.name not in _VERSIONED | _ENTRIES]
        written: Counter[str] = Counter()
        expired: Counter[str] = Counter()
        positions = positions_of(items)
        try:
            connection = self._connected()
            with database_errors(), connection.transaction(), connection.cursor() as cursor:
                self._offsets.check(cursor)
                _write_versions(cursor, versions, written)
                _write_entries(cursor, entries, written, expired)
                admission = admit(derived, lock_progress(cursor, derived) if derived else {})
                check_old(cursor, admission.old, admission.before)
                self._write_derived(cursor, admission.new, written, expired)
                save_progress(cursor, admission)
                self._offsets.move(cursor, positions)
        except Retry:
            self._disconnect()
            raise
        self._offsets.moved(positions)
        _report(admission, written, expired)
        SINK_WRITE_SECONDS.labels(self.name).observe(self._clock.monotonic_s() - started_s)
        return admission.gaps

    def _write_derived(
        self,
        cursor: psycopg.Cursor[Row],
        new: Sequence[Item],
        written: Counter[str],
        expired: Counter[str],
    ) -> None:
        if not new:
            return
        limits: dict[str, datetime] = dict(cursor.execute(query("limits")).fetchall())
        by_topic: defaultdict[str, list[Item]] = defaultdict(list)
        for item in new:
            by_topic[item.topic.name].append(item)
        for table in DERIVED_TABLES:
            rows = table.fold(by_topic[table.topic.name], self._interval_us)
            kept = _kept(table, rows, limits)
            expired[table.name] += len(rows) - len(kept)
            if kept:
                stage(cursor, table.name, table.columns, kept)
                written[table.topic.name] += cursor.execute(insertion(table)).rowcount
                if table is OCCUPANCY_TABLE:
                    first = min(row[table.index("as_of")] for row in kept)
        if written[OCCUPANCY_TABLE.topic.name]:
            _recompute_minutes(cursor, first, limits)

    def noted(self) -> dict[Partition, int]:
        """Next offset of every partition that the database knows of.

        Raises:
            Retry: The database is out of reach.
        """
        with self._asking() as cursor:
            return self._offsets.read(cursor)

    def start(self, starts: Mapping[Partition, int], known: Mapping[Partition, int]) -> None:
        """Note where partitions start; see `KeepsOffsets`.

        Raises:
            Retry: The database is out of reach.
        """
        if starts:
            with self._asking() as cursor:
                self._offsets.start(cursor, starts)
        self._offsets.know(known)

    def lacks(self, offsets: Mapping[Partition, int]) -> bool:
        """Whether any of these is not noted yet."""
        return bool(self._offsets.ahead(offsets))

    def note(self, offsets: Mapping[Partition, int]) -> None:
        """Note positions without rows, such as those of dead letters; with none, only check.

        Raises:
            Retry: The database is out of reach.
            WentBack: It lacks what it held.
        """
        ahead = self._offsets.ahead(offsets)
        with self._asking() as cursor:
            self._offsets.check(cursor)
            self._offsets.move(cursor, ahead)
        self._offsets.moved(ahead)

    def forget(self, partitions: Iterable[Partition]) -> None:
        """These partitions were revoked."""
        self._offsets.forget(partitions)

    @contextmanager
    def _asking(self) -> Iterator[psycopg.Cursor[Row]]:
        """A separate transaction, apart from that of a batch."""
        try:
            connection = self._connected()
            with database_errors(), connection.transaction(), connection.cursor() as cursor:
                yield cursor
        except Retry:
            self._disconnect()
            raise

    def housekeep(self) -> None:
        """Drop what is older than its table's retention, when due; retry soon where it is locked.

        Raises:
            Retry: The database is out of reach.
        """
        now_s = self._clock.monotonic_s()
        if now_s - self._retained_s < self._settings.retention_every_s:
            return
        self._retained_s = now_s
        try:
            with database_errors():
                self._drop_expired(self._connected())
        except Retry:
            self._disconnect()
            raise

    def _drop_expired(self, connection: psycopg.Connection) -> None:
        try:
            with connection.transaction():
                connection.execute("SELECT set_config('lock_timeout', %s, true)", [str(_LOCK_MS)])
                dropped = connection.execute(
                    "SELECT * FROM drop_expired(%s)", [at(self._clock.now_us())]
                ).fetchall()
        except psycopg.errors.LockNotAvailable as error:
            log.info("sink.retention_postponed", error=str(error).strip())
            self._retained_s -= max(0.0, self._settings.retention_every_s - _LOCKED_S)
            return
        for table, chunks, rows in dropped:
            log.info("sink.retention", table=table, chunks=chunks, rows=rows)

    def close(self) -> None:
        """Disconnect from the database."""
        self._disconnect()

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = connect(self._dsn, self._prefix, self._schema)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _kept(table: Table, rows: list[Row], limits: dict[str, datetime]) -> list[Row]:
    limit = limits.get(table.name)
    if limit is None or table.time is None:
        return rows
    index = table.index(table.time)
    return [row for row in rows if row[index] >= limit]


def _recompute_minutes(
    cursor: psycopg.Cursor[Row], first: datetime, limits: dict[str, datetime]
) -> None:
    """Rebuild the minutes that the staged measurements touch; `first` is the oldest of them."""
    sources = ("zone_occupancy", "coverage", "occupancy_minutes", "coverage_minutes")
    times = {
        "since": first - _MINUTES_REACH,
        "kept_since": max([EPOCH, *(limits[name] for name in sources if name in limits)]),
    }
    cursor.execute(query("occupancy_minutes"), times)
    cursor.execute(query("coverage_minutes"), times)


def _write_versions(
    cursor: psycopg.Cursor[Row], versions: Sequence[Item], written: Counter[str]
) -> None:
    """Write versions of reference data and of decisions.

    Raises:
        Stop: A version came again with other bytes.
    """
    for table in VERSIONED_TABLES:
        items = [item for item in versions if item.topic.name == table.topic.name]
        if not items:
            continue
        digests: dict[str, bytes] = {}
        for item in items:
            if digests.setdefault(item.key, item.digest) != item.digest:
                raise _altered_error(table, item.key)
        stage(cursor, table.name, table.columns, table.fold(items, 0))
        altered = cursor.execute(_altered(table)).fetchone()
        if altered is not None:
            raise _altered_error(table, f"{altered[0]}@{altered[1]}")
        written[table.topic.name] += cursor.execute(insertion(table)).rowcount


def _write_entries(
    cursor: psycopg.Cursor[Row],
    entries: Sequence[Item],
    written: Counter[str],
    expired: Counter[str],
) -> None:
    """Write records that stand for themselves, each as it is on the log.

    Entries of the audit that are forged are written too: only `wardstream audit verify` judges
    them.
    """
    if not entries:
        return
    limits: dict[str, datetime] = dict(cursor.execute(query("limits")).fetchall())
    for table in ENTRY_TABLES:
        rows = table.fold([item for item in entries if item.topic.name == table.topic.name], 0)
        kept = _kept(table, rows, limits)
        expired[table.name] += len(rows) - len(kept)
        if kept:
            stage(cursor, table.name, table.columns, kept)
            written[table.topic.name] += cursor.execute(insertion(table)).rowcount


def _altered_error(table: Table, key: str) -> Stop:
    return Stop(
        f"key {key} of {table.topic.name} came again with other bytes: an edit needs a new version"
    )


def _altered(table: Table) -> sql.Composed:
    """Query for a staged version that the table holds with other contents."""
    return sql.SQL(
        "SELECT s.{key}, s.version FROM {stage} AS s JOIN {table} AS t"
        " ON t.{key} = s.{key} AND t.version = s.version"
        " WHERE t.digest <> s.digest ORDER BY 1, 2 LIMIT 1"
    ).format(
        key=sql.Identifier(table.identity[0]),
        stage=sql.Identifier(f"stage_{table.name}"),
        table=sql.Identifier(table.name),
    )


def _report(admission: Admission, written: Counter[str], expired: Counter[str]) -> None:
    """Count what a committed transaction did."""
    for topic, count in written.items():
        SINK_ROWS.labels(TimescaleSink.name, topic).inc(count)
    for topic, count in admission.duplicates.items():
        SINK_DUPLICATES.labels(TimescaleSink.name, topic).inc(count)
    for topic, count in admission.missing.items():
        if count:
            SINK_MISSING.labels(TimescaleSink.name, topic).inc(count)
    for gap in admission.gaps:
        log.warning("sink.seqs_missing", lost=gap.lost, error=str(gap.dead_letter))
    for table, count in expired.items():
        if count:
            SINK_EXPIRED.labels(table).inc(count)
