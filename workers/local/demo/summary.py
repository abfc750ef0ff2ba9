"""The summary at the end of the demo, counted from logs and tables."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic
from schemas.topics import DETECTIONS, TRACKS, ZONE_EVENTS, Topic
from workers.local.demo.latency_probe import LatencySummary
from workers.storage.timescale.tables import DERIVED_TABLES


@dataclass(slots=True)
class Summary:
    """One run, from the first frame to the last row.

    Attributes:
        source_frames: Frames in the clips, as counted in the files; None for live sources.
        not_sent: Frames read and not sent, by reason.
        outcomes: Frames by outcome, in detections.made.v1.
        reasons: Skipped and failed frames by reason.
        detections: Number of detections.
        tracks: Number of confirmed tracks.
        zone_events: Entries, exits and long stays by kind.
        rows: Rows in TimescaleDB by table, of this run.
        latency: Latency from capture to the event in a browser's stream, by kind of change.
        dead_letters: Number of inputs that could not be processed.
        detector: Detector that found the people.
        caution: Why no better detector ran; empty when there is none better.
    """

    source_frames: int | None = None
    not_sent: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    detections: int = 0
    tracks: int = 0
    zone_events: Counter[str] = field(default_factory=Counter)
    rows: dict[str, int] = field(default_factory=dict)
    latency: dict[str, LatencySummary] = field(default_factory=dict)
    dead_letters: int = 0
    detector: str = ""
    caution: str = ""

    @property
    def accounted(self) -> int:
        """Frames with a known outcome."""
        heartbeats = self.outcomes["HEARTBEAT"]
        return sum(self.outcomes.values()) - heartbeats + sum(self.not_sent.values())

    @property
    def drops(self) -> int:
        """Frames of the clips without an outcome, plus frames whose outcome is FAILED."""
        missing = 0 if self.source_frames is None else self.source_frames - self.accounted
        return missing + self.outcomes["FAILED"]

    def text_lines(self) -> list[str]:
        """The summary as text."""
        frames = "live" if self.source_frames is None else str(self.source_frames)
        outcomes = dict(self.outcomes)
        heartbeats = outcomes.pop("HEARTBEAT", 0)
        parts = [
            f"{count} {name.lower()}"
            for name, count in [*sorted(outcomes.items()), *sorted(self.not_sent.items())]
        ]
        events = {name: self.zone_events[name] for name in ("ENTERED", "LEFT", "DWELL_EXCEEDED")}
        lines = [
            (
                f"frames        {frames} in the source = {' + '.join(parts) or 'none'}"
                f" (sum {self.accounted}; {heartbeats} heartbeats besides)"
            ),
            f"detections    {self.detections}",
            f"tracks        {self.tracks} confirmed",
            (
                f"zones         {events['ENTERED']} entries, {events['LEFT']} exits, "
                f"{events['DWELL_EXCEEDED']} long stays"
            ),
        ]
        lines += [f"  {name}: {count}" for name, count in sorted(self.reasons.items())]
        lines += [
            f"latency       capture to browser, {kind}: p50 {one.p50_ms:.0f} ms, "
            f"p95 {one.p95_ms:.0f} ms, p99 {one.p99_ms:.0f} ms ({one.count} events)"
            for kind, one in sorted(self.latency.items())
        ]
        rows = ", ".join(f"{count} {table}" for table, count in self.rows.items())
        lines += [f"TimescaleDB   {rows}", f"dead letters  {self.dead_letters}"]
        lines += [f"detector      {self.detector}"]
        lines += [f"! {self.caution}"] if self.caution else []
        return [*lines, f"drops: {self.drops}"]


def new_records(
    cluster: Cluster, topic: Topic, since: dict[tuple[str, int], int]
) -> list[dict[str, Any]]:
    """Decoded records of a topic appended after the given ends, duplicates by seq dropped.

    Raises:
        Retry: The broker is out of reach.
    """
    codec = cluster.registry.reader(topic)
    seen: set[tuple[bytes | None, int]] = set()
    records = []
    for message in read_topic(cluster, topic):
        start = since.get((message.topic() or "", message.partition() or 0), 0)
        if (message.offset() or 0) < start:
            continue
        record = codec.decode(message.value())
        identity = (message.key(), record.get("seq", record.get("captured_us", 0)))
        if identity not in seen:
            seen.add(identity)
            records.append(record)
    return records


def summarise(
    cluster: Cluster,
    dsn: str,
    since: dict[tuple[str, int], int],
    starts_us: int,
    ledgers: list[dict[str, Any]],
) -> Summary:
    """Count a run from its logs and tables.

    Args:
        cluster: Where the topics are.
        dsn: URL of the database.
        since: Ends of the topics when the run began.
        starts_us: Event time at which the run starts, UTC microseconds.
        ledgers: What became of each frame, by the ledger of ingest.

    Raises:
        Retry: A service is out of reach.
    """
    summary = Summary()
    for ledger in ledgers:
        summary.not_sent.update(
            {name: n for name, n in ledger["outcomes"].items() if n and name != "sent"}
        )
    for record in new_records(cluster, DETECTIONS, since):
        summary.outcomes[record["outcome"]] += 1
        summary.detections += len(record["detections"])
        if record["reason"]:
            summary.reasons[f"{record['outcome'].lower()}, {record['reason']}"] += 1
    confirmed = {
        (record["camera_id"], track["track_id"])
        for record in new_records(cluster, TRACKS, since)
        for track in record["tracks"]
        if track["state"] == "CONFIRMED"
    }
    summary.tracks = len(confirmed)
    for record in new_records(cluster, ZONE_EVENTS, since):
        summary.zone_events[record["kind"]] += 1
    summary.rows = count_rows(dsn, starts_us)
    return summary


def count_rows(dsn: str, starts_us: int) -> dict[str, int]:
    """Rows of each table from an event time on.

    Raises:
        Retry: The database is out of reach.
    """
    counts = {}
    try:
        with psycopg.connect(dsn) as connection:
            for table in DERIVED_TABLES:
                query = sql.SQL("SELECT count(*) FROM {} WHERE {} >= to_timestamp(%s)")
                row = connection.execute(
                    query.format(
                        sql.Identifier(table.name),
                        sql.Identifier(str(table.time)),
                    ),
                    [starts_us / 1e6],
                ).fetchone()
                counts[table.name] = row[0] if row else 0
    except psycopg.OperationalError as error:
        raise Retry(f"TimescaleDB: {error}") from error
    return counts
