"""Reads of badges for the fold, read far enough before any tick that takes one in."""

import threading
import weakref
from collections.abc import Mapping
from typing import Final

import structlog
from confluent_kafka import Message

from runtime.errors import Retry
from runtime.facts.log import APPEND_WITHIN_US
from runtime.kafka.cluster import Cluster
from runtime.kafka.end_reader import EndReader
from runtime.kafka.lag import LogProbe
from runtime.kafka.reader import spans
from runtime.kafka.topic_partition import Partition
from runtime.process.metrics import STREAM_BADGE_READS
from runtime.retry import Tries, constant, retried
from schemas.codec import UndecodableValue
from schemas.records.evidence import BadgeRead
from schemas.registry import RegistryUnavailable
from schemas.topics import BADGE_READS
from streams.domain.evidence.queue import VISIBLE_AFTER_US, visible_us
from streams.domain.evidence.waiting import AHEAD_US, KEPT_US, WaitingReads, fault_of

log = structlog.get_logger(__name__)

REFRESH_S: Final = 1.0
"""Seconds after which reads are read again while events flow."""

IDLE_S: Final = 60.0
"""A partition that folded no event for so long, seconds, is not followed until the next one: its
reads would pile up."""

AHEAD_OF_LOG_US: Final = 5_000_000
"""A read may say that it was recorded this long after it was appended, microseconds: clocks
differ."""

_LATE_US: Final = AHEAD_US + AHEAD_OF_LOG_US
"""A read is visible at most this long after it was appended, microseconds, unless it was recorded
a while before it was appended; and never before 5 s after it was recorded."""

_PIECE: Final = 10_000
_WAIT_S: Final = 30.0
_AGAIN = constant(0.05, deadline_s=_WAIT_S)

_READ, _UNUSABLE, _UNUSED, _BACK_DATED = map(
    STREAM_BADGE_READS.labels, ("read", "unusable", "unused", "back-dated")
)


