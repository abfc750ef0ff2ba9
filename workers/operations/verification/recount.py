"""Count the pipeline again, stage against stage, up to what every process has committed.

    frames -> outcomes -> tracks, presence, links, events, occupancy -> tables, minutes and Redis

The pipeline may keep running: what is settled is read first, the logs afterwards, and only what
was settled must agree. Partitions are read one after another, so that one floor's window is in
memory at a time.
"""

from collections.abc import Mapping

from runtime.errors import Stop
from runtime.kafka.dead_letter_log import read_dead_letters
from runtime.kafka.reader import spans
from schemas.topics import (
    DERIVED_TOPICS,
    DETECTIONS,
    FRAMES,
    LINKS,
    LIVE_TOPICS,
    OCCUPANCY,
    PRESENCE,
    TRACKS,
    ZONE_EVENTS,
    Topic,
)
from schemas.topics import OCCUPANCY_LATEST as LATEST
from workers.operations.installation import Installation
from workers.operations.verification.committed import Committed, LiveValue, take
from workers.operations.verification.folds import (
    compare_events,
    compare_latest,
    compare_links,
    compare_presence,
    compare_tracks,
)
from workers.operations.verification.logs import LogPosition, PartitionLog, read_partition
from workers.operations.verification.minutes import compare_minutes
from workers.operations.verification.outcomes import Outcomes
from workers.operations.verification.result import Check, Window
from workers.operations.verification.stores import (
    compare_facts,
    compare_live,
    compare_progress,
    compare_rest,
    compare_table,
)
from workers.stages import SINK_REDIS, SINK_TIMESCALE
from workers.storage.timescale.tables import DERIVED_TABLES

AHEAD_MS = 10_000
"""An event is appended at most this long before its own time; ingest and fold allow 5 s."""


def recount(installation: Installation, window: Window) -> list[Check]:
    """Compare everything whose event time is in a window.

    Args:
        installation: Where everything is.
        window: Event times.

    Returns:
        The checks in the order of the pipeline; each holds its first mismatch.

    Raises:
        Retry: Something is out of reach.
        RegistryUnavailable: The schema registry is.
        Stop: The window begins before what the topics keep.
    """
    if window.from_us >= window.to_us:
        raise Stop("--from must be before --to")
    return _Recount(installation, window).run()


