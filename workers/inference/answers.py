"""Answer each record with an outcome, a dead letter, or both."""

from dataclasses import dataclass

import structlog

from runtime.errors import DeadLetter
from runtime.kafka.cluster import Cluster
from runtime.kafka.dead_letters import DeadLetterBox
from runtime.kafka.producer import ReliableProducer
from runtime.process.metrics import INFERENCE_DETECTIONS, INFERENCE_FRAMES
from schemas.codec import Codec
from schemas.records.frames import Detection, DetectionOutcome, Frame, Model
from schemas.topics import DETECTIONS
from workers.frames.arrivals import Arrival
from workers.inference.batcher import Plan
from workers.inference.outcomes import NEWER_FRAME, make_outcome

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class Entry:
    """An arrival in a batch, and what is known so far about its answer.

    Attributes:
        arrival: The record.
        plan: Plan for the record: infer, skip or pass.
        error: Why it cannot be processed; None while it can.
        detections: Detections in the frame; None if there is no result.
    """

    arrival: Arrival
    plan: Plan
    error: DeadLetter | None = None
    detections: list[Detection] | None = None


class Answers:
    """Writes outcomes and dead letters.

    Args:
        cluster: Where the topics are.
        producer: Sends them; it is flushed before offsets are committed.
        codec: Writes outcomes.
        dead_letters: Receives records that cannot be processed.
        model: Model of the detector; one record shared by all outcomes.
    """

    def __init__(
        self,
        cluster: Cluster,
        producer: ReliableProducer,
        codec: Codec,
        dead_letters: DeadLetterBox,
        model: Model,
    ) -> None:
        self._topic = cluster.name(DETECTIONS)
        self._producer = producer
        self._codec = codec
        self._dead_letters = dead_letters
        self._model = model

    def answer(self, entry: Entry, inferred_us: int) -> None:
        """Produce a record's outcome and dead letter; a record without a camera has no outcome.

        Args:
            entry: The record.
            inferred_us: When its batch was done, UTC microseconds.

        Raises:
            Stop: An earlier record was not delivered, or too many recent records are dead letters.
        """
        arrival = entry.arrival
        if entry.error is not None:
            self._refuse(arrival, entry.error)
        else:
            self._dead_letters.passed()
        if arrival.frame is None:
            return
        outcome = self._outcome(entry, arrival.frame, inferred_us)
        INFERENCE_FRAMES.labels(outcome["outcome"], outcome["reason"]).inc()
        INFERENCE_DETECTIONS.inc(len(outcome["detections"]))
        self._producer.produce(
            self._topic,
            key=outcome["camera_id"],
            value=self._codec.encode(outcome),
            partition=arrival.floor_partition,
        )

    def _outcome(self, entry: Entry, frame: Frame, at_us: int) -> DetectionOutcome:
        arrival = entry.arrival
        if entry.error is not None:
            reason = entry.error.reason
            return make_outcome(arrival, frame, "FAILED", inferred_us=at_us, reason=reason)
        if entry.plan == "pass":
            return make_outcome(arrival, frame, "HEARTBEAT", inferred_us=at_us)
        if entry.plan == "skip":
            return make_outcome(arrival, frame, "SKIPPED", inferred_us=at_us, reason=NEWER_FRAME)
        return make_outcome(
            arrival,
            frame,
            "DETECTED",
            inferred_us=at_us,
            detections=entry.detections,
            model=self._model,
        )

    def _refuse(self, arrival: Arrival, error: DeadLetter) -> None:
        frame = arrival.frame
        log.warning(
            "inference.dead_letter",
            reason=error.reason,
            error=str(error),
            camera_id=None if frame is None else frame["camera_id"],
            frame_seq=None if frame is None else frame["seq"],
            partition=arrival.partition,
            offset=arrival.offset,
        )
        self._dead_letters.put_raw(
            arrival.topic, arrival.partition, arrival.offset, arrival.value, error
        )
