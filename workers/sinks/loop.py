"""Consume, write, then commit: the loop that every sink shares.

A batch is consumed, decoded and handed to the sink; its offsets are committed only after the
sink has it for good. While the store is out of reach the batch is kept, the partitions are
paused, and the group membership is kept alive; a circuit breaker decides when the batch is tried
again, as a probe. Whatever comes twice is the sink's to drop by seq.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from runtime.errors import DeadLetter, Retry
from runtime.kafka.clients import (
    ReliableProducer,
    consumer_config,
    group_id,
    physical_name,
    poll_batch,
    producer_config,
)
from runtime.kafka.continuity import Continuity
from runtime.kafka.dead_letters import DeadLetterBox
from runtime.kafka.lag import LagWatch
from runtime.kafka.registry import guarded_registry
from runtime.kafka.topic_partition import Partition, source_partition
from runtime.process.metrics import SINK_LAG
from runtime.process.service import Service
from runtime.storage.breaker import BreakerPolicy, Guard
from schemas.codec import Codec
from schemas.registry import RegistryUnavailable
from schemas.topics import LINKS, OCCUPANCY, PRESENCE, TRACKS, ZONE_EVENTS, Topic
from workers.sinks.outage import Outage
from workers.sinks.resume import NOTED, KeepsOffsets, Resume, WentBack
from workers.storage.item import Gap, Item, read_item

log = structlog.get_logger(__name__)

_LEAST_PAUSE_S = 0.05
_REGISTRY_PAUSE_S = 1.0

EVENT_TIME: Final = {
    TRACKS.name: "captured_us",
    PRESENCE.name: "as_of_us",
    LINKS.name: "as_of_us",
    OCCUPANCY.name: "as_of_us",
    ZONE_EVENTS.name: "at_us",
}
"""Field with the event time of each derived topic, UTC microseconds."""


class Sink(Protocol):
    """A store of records."""

    name: str

    def prepare(self) -> None:
        """Called before the first record, and to ask whether a store that was away is back.

        Raises:
            Retry: The store is out of reach; the loop begins all the same, and waits.
            Stop: The store is not what it must be.
        """
        ...

    def write(self, items: Sequence[Item]) -> Sequence[Gap] | None:
        """Store a batch for good; the same batch twice leaves the same state.

        Returns:
            What never came before records of the batch, if the store keeps everything.

        Raises:
            Retry: The store is out of reach; nothing or a part was written.
            DeadLetter: The store can never take the batch, as it is.
            Stop: A seq came again with other bytes, or the store is not what it must be.
            WentBack: The store lacks what it held; nothing was written.
        """
        ...

    def housekeep(self) -> None:
        """Called between batches, for work that is due now and then.

        Raises:
            Retry: The store is out of reach; the loop goes on and calls again.
        """
        ...

    def close(self) -> None:
        """Leave the store."""
        ...


class SinkLoop:
    """Runs one sink until the service is asked to stop.

    Args:
        service: Settings, clock, health and stop.
        sink: Where records go; also names the consumer group, `sink-<name>`.
        topics: What it consumes.
        max_records: Records in one batch at most.
        first_wait_s: How long to wait for the first record of a batch, s.
        linger_s: How long to wait for more records after the first, s; 0 takes what is there.
        commit_s: Offsets are committed this often, s; 0 after every batch.
    """

    def __init__(
        self,
        service: Service,
        sink: Sink,
        topics: Sequence[Topic],
        *,
        max_records: int,
        first_wait_s: float = 0.1,
        linger_s: float = 0.0,
        commit_s: float = 0.0,
    ) -> None:
        self._service = service
        self._sink = sink
        settings = service.settings
        registry = guarded_registry(settings, service.clock)
        self._codecs: dict[str, Codec] = {
            physical_name(topic, settings): registry.reader(topic) for topic in topics
        }
        self._max_records = max_records
        self._first_wait_s = first_wait_s
        self._linger_s = linger_s
        self._commit_s = commit_s
        session_ms = round(settings.sink.session_timeout_s * 1000)
        group = group_id(f"sink-{sink.name}", settings)
        self._consumer = Consumer(
            consumer_config(
                settings,
                group,
                **{"session.timeout.ms": session_ms, "heartbeat.interval.ms": session_ms // 5},
            )
        )
        self._producer = ReliableProducer(producer_config(settings))
        self._letters = DeadLetterBox(self._producer, settings, f"sink-{sink.name}", service.clock)
        self._continuity = Continuity(settings, f"sink-{sink.name}", self._consumer, topics)
        self._resume: Resume | None = None
        self._owned: set[Partition] = set()
        self._holding = False  # a batch that the store has not taken
        self._settled: dict[Partition, int] = {}
        self._committed_s = service.clock.monotonic_s()
        self._guard = Guard(
            sink.name,
            service.clock,
            BreakerPolicy(max_pause_s=settings.sink.retry_max_s),
        )
        if isinstance(sink, KeepsOffsets):
            self._resume = Resume(sink, sink.name, self._consumer, service.clock, self._guard)
        derived = [topic for topic in topics if topic.name in EVENT_TIME]
        self._lag = LagWatch(settings, f"sink-{sink.name}", group, derived)
        self._outage = Outage(sink.name, service.clock, service.health, self._guard, self._lag)

    def run(self) -> None:
        """Consume until `service.stop`; what is in hand is written or left uncommitted.

        Raises:
            Stop: From the sink, a dead letter that could not be delivered, or too many of them.
        """
        try:
            self._sink.prepare()
        except Retry as exc:
            log.warning("sink.store_out_of_reach", error=str(exc))
            self._service.health.detail["store"] = str(exc)
        self._consumer.subscribe(
            list(self._codecs),
            on_assign=self._assigned,
            on_revoke=self._revoked,
            on_lost=self._lost,
        )
        self._service.health.ready()
        self._lag.start()
        try:
            while not self._service.stop.is_set():
                self._service.health.beat()
                messages = self._gather()
                if messages:
                    self._settle(messages)
                elif self._outage.since_us is not None:
                    self._ask_again()
                else:
                    self._look()
                self._commit_if_due()
                self._housekeep()
            if self._service.fault is not None:
                self._settled.clear()  # offsets of a topic that may be another one now
            self._commit()
        finally:
            self._lag.close()
            self._consumer.close()
            self._sink.close()

    def _gather(self) -> list[Message]:
        """One batch: wait for the first record, then as long as `linger_s` for more."""
        messages = self._poll(1, self._first_wait_s)
        if messages and self._max_records > 1:
            messages += self._poll(self._max_records - 1, self._linger_s)
        return messages

    def _poll(self, most: int, wait_s: float) -> list[Message]:
        """Records, after what the log lost before them has been told."""
        messages = poll_batch(self._consumer, most, wait_s)
        for one in self._continuity.look(messages):
            self._letters.gone(one.topic, one.partition, one.lost, one.records, one.letter)
        return messages

    def _settle(self, batch: list[Message]) -> None:
        """Write a batch, however long the store is out of reach."""
        undecoded = list(batch)
        items: list[Item] = []
        self._outage.show(batch)
        while True:
            try:
                back = self._set_back()
                if back:
                    batch = [m for m in batch if source_partition(m) not in back]
                    undecoded = [m for m in undecoded if source_partition(m) not in back]
                    items = [i for i in items if (i.source, i.partition) not in back]
                self._decode(undecoded, items)
                self._write(items)
            except WentBack as exc:
                self._went_back(exc)
                continue
            except Retry as exc:
                self._outage.begin(exc)
                self._holding = True
                self._pause(self._owned)
                pause_s = max(_LEAST_PAUSE_S, self._guard.due_in_s(), exc.retry_after_s or 0.0)
                slipped = self._wait(pause_s, batch)
                if self._service.stop.is_set():
                    return  # uncommitted: the next start reads it again
                # A partition that went to another consumer is that one's to write.
                batch = [m for m in batch + slipped if source_partition(m) in self._owned]
                undecoded = [m for m in undecoded + slipped if source_partition(m) in self._owned]
                items = [i for i in items if (i.source, i.partition) in self._owned]
                continue
            break
        # Only now, and all together: an offset stands for everything before it.
        for message in batch:
            place = source_partition(message)
            self._settled[place] = max(self._settled.get(place, 0), (message.offset() or 0) + 1)
        if self._holding:
            self._holding = False
            self._consumer.resume([TopicPartition(*place) for place in sorted(self._owned)])
        if items:  # or everything went to other consumers, and the store was not asked
            self._outage.end()
            self._service.health.detail.pop("store", None)  # of `prepare`

    def _set_back(self) -> set[Partition]:
        """Read again what the store lacks of partitions in doubt; what is in hand of those goes.

        Raises:
            Retry: The store or the broker does not say where they begin.
        """
        if self._resume is None:
            return set()
        back = self._resume.settle()
        for place in back:
            self._settled.pop(place, None)
        return back

    def _went_back(self, error: WentBack) -> None:
        if self._resume is None:
            raise error
        self._resume.went_back(error)

    def _look(self) -> None:
        """With nothing in hand: where new partitions begin, and whether the store is as it was."""
        if self._resume is None:
            return
        try:
            self._resume.look()
            self._set_back()
        except Retry as exc:
            self._outage.begin(exc)

    def _ask_again(self) -> None:
        """Ask a store that was away, with nothing in hand to be written."""
        self._outage.show(())
        if self._guard.due_in_s() > 0:
            return
        try:
            with self._guard.trying():
                self._sink.prepare()
        except Retry as exc:
            self._outage.begin(exc)
        else:
            self._outage.end()

    def _decode(self, undecoded: list[Message], items: list[Item]) -> None:
        """Move messages to `items`, or to the dead letters."""
        while undecoded:
            message = undecoded[0]
            source, partition = source_partition(message)
            offset = message.offset() or 0
            key, value = _bytes(message.key()), message.value()
            try:
                item = read_item(self._codecs[source], source, partition, offset, key, value)
                items.append(item)
            except DeadLetter as exc:
                log.warning("sink.dead_letter", error=str(exc), partition=partition, offset=offset)
                self._letters.put(message, exc)
            except RegistryUnavailable as exc:
                raise Retry(str(exc), retry_after_s=_REGISTRY_PAUSE_S) from exc
            undecoded.pop(0)

    def _write(self, items: list[Item]) -> None:
        """Write items; what the store refuses is cornered by halving, and dead-lettered alone."""
        if not items:
            return
        try:
            with self._guard.trying():
                gaps = self._sink.write(items)
        except DeadLetter as exc:
            if len(items) > 1:
                middle = len(items) // 2
                self._write(items[:middle])
                self._write(items[middle:])
                return
            item = items[0]
            log.warning(
                "sink.dead_letter", error=str(exc), source=item.source, key=item.key, seq=item.seq
            )
            key = item.key.encode()
            self._letters.put_raw(item.source, item.partition, item.offset, item.value, exc, key)
        else:
            self._letters.passed(len(items))
            self._observe(items)
            for gap in gaps or ():
                where = gap.item
                self._letters.gone(where.source, where.partition, gap.lost, gap.missing, gap.letter)

    def _observe(self, items: Iterable[Item]) -> None:
        now_us = self._service.clock.now_us()
        lag = SINK_LAG.labels(self._sink.name)
        for item in items:
            event_time = EVENT_TIME.get(item.topic.name)
            if event_time is not None:
                lag.observe((now_us - item.record[event_time]) / 1e6)

    def _wait(self, seconds: float, waiting: Sequence[Message]) -> list[Message]:
        """Wait while staying in the consumer group; returns what slipped past the pause."""
        clock = self._service.clock
        until_s = clock.monotonic_s() + seconds
        slipped: list[Message] = []
        while (left_s := until_s - clock.monotonic_s()) > 0 and not self._service.stop.is_set():
            slipped += self._poll(1, min(left_s, 0.2))
            self._service.health.beat()
            self._outage.show(waiting)
        return slipped

    def _pause(self, places: Iterable[Partition]) -> None:
        partitions = [TopicPartition(*place) for place in sorted(places)]
        if partitions:
            self._consumer.pause(partitions)

    def _commit_if_due(self) -> None:
        if self._service.clock.monotonic_s() - self._committed_s >= self._commit_s:
            self._commit()

    def _commit(self) -> None:
        """Commit what is written, dead letters acknowledged first."""
        self._committed_s = self._service.clock.monotonic_s()
        if len(self._producer):
            self._producer.flush()
        self._producer.check()
        unsure = self._resume.unsure if self._resume else ()
        metadata = NOTED if self._resume else ""
        offsets = [
            TopicPartition(source, partition, offset, metadata)
            for (source, partition), offset in sorted(self._settled.items())
            if (source, partition) in self._owned and (source, partition) not in unsure
        ]
        if not offsets or not self._noted(offsets):
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
            self._settled.clear()
        except KafkaException as exc:
            # Not lost: the next commit holds these offsets too, and a new owner drops by seq.
            log.warning("sink.commit_failed", error=str(exc))

    def _noted(self, offsets: Iterable[TopicPartition]) -> bool:
        """Whether the store, if it keeps offsets, has these too: the group's are never ahead."""
        if self._resume is None:
            return True
        try:
            return self._resume.note({(one.topic, one.partition): one.offset for one in offsets})
        except Retry as exc:
            log.warning("sink.offsets_not_noted", error=str(exc))
            return False

    def _housekeep(self) -> None:
        try:
            self._sink.housekeep()
        except Retry as exc:
            log.warning("sink.housekeeping_failed", error=str(exc))

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        places = {(partition.topic, partition.partition) for partition in partitions}
        self._owned |= places
        if self._resume is not None:
            self._resume.assigned(places)
        if self._holding:
            self._pause(places)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Commit what is written, so that the next owner does not read it again."""
        self._commit()
        self._lost(consumer, partitions)

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            place = (partition.topic, partition.partition)
            self._owned.discard(place)
            self._settled.pop(place, None)
            self._continuity.forget([place])
        if self._resume is not None:
            self._resume.lost({(one.topic, one.partition) for one in partitions})


def _bytes(key: str | bytes | None) -> bytes | None:
    return key.encode() if isinstance(key, str) else key
