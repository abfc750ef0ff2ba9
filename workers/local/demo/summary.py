"""The summary at the end of the demo, counted from logs and tables."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic
from schemas.topics import TRACKS, ZONE_EVENTS, Topic
from workers.local.demo.accounting import (
    DEAD_LETTERED,
    Account,
    account_for_recordings,
    account_for_streams,
    added,
)
from workers.local.demo.answers import Ends, read_answers
from workers.local.demo.ingest_records import IngestRecords
from workers.local.demo.latency_probe import LatencySummary
from workers.local.demo.scenario import VirtualCamera
from workers.storage.timescale.tables import DERIVED_TABLES


@dataclass(slots=True)
class Summary:
    """One run, from the first frame to the last row.

    Attributes:
        account: What became of every frame.
        live: Whether a source is live, so that its frames cannot be counted in a file.
        heartbeats: Number of heartbeats.
        cut: What each recording lacks that ended too early; empty when all are whole.
        unsettled: Why the pipeline has not processed everything, by stage; empty when it has.
        tracks: Number of confirmed tracks.
        zone_events: Entries, exits and long stays by kind.
        rows: Rows in TimescaleDB by table, of this run.
        latency: Latency from capture to the event in a browser's stream, by kind of change.
        dead_letters: Number of inputs that could not be processed.
        detector: Detector that found the people.
        caution: Why no better detector ran; empty when there is none better.
    """

    account: Account = field(default_factory=Account)
    live: bool = False
    heartbeats: int = 0
    cut: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    tracks: int = 0
    zone_events: Counter[str] = field(default_factory=Counter)
    rows: dict[str, int] = field(default_factory=dict)
    latency: dict[str, LatencySummary] = field(default_factory=dict)
    dead_letters: int = 0
    detector: str = ""
    caution: str = ""

    @property
    def drops(self) -> int:
        """Frames that are missing, plus frames that are dead letters."""
        return self.account.lost + self.account.fates[DEAD_LETTERED]

    @property
    def sound(self) -> bool:
        """Whether every frame has its outcome and every recording was whole."""
        return not self.drops and not self.cut

    def text_lines(self) -> list[str]:
        """The summary as text."""
        account = self.account
        frames = "live" if self.live else str(account.frames)
        fates = [*sorted(account.fates.items()), ("missing", account.lost)]
        parts = [f"{count} {name}" for name, count in fates if count]
        events = {name: self.zone_events[name] for name in ("ENTERED", "LEFT", "DWELL_EXCEEDED")}
        lines = [
            (
                f"frames        {frames} in the source = {' + '.join(parts) or 'none'}"
                f" (sum {account.frames}; {self.heartbeats} heartbeats besides)"
            ),
            *(f"! cut: {text}; copy it again if more of it exists" for text in self.cut),
            *(f"  missing: {text}" for text in account.missing_text()),
            *([f"  {account.besides} more frames in the log repeat these"] * (account.besides > 0)),
            f"detections    {account.detections}",
            f"tracks        {self.tracks} confirmed",
            (
                f"zones         {events['ENTERED']} entries, {events['LEFT']} exits, "
                f"{events['DWELL_EXCEEDED']} long stays"
            ),
        ]
        lines += [f"  {name}: {count}" for name, count in sorted(account.reasons.items())]
        lines += [
            f"latency       capture to browser, {kind}: p50 {one.p50_ms:.0f} ms, "
            f"p95 {one.p95_ms:.0f} ms, p99 {one.p99_ms:.0f} ms ({one.count} events)"
            for kind, one in sorted(self.latency.items())
        ]
        rows = ", ".join(f"{count} {table}" for table, count in self.rows.items())
        lines += [f"TimescaleDB   {rows}", f"dead letters  {self.dead_letters}"]
        lines += [f"detector      {self.detector or 'not known: inference does not answer'}"]
        lines += [f"! {self.caution}"] if self.caution else []
        lines += [f"not settled: {text}" for text in self.unsettled]
        return [*lines, f"drops: {self.drops}"]


def new_records(
    cluster: Cluster, topic: Topic, since: Ends, starts_us: int
) -> list[dict[str, Any]]:
    """Decoded records of a topic of this run, duplicates by seq dropped.

    Args:
        cluster: Where the topics are.
        topic: Topic to read.
        since: Ends of the topics when the run began.
        starts_us: Event time at which the run starts, UTC microseconds: what is older was left
            unprocessed by an earlier run.

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
        identity = (message.key(), record["seq"])
        at_us = record.get("captured_us", record.get("as_of_us", starts_us))
        if identity not in seen and at_us >= starts_us:
            seen.add(identity)
            records.append(record)
    return records


def summarise(
    cluster: Cluster,
    dsn: str,
    since: Ends,
    starts_us: int,
    cameras: Sequence[VirtualCamera],
    ingest: IngestRecords,
) -> Summary:
    """Count a run from its logs and tables.

    Args:
        cluster: Where the topics are.
        dsn: URL of the database.
        since: Ends of the topics when the run began.
        starts_us: Event time at which the run starts, UTC microseconds.
        cameras: Cameras of the run.
        ingest: What ingest wrote of the frames.

    Raises:
        Retry: A service is out of reach.
        RegistryUnavailable: The registry is.
    """
    answers = read_answers(cluster, since)
    recorded = {
        camera.camera_id: camera.clip.frames for camera in cameras if camera.clip.frames is not None
    }
    live = [camera.camera_id for camera in cameras if camera.camera_id not in recorded]
    summary = Summary(
        account=added(
            account_for_recordings(
                recorded, ingest.journal, answers.frames, stopped=ingest.stopped
            ),
            account_for_streams(live, ingest.not_sent(live), answers.frames),
        ),
        live=bool(live),
        cut=ingest.shortfalls(),
        heartbeats=answers.heartbeats,
        dead_letters=answers.dead_letters,
    )
    confirmed = {
        (record["camera_id"], track["track_id"])
        for record in new_records(cluster, TRACKS, since, starts_us)
        for track in record["tracks"]
        if track["state"] == "CONFIRMED"
    }
    summary.tracks = len(confirmed)
    for record in new_records(cluster, ZONE_EVENTS, since, starts_us):
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
    except psycopg.Error as error:
        raise Retry(f"TimescaleDB: {error}") from error
    return counts
