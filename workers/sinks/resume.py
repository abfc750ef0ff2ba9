"""Where a sink goes on reading: where its store says, if that is before where Kafka says.

A store that takes part in a transaction notes there how far each partition is in it. When an older
copy takes its place (a standby that was behind, a dump, a disk that forgot its last second), the
group's offsets claim more than the store holds; reading on from them would leave a hole that no
restart fills. What is noted went back with the rows, so it is believed.
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
"""Goes with a committed offset: the store must know of this partition."""

LOOK_EVERY_S: Final = 10.0
"""How often a store is asked whether it still holds what it held, while nothing is written, s."""

_ANSWER_S = 10.0


class WentBack(WardstreamError):
    """A store lacks what it held: an older copy has taken its place.

    Attributes:
        places: What it holds now of the partitions concerned, as the next offset.
    """

    def __init__(self, places: Mapping[Partition, int]) -> None:
        super().__init__(f"the store went back in {len(places)} partitions")
        self.places = dict(places)


class BrokerAway(Retry):
    """The broker does not say where partitions stand."""


@runtime_checkable
class KeepsOffsets(Protocol):
    """A store that notes, with what it holds, how far each partition is in it."""

    def noted(self) -> dict[Partition, int]:
        """Next offset of every partition that the store knows of.

        Raises:
            Retry: The store is out of reach.
        """
        ...

    def begin(self, starts: Mapping[Partition, int], known: Mapping[Partition, int]) -> None:
        """Partitions are read from here on.

        Args:
            starts: To be noted, whatever was.
            known: What the store must not fall behind from now on.

        Raises:
            Retry: The store is out of reach.
        """
        ...

    def lacks(self, offsets: Mapping[Partition, int]) -> bool:
        """Whether any of these is not noted yet; asks nothing of the store."""
        ...

    def note(self, offsets: Mapping[Partition, int]) -> None:
        """Note how far partitions are, where `write` has not done so; none to only have a look.

        Raises:
            Retry: The store is out of reach.
            WentBack: It lacks what it held.
        """
        ...

    def forget(self, places: Iterable[Partition]) -> None:
        """Partitions went elsewhere."""
        ...


class Commit(NamedTuple):
    """What the group has committed of a partition.

    Attributes:
        offset: The next one to read.
        noted: It was committed by a sink that notes offsets in its store.
    """

    offset: int
    noted: bool


class Start(NamedTuple):
    """Where a partition is read from.

    Attributes:
        offset: None leaves it to the group.
        known: What the store holds of it; None when neither knows it.
        begin: Whether `known` must be noted anew.
    """

    offset: int | None
    known: int | None
    begin: bool


def start_of(commit: Commit | None, noted: int | None, end: int, *, reading: bool) -> Start:
    """Decide where a partition is to be read from; pure.

    Args:
        commit: What the group says; None when it says nothing.
        noted: What the store says; None when it says nothing.
        end: Offset behind the last record.
        reading: It is being read already, from anywhere.
    """
    if noted is not None and noted > end:
        # It is of a topic that is no more.
        begin = 0 if commit is None else min(commit.offset, end)
        return Start(begin if reading else None, begin, begin=True)
    if noted is None:
        if reading or (commit is not None and commit.noted):
            return Start(0, 0, begin=True)
        if commit is None:
            return Start(None, None, begin=False)
        return Start(None, commit.offset, begin=True)  # of a release that did not note them
    if reading or (commit is not None and noted < commit.offset):
        return Start(noted, noted, begin=False)
    return Start(None, noted, begin=False)


class Resume:
    """Makes one consumer read what its store lacks.

    Args:
        store: Notes offsets.
        name: Of the sink, for metrics and log.
        consumer: Whose partitions these are.
        clock: Tells when to look again.
        guard: Breaker of the store.
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
        self._looked_s = clock.monotonic_s()

    def assigned(self, places: Iterable[Partition]) -> None:
        """Partitions are read from their committed offset on, until `confirm` has looked."""
        self._unconfirmed |= dict.fromkeys(places, False)

    def committable(self, offsets: Offsets) -> Offsets:
        """Those of some offsets that may be committed: noted in the store, if they are not yet.

        Nothing of an unconfirmed partition may be.
        """
        confirmed = {
            place: offset for place, offset in offsets.items() if place not in self._unconfirmed
        }
        try:
            return confirmed if confirmed and self._note(confirmed) else {}
        except Retry as error:
            log.warning("sink.offsets_not_noted", error=str(error))
            return {}

    def lost(self, places: Collection[Partition]) -> None:
        """Partitions went elsewhere."""
        for place in places:
            self._unconfirmed.pop(place, None)
        self._store.forget(places)

    def went_back(self, error: WentBack) -> None:
        """The store has said so while it was written to."""
        self._unconfirmed |= dict.fromkeys(error.places, True)
        self._store.forget(error.places)

    def look(self) -> None:
        """Now and then, ask a store that is not written to whether it holds what it held.

        Raises:
            Retry: It is out of reach.
        """
        if self._clock.monotonic_s() - self._looked_s < LOOK_EVERY_S:
            return
        try:
            with self._guard.trying():
                self._store.note({})
        except WentBack as exc:
            self.went_back(exc)
        self._looked_s = self._clock.monotonic_s()

    def _note(self, offsets: Offsets) -> bool:
        """Make sure that the store has these noted, since the group's must never be ahead.

        Returns:
            False when it went back: they must not be committed.

        Raises:
            Retry: It is out of reach.
        """
        if not self._store.lacks(offsets):
            return True
        try:
            with self._guard.trying():
                self._store.note(offsets)
        except WentBack as exc:
            self.went_back(exc)
            return False
        return True

    def confirm(self) -> set[Partition]:
        """Look where unconfirmed partitions start; returns those that were set back.

        What is in hand of these must be dropped: it comes again, behind what comes before it.

        Raises:
            Retry: The store or the broker does not say; nothing must be written before it does.
        """
        if not self._unconfirmed:
            return set()
        with self._guard.trying():
            noted = self._store.noted()
        commits = self._commits(self._unconfirmed)
        starts: dict[Partition, Start] = {}
        back: dict[Partition, tuple[int, int]] = {}
        for place, reading in self._unconfirmed.items():
            commit, held = commits.get(place), noted.get(place)
            first, end = 0, held or 0
            if reading or held != (commit.offset if commit else None):
                first, end = self._span(place)
            start = start_of(commit, held, end, reading=reading)
            starts[place] = start
            if start.offset is not None:
                back[place] = (start.offset, max(start.offset, first))
        begin = {p: s.known for p, s in starts.items() if s.begin and s.known is not None}
        known = {p: s.known for p, s in starts.items() if s.known is not None}
        with self._guard.trying():
            self._store.begin(begin, known)
        self._set_back(back, commits)
        self._unconfirmed.clear()
        return set(back)

    def _set_back(
        self, back: Mapping[Partition, tuple[int, int]], commits: Mapping[Partition, Commit]
    ) -> None:
        again, gone = 0, 0
        for place, (wanted, begin) in sorted(back.items()):
            try:
                self._consumer.seek(TopicPartition(*place, begin))
            except KafkaException as exc:
                msg = f"{place[0]}[{place[1]}] cannot be set back yet: {exc.args[0].str()}"
                raise BrokerAway(msg) from exc
            commit = commits.get(place)
            again += max(0, commit.offset - begin) if commit else 0
            gone += begin - wanted
        if not back:
            return
        SINK_READ_AGAIN.labels(self._name).inc(again)
        log.error(
            "sink.store_went_back",
            store=self._name,
            partitions=len(back),
            records_again=again,
            records_gone=gone,
            message="the store lacks records that it held: an older copy has taken its place, "
            "and what it lacks is read again, as far as the topics still have it",
        )

    def _commits(self, places: Iterable[Partition]) -> dict[Partition, Commit]:
        wanted = [TopicPartition(*place) for place in sorted(places)]
        try:
            found = self._consumer.committed(wanted, timeout=_ANSWER_S)
        except KafkaException as exc:
            raise BrokerAway(f"committed offsets are unknown: {exc.args[0].str()}") from exc
        for one in found:
            if one.error is not None:
                msg = f"committed offset of {one.topic}[{one.partition}]: {one.error.str()}"
                raise BrokerAway(msg)
        return {
            (one.topic, one.partition): Commit(one.offset, one.metadata == NOTED)
            for one in found
            if one.offset >= 0
        }

    def _span(self, place: Partition) -> tuple[int, int]:
        try:
            return self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=_ANSWER_S)
        except KafkaException as exc:
            msg = f"what {place[0]}[{place[1]}] holds is unknown: {exc.args[0].str()}"
            raise BrokerAway(msg) from exc