class EvidenceSource:
    """Follows the reads of the partitions that a process folds.

    A read is visible 5 s after it was recorded, so reads read now are complete for events up to
    about 3 s ahead of now, as facts are; see `FactSource`.

    What cannot be used is counted and logged, and is no dead letter: reads are read again after a
    restart, from an offset that depends on how far they were read, and each would be a dead letter
    as often. It is left out by every fold alike.

    All but `partition` and `PartitionReads.resume` is called by one thread at a time.

    Args:
        cluster: Cluster that holds the topics.

    Attributes:
        topic: Name of the topic on the broker.
        back_dated: Number of reads that came too late: the tick that should have taken them in may
            be closed. A rebuild from the log would differ from what was written.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.back_dated = 0
        self._cluster = cluster
        self._clock = cluster.clock
        self.topic = cluster.name(BADGE_READS)
        self._codec = cluster.registry.reader(BADGE_READS)
        self._probe = LogProbe(cluster)
        self._input = EndReader(cluster, {}, "evidence", piece=_PIECE)
        self._followed: dict[int, weakref.ref[PartitionReads]] = {}
        self._refreshed_s = float("-inf")
        self._lock = threading.Lock()

    def partition(self, partition: int) -> "PartitionReads":
        """The reads of a partition, from where `resume` says; nothing is read before an event.

        They are followed for as long as somebody holds them.
        """
        return PartitionReads(self, partition)

    def is_old(self) -> bool:
        """Whether it is time to read again."""
        return bool(self._followed) and self._clock.monotonic_s() - self._refreshed_s >= REFRESH_S

    def refresh(self) -> None:
        """Read every partition that is followed to its current end.

        Raises:
            Retry: The broker or the schema registry is out of reach.
            Stop: The topic is shorter than before.
        """
        self._let_go()
        self._input.sync(self._take)
        with self._lock:
            for reads in self._held():
                # Markers of transactions may follow the last read.
                reads.next_offset = self._input.offsets[self._where(reads)]
        self._refreshed_s = self._clock.monotonic_s()

    def close(self) -> None:
        """Leave the broker."""
        self._input.close()

    def complete_for(self, reads: "PartitionReads", at_us: int) -> None:
        """Read until the reads of a partition are complete for ticks up to its newest event.

        Args:
            reads: Reads of the partition.
            at_us: Event time of that event, microseconds; never falls.

        Raises:
            Retry: The broker is out of reach, or the time is so far ahead that the reads are not
                complete within 30 s.
            Stop: The topic is shorter than before.
        """
        reads.asked_s = self._clock.monotonic_s()
        reads.newest_us = at_us
        if not self._follows(reads):
            self._follow(reads, at_us)
        if at_us > self._complete_until_us():
            self._complete(at_us)
        reads.ensured_us = at_us

    def offset_of(self, reads: "PartitionReads") -> dict[str, int]:
        """First offset of a partition's reads that no tick has taken in, by topic on the broker."""
        with self._lock:
            if reads.next_offset is None:
                return {}
            first = reads.waiting.first_offset()
            return {self.topic: reads.next_offset if first is None else first}

    def _complete_until_us(self) -> int:
        if not self._input.synced_us:
            return 0
        return self._input.synced_us + VISIBLE_AFTER_US - APPEND_WITHIN_US

    def _complete(self, at_us: int) -> None:
        tries = Tries(_AGAIN, self._clock)
        while True:
            self.refresh()
            ahead_s = (at_us - self._complete_until_us()) / 1e6
            if ahead_s <= 0:
                return
            tries.failed(
                Retry(
                    f"an event is {ahead_s:.1f} s ahead of what reads of badges are complete for",
                    retry_after_s=min(ahead_s, _WAIT_S),
                )
            )

    def _held(self) -> list["PartitionReads"]:
        found = (reference() for _, reference in sorted(self._followed.items()))
        return [reads for reads in found if reads is not None]

    def _follows(self, reads: "PartitionReads") -> bool:
        reference = self._followed.get(reads.partition)
        return reference is not None and reference() is reads

    def _follow(self, reads: "PartitionReads", at_us: int) -> None:
        """Read a partition from now on; a former owner's place in its log counts no more."""
        self._followed.pop(reads.partition, None)
        self._assign()
        reads.next_offset = self._start(reads, at_us)
        self._followed[reads.partition] = weakref.ref(reads)
        self._assign()

    def _let_go(self) -> None:
        """Follow no longer what nobody holds or folds; it goes on from there with an event."""
        idle_s = self._clock.monotonic_s() - IDLE_S
        kept = {
            reads.partition: self._followed[reads.partition]
            for reads in self._held()
            if reads.asked_s >= idle_s
        }
        if kept.keys() != self._followed.keys():
            self._followed = kept
            self._assign()

    def _assign(self) -> None:
        starts = {self._where(reads): reads.next_offset or 0 for reads in self._held()}
        self._input.follow(starts)

    def _where(self, reads: "PartitionReads") -> Partition:
        return self.topic, reads.partition

    def _start(self, reads: "PartitionReads", at_us: int) -> int:
        """First offset to read of a partition.

        Reads are known by their times, so any offset before it leads to the same; it only saves
        reading them.

        Raises:
            Retry: The broker is out of reach.
        """
        partition = reads.partition
        topics, tries = {self.topic: BADGE_READS.partitions}, Tries(_AGAIN, self._clock)
        start, end = retried(lambda: self._probe.spans(topics), tries)[self._where(reads)]
        saved = reads.next_offset
        if saved is not None and start <= saved <= end:
            return saved
        if saved is not None:
            log.warning(
                "evidence.gap", partition=partition, next_offset=saved, holds=f"{start} to {end}"
            )
        since_ms = max(0, (at_us - KEPT_US - _LATE_US) // 1_000)
        later = spans(self._cluster, BADGE_READS, [partition], since_ms=since_ms)
        return later.get(partition, (end, end))[0]

    def _take(self, messages: list[Message]) -> None:
        """Take in new reads.

        Raises:
            Retry: The schema registry is out of reach; nothing was taken.
        """
        decoded = [(message, self._decode(message)) for message in messages]
        held = {reads.partition: reads for reads in self._held()}
        with self._lock:
            for message, record in decoded:
                reads, offset = held.get(message.partition() or 0), message.offset() or 0
                if reads is not None:
                    reads.next_offset = offset + 1
                    if record is not None:
                        self._add(reads, offset, record)

    def _add(self, reads: "PartitionReads", offset: int, record: BadgeRead) -> None:
        due_us = visible_us(record)
        if due_us < reads.newest_us - KEPT_US:  # no tick takes it in any more
            if reads.ensured_us:
                reads.waiting.unused[record["floor_id"]] += 1
            return
        _READ.inc()
        reads.waiting.add(offset, record)
        if due_us <= reads.ensured_us:
            self.back_dated += 1
            _BACK_DATED.inc()
            log.error(
                "evidence.back_dated",
                partition=reads.partition,
                offset=offset,
                reader=record["reader_id"],
                late_us=reads.ensured_us - due_us,
            )

    def _decode(self, message: Message) -> BadgeRead | None:
        """The read in a record of the log; None for one that cannot be used.

        Raises:
            Retry: The schema registry is out of reach.
        """
        value = message.value()
        try:
            record: BadgeRead = self._codec.decode(
                value.encode() if isinstance(value, str) else value
            )
        except RegistryUnavailable as error:
            raise Retry(str(error)) from error
        except UndecodableValue as error:
            _refuse(message, str(error))
            return None
        fault = fault_of(record)
        ahead_us = record["recorded_at_us"] - message.timestamp()[1] * 1_000
        if fault is None and ahead_us > AHEAD_OF_LOG_US:
            fault = f"was recorded {ahead_us / 1e6:.1f} s after it was appended to the log"
        if fault is not None:
            _refuse(message, fault)
            return None
        return record


class PartitionReads:
    """The reads of one partition, for one fold.

    Args:
        source: Follows them.
        partition: The partition, of the detections and of the reads.

    Attributes:
        partition: The partition.
        waiting: Reads that no tick has taken in.
        next_offset: First offset that was not read; None before the first event.
        newest_us: Event time of the newest event, microseconds.
        ensured_us: Event time for which the reads were complete, microseconds; 0 before.
        asked_s: When the last event came, monotonic seconds.
    """

    def __init__(self, source: EvidenceSource, partition: int) -> None:
        self.partition = partition
        self.waiting = WaitingReads()
        self.next_offset: int | None = None
        self.newest_us = 0
        self.ensured_us = 0
        self.asked_s = 0.0
        self._source = source
        self._reported: set[str] = set()

    def resume(self, offsets: Mapping[str, int]) -> None:
        """Begin where a checkpoint says; called before the first event.

        Args:
            offsets: Next offset of each side input, by topic on the broker.
        """
        self.next_offset = offsets.get(self._source.topic)

    def ensure(self, newest_us: int) -> None:
        """Complete the reads for ticks up to the partition's newest event, UTC microseconds.

        Raises:
            Retry: The broker is out of reach, or the time is too far ahead of the clock.
            Stop: The topic is shorter than before.
        """
        self._source.complete_for(self, newest_us)
        self.waiting.ensure(newest_us)
        if self.waiting.unused:
            self._count_unused()

    def _count_unused(self) -> None:
        """Count reads that no tick took in; each floor is named in the log once."""
        for floor_id, number in self.waiting.unused.items():
            _UNUSED.inc(number)
            if floor_id not in self._reported:
                self._reported.add(floor_id)
                why = "no camera of the floor reported for an hour, or no such floor is here"
                log.error(
                    "evidence.unused",
                    partition=self.partition,
                    floor=floor_id,
                    number=number,
                    why=why,
                )
        self.waiting.unused.clear()

    def next_us(self, floor_id: str, after_us: int) -> int:
        """When the next read of a floor is visible; see `WaitingReads`."""
        return self.waiting.next_us(floor_id, after_us)

    def take(self, floor_id: str, after_us: int, end_us: int) -> list[BadgeRead]:
        """Take the reads of a floor that fall due in a tick; see `WaitingReads`."""
        return self.waiting.take(floor_id, after_us, end_us)

    def offsets(self) -> dict[str, int]:
        """First offset that no tick has taken in, by topic on the broker."""
        return self._source.offset_of(self)


def _refuse(message: Message, fault: str) -> None:
    """Count and log what cannot be used."""
    _UNUSABLE.inc()
    log.error(
        "evidence.unusable",
        partition=message.partition(),
        offset=message.offset(),
        error=fault,
    )
