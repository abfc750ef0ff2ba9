"""The loop of the inference worker: frames in, one outcome each, offsets committed after.

    poll -> Intake -> Batcher -> read_pixels -> detector (a thread of its own) -> Answers -> commit

Everything but the detector runs in one thread, so a rebalance callback, which Kafka's client
serves inside a poll, finds nothing half done but the batch in flight. At most one batch is in
flight: while it runs, the next one is read and decoded.

Two readers of one partition, as there are for a moment after a live worker was taken for dead, do
no harm. Each answers the partition without a gap from the same committed offset on, so whichever
outcome of a frame comes first in the log, none of an older frame is missing before it.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from confluent_kafka import Consumer, Message, TopicPartition

from models.detectors.boxes import Image
from models.detectors.detector import ModelFailed
from runtime.errors import EXIT_REPLAY, DeadLetter, Retry, Stop
from runtime.kafka.clients import ReliableProducer, physical_name, poll_batch
from runtime.kafka.continuity import Continuity
from runtime.process.metrics import INFERENCE_BATCH, INFERENCE_SECONDS
from runtime.process.service import Service
from schemas.records import Detection
from schemas.topics import FRAMES
from workers import stages as names
from workers.inference.answers import Answers, Entry
from workers.inference.arrivals import Arrival, Intake
from workers.inference.attempts import Attempts
from workers.inference.batcher import Batcher, Plan
from workers.inference.commits import CommitLedger, Committer
from workers.inference.pixels import FetchObject, read_pixels
from workers.inference.placement import CameraPlacement

log = structlog.get_logger(__name__)

IDLE_WAIT_S = 0.2
"""Longest wait for a record before the loop comes round, s."""

_FETCH_PATIENCE_S = 30.0
"""How long a claim check is tried for before the process starts anew, s."""

_LEAST_FETCH_PAUSE_S = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Stages:
    """What the loop is made of.

    Attributes:
        placement: Kept up to date by the loop.
        intake: Decodes and places records.
        batcher: Decides what is inferred when.
        fetch: Reads claim checks.
        attempts: Runs the detector.
        answers: Writes outcomes and dead letters.
    """

    placement: CameraPlacement
    intake: Intake
    batcher: Batcher
    fetch: FetchObject
    attempts: Attempts
    answers: Answers


@dataclass(frozen=True, kw_only=True, slots=True)
class InFlight:
    """A batch whose images are with the detector."""

    entries: list[Entry]
    results: Future[list[list[Detection] | ModelFailed]]


class InferencePipeline:
    """Reads frames until it is asked to stop.

    Args:
        service: Settings, health, clock and the wish to stop.
        stages: The parts.
        consumer: Of the frames, not yet subscribed; closed at the end.
        producer: Of outcomes and dead letters.
    """

    def __init__(
        self, service: Service, stages: Stages, consumer: Consumer, producer: ReliableProducer
    ) -> None:
        self._service = service
        self._clock = service.clock
        self._stages = stages
        self._consumer = consumer
        self._producer = producer
        self._topic = physical_name(FRAMES, service.settings)
        self._committer = Committer(service, consumer, producer, self._topic, CommitLedger())
        self._continuity = Continuity(service.settings, names.INFERENCE, consumer, [FRAMES])
        self._detecting = ThreadPoolExecutor(max_workers=1, thread_name_prefix="detector")
        self._in_flight: InFlight | None = None
        self._assigned: set[int] = set()
        self._just_dropped: set[int] = set()
        self._abandoned = False

    def run(self) -> None:
        """Read until the service is asked to stop, then answer and commit what was begun.

        Raises:
            Retry: A dependency stayed out of reach; nothing is lost.
            Stop: The detector fails on everything, an answer could not be delivered, or the topics
                are not what they were.
        """
        self._consumer.subscribe(
            [self._topic],
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )
        try:
            self._service.health.ready()
            while not self._service.stop.is_set():
                self._step()
            self._service.raise_fault()
            self._finish()
            self._committer.commit()
        except BaseException:
            self._abandoned = True
            raise
        finally:
            self._detecting.shutdown(wait=True)
            self._consumer.close()

    def _step(self) -> None:
        """Come round once: read, hand over a batch if one is due, answer the one before it."""
        self._service.health.beat()
        self._producer.poll()
        self._producer.check()
        self._stages.placement.refresh_if_due(self._clock.monotonic_s())
        self._read()
        if self._stages.batcher.due(self._clock.monotonic_s()):
            entries, images = self._prepare(self._stages.batcher.take())
            self._finish()
            results = self._detecting.submit(self._detect, images)
            self._in_flight = InFlight(entries=entries, results=results)
        else:
            self._finish()
        if self._stages.attempts.exhausted:
            self._give_up()
        self._committer.commit_if_due()

    def _give_up(self) -> None:
        """End, with the failed frames answered: a restart goes on behind them."""
        self._finish()
        self._committer.commit()
        msg = f"the detector failed on {self._stages.attempts.failures} frames in a row"
        raise Stop(msg, exit_code=EXIT_REPLAY)

    def _read(self) -> None:
        """Move records into the batcher; wait for one only when there is nothing else to do."""
        batcher = self._stages.batcher
        room = batcher.room()
        if not room:
            return
        first = self._poll(1, self._wait_s())
        self._just_dropped.clear()
        more = self._poll(room - 1, 0.0) if first and room > 1 else []
        # A rebalance inside the second poll makes the first record void, even if the partition
        # came back at once: it will be read again, behind those that were dropped before it.
        valid = [message for message in first if message.partition() not in self._just_dropped]
        now_s = self._clock.monotonic_s()
        for message in valid + more:
            if message.partition() in self._assigned:
                batcher.add(self._stages.intake.receive(message, now_s), now_s)

    def _poll(self, most: int, wait_s: float) -> list[Message]:
        """Records, after what the log lost before them has been told."""
        messages = poll_batch(self._consumer, most, wait_s)
        self._stages.answers.gone(self._continuity.look(messages))
        return messages

    def _wait_s(self) -> float:
        if self._in_flight is not None:
            return 0.0
        now_s = self._clock.monotonic_s()
        dues = (
            self._stages.batcher.due_in_s(now_s),
            self._committer.ledger.due_in_s(now_s),
        )
        return min([IDLE_WAIT_S, *(due for due in dues if due is not None)])

    def _prepare(self, batch: list[tuple[Arrival, Plan]]) -> tuple[list[Entry], list[Image]]:
        """Decode the frames that are to be inferred."""
        entries: list[Entry] = []
        images: list[Image] = []
        for arrival, plan in batch:
            entry = Entry(arrival=arrival, plan=plan, error=arrival.refusal)
            entries.append(entry)
            if plan == "infer" and arrival.frame is not None:
                try:
                    images.append(read_pixels(arrival.frame, self._fetch))
                except DeadLetter as exc:
                    entry.error = exc
        return entries, images

    def _fetch(self, uri: str, sha256: str) -> bytes:
        """Read a claim check, with patience while the object store is out of reach."""
        deadline_s = self._clock.monotonic_s() + _FETCH_PATIENCE_S
        while True:
            try:
                return self._stages.fetch(uri, sha256)
            except Retry as exc:
                log.warning("inference.object_store_out_of_reach", uri=uri, error=str(exc))
                self._service.health.beat()
                late = self._clock.monotonic_s() > deadline_s
                pause_s = max(_LEAST_FETCH_PAUSE_S, exc.retry_after_s or 0.0)
                if late or self._service.stop.wait(pause_s):
                    raise

    def _detect(self, images: list[Image]) -> list[list[Detection] | ModelFailed]:
        """Run in the detector's thread."""
        if not images:
            return []
        started_s = self._clock.monotonic_s()
        results = self._stages.attempts.detect(images)
        INFERENCE_SECONDS.observe(self._clock.monotonic_s() - started_s)
        INFERENCE_BATCH.observe(len(images))
        return results

    def _finish(self) -> None:
        """Wait for the batch in flight and answer every record of it, in order."""
        if self._in_flight is None:
            return
        entries = self._in_flight.entries
        results = iter(self._in_flight.results.result())
        self._in_flight = None
        inferred_us = self._clock.now_us()
        now_s = self._clock.monotonic_s()
        for entry in entries:
            if entry.plan == "infer" and entry.error is None:
                result = next(results)
                if isinstance(result, ModelFailed):
                    entry.error = result
                else:
                    entry.detections = result
            arrival = entry.arrival
            if arrival.partition in self._assigned:
                self._stages.answers.answer(entry, inferred_us)
                self._committer.ledger.answered(arrival.partition, arrival.offset, now_s)

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._assigned |= {partition.partition for partition in partitions}
        log.info("inference.assigned", partitions=sorted(self._assigned))
        self._service.health.detail["partitions"] = str(len(self._assigned))

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Answer and commit what was begun; drop what was only read."""
        if not self._abandoned:
            self._finish()
            self._committer.commit()
        self._drop(partitions)

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Another process has them already: only drop."""
        self._drop(partitions)

    def _drop(self, partitions: list[TopicPartition]) -> None:
        gone = {partition.partition for partition in partitions}
        self._assigned -= gone
        self._just_dropped |= gone
        unanswered = self._stages.batcher.forget(gone)
        self._committer.ledger.forget(gone)
        self._continuity.forget((self._topic, partition) for partition in gone)
        log.info("inference.revoked", partitions=sorted(gone), unanswered=unanswered)
        self._service.health.detail["partitions"] = str(len(self._assigned))
