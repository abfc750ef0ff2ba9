"""The inference pipeline: one outcome for each frame.

    submit -> Intake -> Batcher -> FrameReader -> detector (a thread of its own) -> Answers

Everything but the detector runs in the thread of the `ConsumerLoop`. At most one batch is in
flight: while it runs, the next one is read and decoded.

Two readers of one partition do no harm; they exist for a moment after a live worker was taken for
dead. Both answer the partition without a gap from the same committed offset on. So no matter which
outcome of a frame is first in the log, the outcomes of all older frames precede it.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from confluent_kafka import Message

from models.detectors.boxes import Image
from models.detectors.detector import ModelFailed
from runtime.errors import EXIT_REPLAY, DeadLetter, Stop
from runtime.kafka.assignment import Assignment
from runtime.kafka.commits import CommitPolicy, Committer
from runtime.kafka.topic_partition import Partition
from runtime.process.metrics import INFERENCE_BATCH, INFERENCE_SECONDS
from runtime.process.service import Service
from schemas.records.frames import Detection
from workers.frames.arrivals import Arrival, Intake
from workers.frames.placement import CameraPlacement
from workers.frames.reader import FrameReader
from workers.inference.answers import Answers, Entry
from workers.inference.attempts import Attempts
from workers.inference.batcher import Batcher, Plan

log = structlog.get_logger(__name__)

IDLE_WAIT_S = 0.2
"""Longest wait for a record in one turn of the loop, s."""

COMMITS = CommitPolicy(interval_s=0.5, most_records=500)
"""Limits how many answers a crash repeats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stages:
    """The parts of the pipeline.

    Attributes:
        placement: Floor partition of each camera; the pipeline keeps it up to date.
        intake: Decodes records and finds their floors.
        batcher: Decides which frames are inferred, and when.
        reader: Reads the images of frames.
        attempts: Runs the detector.
        answers: Writes outcomes and dead letters.
    """

    placement: CameraPlacement
    intake: Intake
    batcher: Batcher
    reader: FrameReader
    attempts: Attempts
    answers: Answers


@dataclass(frozen=True, kw_only=True, slots=True)
class InFlight:
    """A batch whose images are with the detector."""

    entries: list[Entry]
    results: Future[list[list[Detection] | ModelFailed]]


class InferencePipeline:
    """Processes frames; see `RecordProcessor`.

    Args:
        service: Health, clock and stop signal.
        stages: The parts.
        assignment: Partitions that may be answered.
        commits: Commits the offsets of answered frames.
    """

    linger_s = 0.0

    def __init__(
        self, service: Service, stages: Stages, assignment: Assignment, commits: Committer
    ) -> None:
        self._service = service
        self._clock = service.clock
        self._stages = stages
        self._assignment = assignment
        self._commits = commits
        self._detecting = ThreadPoolExecutor(max_workers=1, thread_name_prefix="detector")
        self._in_flight: InFlight | None = None

    def room(self) -> int:
        """How many more records fit into the batcher."""
        return self._stages.batcher.room()

    def wait_s(self) -> float:
        """Seconds until the next batch is due, at most `IDLE_WAIT_S`; 0 while one is in flight."""
        if self._in_flight is not None:
            return 0.0
        due_in_s = self._stages.batcher.due_in_s(self._clock.monotonic_s())
        return IDLE_WAIT_S if due_in_s is None else min(IDLE_WAIT_S, due_in_s)

    def submit(self, messages: Sequence[Message]) -> None:
        """Move frames into the batcher."""
        now_s = self._clock.monotonic_s()
        self._stages.placement.refresh_if_due(now_s)
        for message in messages:
            self._stages.batcher.add(self._stages.intake.receive(message, now_s), now_s)

    def poll(self) -> None:
        """Hand a batch over if one is due, and answer the one before it.

        Raises:
            Stop: The detector fails on everything, or an answer could not be delivered.
            Retry: A dependency stayed out of reach.
        """
        if self._stages.batcher.due(self._clock.monotonic_s()):
            entries, images = self._prepare(self._stages.batcher.take())
            self.join()
            results = self._detecting.submit(self._detect, images)
            self._in_flight = InFlight(entries=entries, results=results)
        else:
            self.join()
        if self._stages.attempts.exhausted:
            self._give_up()

    def _give_up(self) -> None:
        """Stop after the failed frames are answered: a restart continues after them."""
        self.join()
        self._commits.commit()
        raise Stop(
            f"the detector failed on {self._stages.attempts.failures} frames in a row",
            exit_code=EXIT_REPLAY,
        )

    def _prepare(self, batch: list[tuple[Arrival, Plan]]) -> tuple[list[Entry], list[Image]]:
        """Decode the frames that are to be inferred."""
        entries: list[Entry] = []
        images: list[Image] = []
        for arrival, plan in batch:
            entry = Entry(arrival=arrival, plan=plan, error=arrival.refusal)
            entries.append(entry)
            if plan == "infer" and arrival.frame is not None:
                try:
                    images.append(self._stages.reader.read(arrival.frame))
                except DeadLetter as error:
                    entry.error = error
        return entries, images

    def _detect(self, images: list[Image]) -> list[list[Detection] | ModelFailed]:
        """Run the detector on a batch, in the detector's thread."""
        if not images:
            return []
        started_s = self._clock.monotonic_s()
        results = self._stages.attempts.detect(images)
        INFERENCE_SECONDS.observe(self._clock.monotonic_s() - started_s)
        INFERENCE_BATCH.observe(len(images))
        return results

    def join(self) -> None:
        """Wait for the batch in flight and answer all its records, in order."""
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
            partition = (arrival.topic, arrival.partition)
            if partition in self._assignment:
                self._stages.answers.answer(entry, inferred_us)
                self._commits.ledger.processed(partition, arrival.offset, now_s)

    def assigned(self, partitions: Collection[Partition]) -> None:
        """Do nothing: no state is kept for a partition before its first frame."""

    def dropped(self, partitions: Collection[Partition]) -> None:
        """Drop records that were read but not answered."""
        unanswered = self._stages.batcher.forget({number for _, number in partitions})
        log.info("inference.dropped", unanswered=unanswered)

    def close(self) -> None:
        """Wait for the detector's thread."""
        self._detecting.shutdown(wait=True)
