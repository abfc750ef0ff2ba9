"""Write a batch, then report its offsets: the step that every sink shares.

While the store is out of reach the batch is kept, the partitions are paused, and the membership in
the group is kept alive by polling on; a circuit breaker decides when the batch is tried again, as a
probe. Records that come twice are dropped by the sink, by seq.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import structlog
from confluent_kafka import Message

from runtime.clock import Clock
from runtime.errors import DeadLetter, Retry
from runtime.kafka.assignment import Assignment
from runtime.kafka.commits import CommitLedger
from runtime.kafka.dead_letters import DeadLetterBox
from runtime.kafka.topic_partition import Partition, key_of, source_partition
from runtime.process.metrics import SINK_LAG
from runtime.storage.breaker import Guard
from schemas.codec import Codec
from schemas.registry import RegistryUnavailable
from workers.sinks.batch import Batch
from workers.sinks.outage import Outage
from workers.sinks.resume import BrokerAway, Resume, WentBack
from workers.sinks.sink import Sink
from workers.storage.item import Item, read_item

log = structlog.get_logger(__name__)

_LEAST_PAUSE_S: Final = 0.05
_REGISTRY_PAUSE_S: Final = 1.0
_SHOW_EVERY_S: Final = 0.2


class SinkWriter:
    """Processes the records of one sink; see `RecordProcessor`.

    Args:
        sink: Takes the records.
        clock: Gives the time.
        codecs: Read the topics, by their names on the broker.
        dead_letters: Takes records that cannot be decoded or written.
        assignment: Is paused while the store is away.
        ledger: Receives the records that are written.
        guard: Circuit breaker of the store.
        outage: Shows what is out of reach.
        resume: Finds where partitions start, for a store that keeps offsets; None otherwise.
        max_records: Most records in one batch.
        first_wait_s: Longest wait for the first record of a batch, s.
        linger_s: Longest wait for more records after the first, s.
    """

    def __init__(
        self,
        sink: Sink,
        clock: Clock,
        codecs: Mapping[str, Codec],
        *,
        dead_letters: DeadLetterBox,
        assignment: Assignment,
        ledger: CommitLedger,
        guard: Guard,
        outage: Outage,
        resume: Resume | None,
        max_records: int,
        first_wait_s: float,
        linger_s: float,
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._codecs = codecs
        self._dead_letters = dead_letters
        self._assignment = assignment
        self._ledger = ledger
        self._guard = guard
        self._outage = outage
        self._resume = resume
        self._max_records = max_records
        self._first_wait_s = first_wait_s
        self.linger_s = linger_s
        self._batch = Batch()
        self._again_s = 0.0

    def prepare(self) -> None:
        """Connect to the store before the first record; one out of reach is tried again later."""
        try:
            self._sink.prepare()
        except Retry as error:
            log.warning("sink.store_out_of_reach", error=str(error))
            self._outage.expect(error)

    def room(self) -> int:
        """A whole batch; while one is held, only what slips past the pause."""
        return 1 if self._batch else self._max_records

    def wait_s(self) -> float:
        """Until the batch in hand is tried again."""
        if not self._batch:
            return self._first_wait_s
        return min(max(0.0, self._again_s - self._clock.monotonic_s()), _SHOW_EVERY_S)

    def submit(self, messages: Sequence[Message]) -> None:
        """Take records into the batch."""
        self._batch.add(messages)

    def poll(self) -> None:
        """Write what is in hand; with nothing in hand, check the store."""
        if self._batch:
            self._outage.show(self._batch.messages)
            if self._clock.monotonic_s() >= self._again_s:
                self._try_batch()
        else:
            self._assignment.resume()  # all that was held went to other consumers
            if self._outage.since_us is None:
                self._check_store()
            else:
                self._ask_again()
        if not self._batch:
            self._housekeep()

    def join(self) -> None:
        """A batch in hand stays uncommitted: the next owner of its partitions reads it again."""

    def assigned(self, partitions: Collection[Partition]) -> None:
        """These are read from their committed offset on, unless the store says otherwise."""
        if self._resume is not None:
            self._resume.assigned(partitions)

    def dropped(self, partitions: Collection[Partition]) -> None:
        """Another consumer writes the records of these partitions now."""
        self._batch.drop(partitions)
        if self._resume is not None:
            self._resume.lost(partitions)

    def close(self) -> None:
        """Disconnect from the store."""
        self._sink.close()

    def _try_batch(self) -> None:
        """Write what is in hand, or keep it and pause."""
        try:
            self._write_batch()
        except RegistryUnavailable as error:
            self._hold("registry", Retry(str(error), retry_after_s=_REGISTRY_PAUSE_S))
            return
        except BrokerAway as error:
            self._hold("broker", error)
            return
        except Retry as error:
            self._hold("store", error)
            return
        # Only now, and all together: an offset covers everything before it.
        now_s = self._clock.monotonic_s()
        for message in self._batch.messages:
            self._ledger.processed(source_partition(message), message.offset() or 0, now_s)
        if self._batch.items:  # or the store was not asked
            self._outage.end()
        self._batch = Batch()
        self._again_s = 0.0
        self._assignment.resume()

    def _write_batch(self) -> None:
        """Write the whole batch.

        Raises:
            Retry: The store or the broker is out of reach.
            RegistryUnavailable: A schema is needed, and the registry is out of reach.
        """
        while True:
            try:
                self._set_back()
                self._decode()
                self._write(self._batch.items)
            except WentBack as error:
                self._went_back(error)
            else:
                return

    def _hold(self, dependency: str, error: Retry) -> None:
        self._outage.start(dependency, error)
        self._outage.show(self._batch.messages)
        self._assignment.pause()
        pause_s = max(_LEAST_PAUSE_S, self._guard.due_in_s(), error.retry_after_s or 0.0)
        self._again_s = self._clock.monotonic_s() + pause_s

    def _set_back(self) -> None:
        """Read again what the store lacks of unconfirmed partitions; drop their records in hand.

        Raises:
            Retry: The store or the broker does not say where they start.
        """
        if self._resume is None:
            return
        back = self._resume.confirm()
        self._ledger.forget(back)
        self._batch.drop(back)

    def _went_back(self, error: WentBack) -> None:
        if self._resume is None:
            raise error
        self._resume.went_back(error)

    def _check_store(self) -> None:
        """Find where new partitions start, and whether the store still holds what it held."""
        if self._resume is None:
            return
        try:
            self._resume.check()
            self._set_back()
        except BrokerAway as error:
            self._outage.start("broker", error)
        except Retry as error:
            self._outage.start("store", error)

    def _ask_again(self) -> None:
        """Ask a store that was away, with nothing in hand to be written."""
        self._outage.show(())
        if self._guard.due_in_s() > 0:
            return
        try:
            with self._guard.trying():
                self._sink.prepare()
        except Retry as error:
            self._outage.start("store", error)
        else:
            self._outage.end()

    def _decode(self) -> None:
        """Move messages to the items, or to the dead letters.

        Raises:
            RegistryUnavailable: The schema of the next one is not known and cannot be asked for.
        """
        undecoded = self._batch.undecoded
        while undecoded:
            message = undecoded[0]
            source, partition = source_partition(message)
            offset = message.offset() or 0
            key, value = key_of(message), message.value()
            try:
                item = read_item(self._codecs[source], source, partition, offset, key, value)
                self._batch.items.append(item)
            except DeadLetter as error:
                where = {"partition": partition, "offset": offset}
                log.warning("sink.dead_letter", error=str(error), **where)
                self._dead_letters.put(message, error)
            undecoded.popleft()

    def _write(self, items: list[Item]) -> None:
        """Write items; what the store refuses is found by halving, and dead-lettered alone."""
        if not items:
            return
        try:
            with self._guard.trying():
                gaps = self._sink.write(items)
        except DeadLetter as error:
            if len(items) > 1:
                middle = len(items) // 2
                self._write(items[:middle])
                self._write(items[middle:])
                return
            item = items[0]
            log.warning(
                "sink.dead_letter", error=str(error), source=item.source, key=item.key, seq=item.seq
            )
            key = item.key.encode()
            self._dead_letters.put_raw(
                item.source, item.partition, item.offset, item.value, error, key
            )
        else:
            self._dead_letters.passed(len(items))
            self._observe(items)
            for gap in gaps or ():
                where = gap.item
                self._dead_letters.gone(
                    where.source, where.partition, gap.lost, gap.missing, gap.dead_letter
                )

    def _observe(self, items: Iterable[Item]) -> None:
        now_us = self._clock.now_us()
        lag = SINK_LAG.labels(self._sink.name)
        for item in items:
            if item.topic.event_time:
                lag.observe((now_us - item.record[item.topic.event_time]) / 1e6)

    def _housekeep(self) -> None:
        try:
            self._sink.housekeep()
        except Retry as error:
            log.warning("sink.housekeeping_failed", error=str(error))
