"""Where a sink resumes: at the position in its store, if that is before the one in Kafka.

A store with transactions notes the position of each partition beside its rows. When an older copy
replaces the store (a lagging standby, a dump, a disk that lost its last second), the offsets of the
group are ahead of the rows; reading on from them would leave a gap that no restart fills. The noted
positions went back together with the rows, so the sink resumes from them.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple, Protocol, runtime_checkable

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from runtime.clock import Clock
from runtime.errors import Retry, WardstreamError
from runtime.kafka.commits import Offsets
from runtime.kafka.topic_partition import Partition
from runtime.process.metrics import SINK_READ_AGAIN
from runtime.storage.breaker import Guard

log = structlog.get_logger(__name__)

NOTED: Final = "noted in the store"
"""Metadata of a committed offset: the store has noted a position of this partition."""

CHECK_EVERY_S: Final = 10.0
"""Pause between two checks of a store that is not written to, s."""

_ANSWER_S = 10.0


class WentBack(WardstreamError):
    """A store lacks rows that it held: an older copy has replaced it.

    Attributes:
        positions: Next offset of each partition concerned, as the store has it now.
    """

    def __init__(self, positions: Mapping[Partition, int]) -> None:
        super().__init__(f"the store went back in {len(positions)} partitions")
        self.positions = dict(positions)


class BrokerAway(Retry):
    """The broker does not report the offsets of partitions."""


@runtime_checkable
class KeepsOffsets(Protocol):
    """A store that notes the position of each partition beside its rows."""

    def noted(self) -> dict[Partition, int]:
        """Noted position of every partition that the store knows.

        Raises:
            Retry: The store is out of reach.
        """
        ...

    def start(self, starts: Mapping[Partition, int], known: Mapping[Partition, int]) -> None:
        """Note where partitions start.

        Args:
            starts: Positions to note, whatever was noted before.
            known: Positions that the store must never fall below from now on.

        Raises:
            Retry: The store is out of reach.
        """
        ...

    def lacks(self, offsets: Mapping[Partition, int]) -> bool:
        """Whether any of these is not noted yet, without asking the store."""
        ...

    def note(self, offsets: Mapping[Partition, int]) -> None:
        """Note positions that `write` has not noted; with none, only check the store.

        Raises:
            Retry: The store is out of reach.
            WentBack: It lacks rows that it held.
        """
        ...

    def forget(self, partitions: Iterable[Partition]) -> None:
        """These partitions were revoked."""
        ...


class Commit(NamedTuple):
    """Committed position of a partition.

    Attributes:
        offset: The next offset to read.
        noted: Whether the sink that committed it notes positions in its store.
    """

    offset: int
    noted: bool


class Start(NamedTuple):
    """Where a partition is read from.

    Attributes:
        offset: Where to start; None leaves it to the group.
        known: Position of the store; None when neither store nor group has one.
        note: Whether `known` must be noted again.
    """

    offset: int | None
    known: int | None
    note: bool


def start_of(commit: Commit | None, noted: int | None, end: int, *, reading: bool) -> Start:
    """Decide where a partition is to be read from; pure.

    Args:
        commit: Position of the group; None when it has none.
        noted: Position of the store; None when it has none.
        end: Offset after the last record.
        reading: Whether the partition is being read already, from anywhere.
    """
    if noted is not None and noted > end:
        # The position belongs to a topic that has been deleted.
        first = 0 if commit is None else min(commit.offset, end)
        return Start(first if reading else None, first, note=True)
    if noted is None:
        if reading or (commit is not None and commit.noted):
            return Start(0, 0, note=True)
        if commit is None:
            return Start(None, None, note=False)
        return Start(None, commit.offset, note=True)  # committed by a release that noted none
    if reading or (commit is not None and noted < commit.offset):
        return Start(noted, noted, note=False)
    return Start(None, noted, note=False)


class Resume:
    """Makes one consumer read what its store lacks.

    Args:
        store: Notes positions.
        name: Name of the sink, for metrics and log.
        consumer: Consumer of the partitions.
        clock: Gives the time.
        guard: Circuit breaker of the store.
    """

    def __init__(
        self, store: KeepsOffsets, name: str, consumer: Consumer, clock: Clock, guard: Guard
    ) -> None:
        self._store = store
        self._name = name
        self._consumer = consumer
        self._clock = clock
        self._guard = guard
        self._unconfirmed: dict[Partition, bool] = {}
        self._checked_s = clock.monotonic_s()

    def assigned(self, partitions: Iterable[Partition]) -> None:
        """Partitions are read from their committed offset on, until `confirm` was called."""
        self._unconfirmed |= dict.fromkeys(partitions, False)

    def committable(self, offsets: Offsets) -> Offsets:
        """Those of some offsets that may be committed, after the store has noted them.

        An offset of an unconfirmed partition may not be committed.
        """
        confirmed = {
            partition: offset
            for partition, offset in offsets.items()
            if partition not in self._unconfirmed
        }
        try:
            return confirmed if confirmed and self._note(confirmed) else {}
        except Retry as error:
            log.warning("sink.offsets_not_noted", error=str(error))
            return {}

    def lost(self, partitions: Collection[Partition]) -> None:
        """These partitions were revoked."""
        for partition in partitions:
            self._unconfirmed.pop(partition, None)
        self._store.forget(partitions)

    def went_back(self, error: WentBack) -> None:
        """Handle the error of a store that went back, raised by a write."""
        self._unconfirmed |= dict.fromkeys(error.positions, True)
        self._store.forget(error.positions)

    def check(self) -> None:
        """Check from time to time that a store that is not written to still holds its rows.

        Raises:
            Retry: It is out of reach.
        """
        if self._clock.monotonic_s() - self._checked_s < CHECK_EVERY_S:
            return
        try:
            with self._guard.trying():
                self._store.note({})
        except WentBack as error:
            self.went_back(error)
        self._checked_s = self._clock.monotonic_s()

    def _note(self, offsets: Offsets) -> bool:
        """Save these in the store, since the group's offsets must never be ahead of the store's.

        Returns:
            False when it went back: the offsets must not be committed.

        Raises:
            Retry: It is out of reach.
        """
        if not self._store.lacks(offsets):
            return True
        try:
            with self._guard.trying():
                self._store.note(offsets)
        except WentBack as error:
            self.went_back(error)
            return False
        return True

    def confirm(self) -> set[Partition]:
        """Find where unconfirmed partitions start; returns those that were set back.

        Their records in hand must be dropped: they come again, in order.

        Raises:
            Retry: The store or the broker does not answer; nothing may be written before it does.
        """
        if not self._unconfirmed:
            return set()
        with self._guard.trying():
            noted = self._store.noted()
        commits = self._commits(self._unconfirmed)
        starts: dict[Partition, Start] = {}
        back: dict[Partition, tuple[int, int]] = {}
        for partition, reading in self._unconfirmed.items():
            commit, held = commits.get(partition), noted.get(partition)
            first, end = 0, held or 0
            if reading or held != (commit.offset if commit else None):
                first, end = self._span(partition)
            found = start_of(commit, held, end, reading=reading)
            starts[partition] = found
            if found.offset is not None:
                back[partition] = (found.offset, max(found.offset, first))
        again = {p: s.known for p, s in starts.items() if s.note and s.known is not None}
        known = {p: s.known for p, s in starts.items() if s.known is not None}
        with self._guard.trying():
            self._store.start(again, known)
        self._set_back(back, commits)
        self._unconfirmed.clear()
        return set(back)

    def _set_back(
        self, back: Mapping[Partition, tuple[int, int]], commits: Mapping[Partition, Commit]
    ) -> None:
        again, gone = 0, 0
        for partition, (wanted, first) in sorted(back.items()):
            try:
                self._consumer.seek(TopicPartition(*partition, first))
            except KafkaException as error:
                where, why = f"{partition[0]}[{partition[1]}]", error.args[0].str()
                raise BrokerAway(f"{where} cannot be read again yet: {why}") from error
            commit = commits.get(partition)
            again += max(0, commit.offset - first) if commit else 0
            gone += first - wanted
        if not back:
            return
        SINK_READ_AGAIN.labels(self._name).inc(again)
        log.error(
            "sink.store_went_back",
            store=self._name,
            partitions=len(back),
            records_again=again,
            records_gone=gone,
            message="the store lacks records that it held: an older copy has replaced it; the "
            "missing records are read again, as far as the topics still have them",
        )

    def _commits(self, partitions: Iterable[Partition]) -> dict[Partition, Commit]:
        wanted = [TopicPartition(*partition) for partition in sorted(partitions)]
        try:
            found = self._consumer.committed(wanted, timeout=_ANSWER_S)
        except KafkaException as error:
            raise BrokerAway(f"committed offsets are unknown: {error.args[0].str()}") from error
        for one in found:
            if one.error is not None:
                raise BrokerAway(
                    f"committed offset of {one.topic}[{one.partition}]: {one.error.str()}"
                )
        return {
            (one.topic, one.partition): Commit(one.offset, one.metadata == NOTED)
            for one in found
            if one.offset >= 0
        }

    def _span(self, partition: Partition) -> tuple[int, int]:
        try:
            return self._consumer.get_watermark_offsets(
                TopicPartition(*partition), timeout=_ANSWER_S
            )
        except KafkaException as error:
            raise BrokerAway(
                f"what {partition[0]}[{partition[1]}] holds is unknown: {error.args[0].str()}"
            ) from error
