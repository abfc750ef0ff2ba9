"""Committed offset of every process, and what the stores hold at that moment.

Taken before any log is read, and in this order: offsets, tables, Redis. Whatever a process had
committed by then is in the logs, and in the stores, when they are looked at.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg
import redis
from psycopg import sql

from runtime.checkpoints.codec import HEAD_KEY, decode_head
from runtime.kafka.cluster import Cluster
from runtime.kafka.lag import LogProbe
from runtime.kafka.reader import read_topic
from runtime.retry import Tries, constant, retried
from schemas.live import LiveKind, index_key, state_key
from schemas.topics import DETECTIONS, FRAMES, STREAM_CHECKPOINTS, Topic
from workers.operations.installation import Installation
from workers.operations.verification.digests import Rows, group_rows
from workers.operations.verification.minutes import Minutes, take_minutes
from workers.operations.verification.result import Window
from workers.sinks.redis.change import LIVE_KINDS
from workers.sinks.redis.sink import redis_errors
from workers.stages import INFERENCE, SINK_REDIS, SINK_TIMESCALE
from workers.storage.timescale.connection import database_errors, search_path
from workers.storage.timescale.rows import at
from workers.storage.timescale.tables import DERIVED_TABLES, VERSIONED_TABLES

_AGAIN = constant(0.1, deadline_s=30.0)

Offsets = Mapping[tuple[str, int], int]
"""Next offset to read, by topic (without prefix) and partition."""


class LiveValue(NamedTuple):
    """One hash of the live state.

    Attributes:
        kind: What it shows.
        identity: Id of the zone, camera, floor or person that it shows.
        seq: Seq of the record that it holds.
        as_of_us: Event time of that record.
        value: The record, decoded.
    """

    kind: LiveKind
    identity: str
    seq: int
    as_of_us: int
    value: Any

    @property
    def key(self) -> str:
        """Kind and identity, as a report names them."""
        return f"Redis {self.kind} {self.identity}"


class Committed(NamedTuple):
    """Offsets, rows and values that are settled.

    Attributes:
        inference: Offsets of frames whose outcomes are in the log.
        stream: Offsets of detections that are folded, outputs in the log.
        timescale: Offsets whose records are in the tables.
        redis: Offsets whose records are, or were, in Redis.
        progress: Last seq in the tables, by topic (without prefix) and key.
        rows: Rows of each table in the window, by key.
        dropped: Time before which retention has emptied a table, by table.
        minutes: Rollups by minute, and what they are made of.
        live: The live state.
    """

    inference: Offsets
    stream: Offsets
    timescale: Offsets
    redis: Offsets
    progress: Mapping[tuple[str, str], int]
    rows: Mapping[str, Rows]
    dropped: Mapping[str, datetime]
    minutes: Minutes
    live: list[LiveValue]


def take(
    installation: Installation, window: Window, derived: tuple[Topic, ...], shown: tuple[Topic, ...]
) -> Committed:
    """Look at what is settled now.

    Args:
        installation: Where everything is.
        window: Event times of the rows to read; facts are read whole.
        derived: Topics that the TimescaleDB sink reads.
        shown: Derived topics that the Redis sink reads.

    Raises:
        Retry: Something is out of reach.
        Stop: The database or Redis refuses.
    """
    facts = tuple(table.topic for table in VERSIONED_TABLES)
    inference = committed_offsets(installation.cluster, INFERENCE, (FRAMES,))
    stream = folded_offsets(installation.cluster)
    timescale = committed_offsets(installation.cluster, SINK_TIMESCALE, (*facts, *derived))
    live = committed_offsets(installation.cluster, SINK_REDIS, shown)
    tables = _tables(installation.database_url, window)
    return Committed(inference, stream, timescale, live, *tables, _live_values(installation))


def committed_offsets(
    cluster: Cluster, stage: str, topics: tuple[Topic, ...]
) -> dict[tuple[str, int], int]:
    """Next offset that a stage has committed, by topic (without prefix) and partition.

    Raises:
        Retry: The broker is out of reach.
    """
    group = cluster.group(stage)
    names = {cluster.name(topic): topic.name for topic in topics}
    where = [
        (cluster.name(topic), partition)
        for topic in topics
        for partition in range(topic.partitions)
    ]
    probe = LogProbe(cluster)
    # A broker that has just started answers only once it has loaded its groups.
    tries = Tries(_AGAIN, cluster.clock)
    found = retried(lambda: probe.committed(group, where), tries)
    return {
        (names[topic], partition): offset
        for (topic, partition), offset in found.items()
        if offset > 0
    }


def folded_offsets(cluster: Cluster) -> dict[Any, int]:
    """Offsets of the detections that the stream processor's checkpoints have reached.

    Raises:
        Retry: The broker is out of reach.
    """
    heads: dict[Any, int] = {}
    for message in read_topic(cluster, STREAM_CHECKPOINTS):
        value = message.value()
        if message.key() == HEAD_KEY and value is not None:
            heads[DETECTIONS.name, message.partition() or 0] = decode_head(value).next_offset
    return heads


def _tables(
    dsn: str, window: Window
) -> tuple[dict[tuple[str, str], int], dict[str, Rows], dict[str, datetime], Minutes]:
    rows: dict[str, Rows] = {}
    with (
        database_errors(),
        psycopg.connect(dsn, connect_timeout=5, options=search_path()) as connection,
    ):
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        found = connection.execute("SELECT topic, key, seq FROM sink_progress")
        progress = {(topic, key): seq for topic, key, seq in found}
        dropped: dict[str, datetime] = dict(
            connection.execute(
                "SELECT table_name, dropped_before FROM retention"
                " WHERE dropped_before > '-infinity'"
            ).fetchall()
        )
        for table in (*VERSIONED_TABLES, *DERIVED_TABLES):
            columns = sql.SQL(", ").join(sql.Identifier(name) for name, _ in table.columns)
            statement = sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(table.name))
            span: list[datetime] = []
            if table.time is not None:
                statement += sql.SQL(" WHERE {0} >= %s AND {0} < %s").format(
                    sql.Identifier(table.time)
                )
                span = [at(window.from_us), at(window.to_us)]
            held = connection.execute(statement, span, binary=True).fetchall()
            rows[table.name] = group_rows(table, held)
        minutes = take_minutes(connection, window, dropped)
    return progress, rows, dropped, minutes


def _live_values(installation: Installation) -> list[LiveValue]:
    values: list[LiveValue] = []
    prefix = installation.live_prefix
    url = installation.redis_url
    with (
        redis_errors(),
        redis.Redis.from_url(url, socket_timeout=10.0, socket_connect_timeout=5.0) as client,
    ):
        for kind in LIVE_KINDS:
            members: Any = client.zrange(index_key(prefix, kind), 0, -1)
            pipeline = client.pipeline(transaction=False)
            names = [member.decode() for member in members]
            for name in names:
                pipeline.hgetall(state_key(prefix, kind, name))
            for name, fields in zip(names, pipeline.execute(), strict=True):
                if fields:
                    values.append(_live_value(kind, name, fields))
    return values


def _live_value(kind: LiveKind, name: str, fields: Mapping[bytes, bytes]) -> LiveValue:
    """A hash as the pipeline wrote it; what cannot be read in it differs from every record."""
    try:
        # Where a rebuild shows its own value, the pipeline's lies beside it.
        value = msgspec.json.decode(fields.get(b"unrevised", fields.get(b"json", b"")))
    except msgspec.DecodeError:
        value = None
    seq, as_of_us = (_number(fields.get(field, b"")) for field in (b"seq", b"as_of_us"))
    return LiveValue(kind, name, seq, as_of_us, value)


def _number(text: bytes) -> int:
    return int(text) if text.lstrip(b"-").isdigit() else -1