class _Recount:
    """One run; see `recount`."""

    def __init__(self, installation: Installation, window: Window) -> None:
        self._installation = installation
        self._cluster = installation.cluster
        self._window = window
        self._interval_s = installation.sink.position_interval_s
        self._registry = self._cluster.registry
        self._since_ms = max(0, window.from_us // 1000 - AHEAD_MS)
        self._lost = Check("records that the log lost unread")
        self._frames = Check("frames and their outcomes")
        self._tracks = Check("detections and tracks")
        self._seqs = {topic: Check(f"{topic.name} by seq") for topic in (*DERIVED_TOPICS, LATEST)}
        self._links = Check("tracks and links")
        self._events = Check("zone events and occupancy")
        self._presence = Check("presence and occupancy")
        self._latest = Check("newest occupancy and measured")
        self._progress = Check("committed records and table sink_progress")
        self._tables = {table.name: Check(f"table {table.name}") for table in DERIVED_TABLES}
        self._redis = Check("Redis and the topics")

    def run(self) -> list[Check]:
        """Compare everything."""
        self._refuse_what_is_gone()
        committed = take(self._installation, self._window, DERIVED_TOPICS, LIVE_TOPICS)
        dead_letters = read_dead_letters(self._cluster)
        dead_lettered = {
            (dead_letter.topic, dead_letter.partition, dead_letter.offset): dead_letter.stage
            for dead_letter in dead_letters
            if dead_letter.lost is None
        }
        for dead_letter in dead_letters:
            # What is gone has no event time; it was found to be gone afterwards.
            if dead_letter.lost is not None and dead_letter.at_us >= self._window.from_us:
                self._lost.add("losses")
                where = f"{dead_letter.topic} partition {dead_letter.partition}"
                self._lost.fault(where, dead_letter.headers.get("error", dead_letter.lost))
        outcomes = Outcomes(
            self._cluster,
            self._registry.reader(DETECTIONS),
            since_ms=self._since_ms,
            window=self._window,
            dead_lettered=dead_lettered.keys(),
            check=self._frames,
        )
        live = committed.live
        for partition in self._partitions():
            live = self._partition(partition, committed, dead_lettered, outcomes, live)
        outcomes.compare_frames(self._registry.reader(FRAMES), committed.inference)
        for table in DERIVED_TABLES:
            compare_rest(table, committed, self._interval_s, self._window, self._tables[table.name])
        for value in live:
            if self._window.holds(value.as_of_us):
                self._redis.fault(value.key, f"shows seq {value.seq}, which no topic holds")
        return [
            self._lost,
            self._frames,
            self._tracks,
            *self._seqs.values(),
            self._links,
            self._events,
            self._presence,
            self._latest,
            self._progress,
            *compare_facts(self._cluster, committed),
            *self._tables.values(),
            *compare_minutes(committed.minutes, committed.progress),
            self._redis,
        ]

    def _refuse_what_is_gone(self) -> None:
        for topic in (DETECTIONS, *DERIVED_TOPICS):
            whole = spans(self._cluster, topic)
            started = spans(self._cluster, topic, since_ms=self._since_ms)
            for partition, (start, _) in started.items():
                if start > 0 and start == whole.get(partition, (0, 0))[0]:
                    raise Stop(
                        f"{topic.name} no longer holds all of that time: choose a later --from"
                    )

    def _partitions(self) -> list[int]:
        found = {
            partition
            for topic in (DETECTIONS, *DERIVED_TOPICS)
            for partition in spans(self._cluster, topic, since_ms=self._since_ms)
        }
        return sorted(found)

    def _partition(
        self,
        partition: int,
        committed: Committed,
        dead_lettered: Mapping[LogPosition, str],
        outcomes: Outcomes,
        live: list[LiveValue],
    ) -> list[LiveValue]:
        """Everything of one partition; returns the live values of other partitions."""
        logs = {
            topic.name: self._read(topic, partition, committed, dead_lettered)
            for topic in (*DERIVED_TOPICS, LATEST)
        }
        folded = committed.stream.get((DETECTIONS.name, partition), 0)
        compare_tracks(
            outcomes.read(partition, folded),
            logs[TRACKS.name],
            source=self._cluster.name(DETECTIONS),
            partition=partition,
            folded=folded,
            window=self._window,
            check=self._tracks,
        )
        compare_links(logs[LINKS.name], logs[TRACKS.name], window=self._window, check=self._links)
        progress, window = committed.progress, self._window
        occupancy = logs[OCCUPANCY.name]
        compare_events(
            logs[ZONE_EVENTS.name], occupancy, progress=progress, window=window, check=self._events
        )
        compare_presence(
            logs[PRESENCE.name], occupancy, progress=progress, window=window, check=self._presence
        )
        compare_latest(logs[LATEST.name], occupancy, self._latest)
        for topic in DERIVED_TOPICS:
            log, given_up = logs[topic.name], _of(dead_lettered, SINK_TIMESCALE)
            done = committed.timescale.get((topic.name, partition), 0)
            compare_progress(log, log.newest(done, given_up), committed, self._progress)
            for table in DERIVED_TABLES:
                if table.topic == topic:
                    compare_table(
                        table,
                        log,
                        committed,
                        self._interval_s,
                        self._window,
                        given_up,
                        self._tables[table.name],
                    )
        given_up = _of(dead_lettered, SINK_REDIS)
        newest = {
            topic.name: logs[topic.name].newest(
                committed.redis.get((topic.name, partition), 0), given_up
            )
            for topic in LIVE_TOPICS
        }
        lifetime_ms = round(self._installation.sink.live_expiry_s * 1000)
        return compare_live(
            logs,
            newest,
            live,
            expired_ms=self._cluster.clock.now_us() // 1000 - lifetime_ms // 2,
            window=self._window,
            check=self._redis,
        )

    def _read(
        self,
        topic: Topic,
        partition: int,
        committed: Committed,
        dead_lettered: Mapping[LogPosition, str],
    ) -> PartitionLog:
        position = (topic.name, partition)
        return read_partition(
            self._cluster,
            self._registry.reader(topic),
            partition,
            since_ms=self._since_ms,
            committed=max(committed.timescale.get(position, 0), committed.redis.get(position, 0)),
            dead_lettered=dead_lettered.keys(),
            check=self._seqs[topic],
            sparse=topic is LATEST,
        )


def _of(dead_lettered: Mapping[LogPosition, str], stage: str) -> set[LogPosition]:
    """What one process gave up."""
    return {position for position, by in dead_lettered.items() if by == stage}
