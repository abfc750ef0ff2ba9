"""Follow the clocks of the cameras in the partitions that the group has assigned.

    poll -> PictureReader -> ClockEstimator of the camera -> due? -> Decisions -> camera-clock.v1

The detections are read and not the frames: they hold all that is needed, without the pictures, and
have a partition for each floor. A partition is read from some minutes back, so that an estimator
needs no state but what it wrote.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from runtime.clock import Clock
from runtime.errors import Retry
from runtime.kafka.consumer import poll_batch
from runtime.process.metrics import CLOCK_OFFSET, CLOCK_PICTURES, CLOCK_SETTLED
from runtime.process.service import Service
from runtime.retry import Tries, constant, retried
from schemas.codec import UndecodableValue
from schemas.records.cameras import CameraClock
from workers.clocks.decisions import Decisions
from workers.clocks.estimator import ClockEstimator, Decision, Rules
from workers.clocks.pictures import PictureReader

log = structlog.get_logger(__name__)

MOST_RECORDS: Final = 2_000
"""Most records taken in one turn."""

WAIT_S: Final = 0.5
"""Longest wait for records in one turn, s."""

REFRESH_S: Final = 10.0
"""Pause between two reads of what was decided, s."""

_ANSWER_S: Final = 10.0
_AGAIN = constant(0.2, deadline_s=30.0)


class Followed:
    """A camera whose clock is followed.

    Attributes:
        partition: Partition of the detections that it is in.
        estimator: How its clock runs.
    """

    def __init__(self, partition: int, rules: Rules, found: CameraClock | None) -> None:
        self.partition = partition
        self.estimator = ClockEstimator(rules, found)


class ClockFollower:
    """Follows clocks until the service is asked to stop.

    Args:
        service: Gives health, clock and the request to stop.
        consumer: A member of the group, not yet subscribed; closed at the end.
        topic: Name of the detections on the broker.
        reader: Reads them.
        decisions: Takes what is decided.
        rules: The settings of the estimators.
    """

    def __init__(
        self,
        service: Service,
        consumer: Consumer,
        topic: str,
        reader: PictureReader,
        decisions: Decisions,
        rules: Rules,
    ) -> None:
        self._service = service
        self._clock: Clock = service.clock
        self._consumer = consumer
        self._topic = topic
        self._reader = reader
        self._decisions = decisions
        self._rules = rules
        self._cameras: dict[str, Followed] = {}
        self._next: dict[int, int] = {}
        self._held: set[int] = set()
        self._refreshed_s = self._clock.monotonic_s()

    def run(self) -> None:
        """Follow until asked to stop.

        Raises:
            Retry: The broker stayed out of reach.
            Stop: A topic is gone or may not be used.
        """
        self._decisions.refresh()
        self._consumer.subscribe(
            [self._topic], on_assign=self.on_assign, on_revoke=self.on_drop, on_lost=self.on_drop
        )
        try:
            self._service.health.ready()
            while not self._service.stop.is_set():
                self._service.health.beat()
                self.turn()
            self._service.raise_fault()
        finally:
            self._consumer.close()
            self._decisions.close()

    def turn(self) -> None:
        """Take what arrived, and write what is due."""
        for message in poll_batch(self._consumer, MOST_RECORDS, WAIT_S):
            self.take(message)
        if self._clock.monotonic_s() - self._refreshed_s >= REFRESH_S:
            self._refresh()
        now_us = self._clock.now_us()
        due: dict[int, dict[str, Decision]] = {}
        for camera_id, camera in self._cameras.items():
            decision = camera.estimator.decide(now_us)
            if decision is not None:
                due.setdefault(camera.partition, {})[camera_id] = decision
        for partition, wanted in sorted(due.items()):
            self._write(partition, wanted)

    def take(self, message: Message) -> None:
        """Take one outcome."""
        partition, offset = message.partition() or 0, message.offset() or 0
        self._next[partition] = offset + 1
        try:
            picture = self._reader.read(message.value())
        except UndecodableValue:
            CLOCK_PICTURES.labels("undecodable").inc()  # the stream makes a dead letter of it
            return
        if not picture.live:
            CLOCK_PICTURES.labels("recorded").inc()
            return
        if not picture.source_us:
            CLOCK_PICTURES.labels("no_clock").inc()
            return
        CLOCK_PICTURES.labels("used").inc()
        camera = self._cameras.get(picture.camera_id)
        if camera is None or camera.partition != partition:
            found = self._decisions.newest.get(picture.camera_id)
            camera = self._cameras[picture.camera_id] = Followed(partition, self._rules, found)
        camera.estimator.observe(picture.arrival_us, picture.source_us)

    def _write(self, partition: int, wanted: Mapping[str, Decision]) -> None:
        position = TopicPartition(self._topic, partition, self._next[partition])
        group = self._consumer.consumer_group_metadata()
        try:
            self._note(self._decisions.write(partition, wanted, group, position))
        except Retry as error:
            log.warning("clocks.not_written", partition=partition, error=str(error))

    def _refresh(self) -> None:
        """Read what others decided, and show what is known."""
        self._refreshed_s = self._clock.monotonic_s()
        try:
            self._note(self._decisions.refresh())
        except Retry as error:
            log.warning("clocks.refresh_failed", error=str(error))
        for camera_id, camera in self._cameras.items():
            envelope, found = camera.estimator.envelope, camera.estimator.in_force
            if envelope is not None:
                CLOCK_OFFSET.labels(camera_id).set(-envelope.offset_us / 1e6)
            CLOCK_SETTLED.labels(camera_id).set(found is not None and found["state"] == "SETTLED")

    def _note(self, found: Iterable[CameraClock]) -> None:
        for record in found:
            camera = self._cameras.get(record["camera_id"])
            if camera is not None:
                camera.estimator.note(record)

    def on_assign(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        """The group has assigned partitions: read them from some minutes back.

        Another process that joins or leaves may change nothing here: then none are given.

        Raises:
            Retry: The broker is out of reach.
        """
        if not given:
            return
        self._note(self._decisions.refresh())
        back_us = self._clock.now_us() - self._rules.window_us
        wanted = [TopicPartition(one.topic, one.partition, back_us // 1_000) for one in given]
        try:
            starts = retried(
                lambda: consumer.offsets_for_times(wanted, timeout=_ANSWER_S),
                Tries(_AGAIN, self._clock),
                (KafkaException,),
            )
        except KafkaException as error:
            raise Retry(f"where to begin is not known: {error.args[0].str()}") from error
        consumer.incremental_assign(starts)
        self._show({*self._held, *(one.partition for one in given)})

    def on_drop(self, consumer: Consumer, taken: list[TopicPartition]) -> None:
        """The group has given partitions to another process, which follows their cameras now."""
        numbers = {one.partition for one in taken}
        for camera_id in [name for name, one in self._cameras.items() if one.partition in numbers]:
            del self._cameras[camera_id]
            CLOCK_OFFSET.remove(camera_id)
            CLOCK_SETTLED.remove(camera_id)
        for number in numbers:
            self._next.pop(number, None)
        consumer.incremental_unassign(taken)
        self._show(self._held - numbers)

    def _show(self, held: set[int]) -> None:
        # A consumer that is being closed gives partitions back, and no longer says which it has.
        self._held = held
        self._service.health.detail["partitions"] = str(len(held))
