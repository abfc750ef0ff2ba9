"""A small ward on the real broker, to which the inference tests write and from which they read."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import simplejpeg
from confluent_kafka import KafkaException, Message, TopicPartition
from confluent_kafka.admin import NewTopic, OffsetSpec  # type: ignore[attr-defined]

from runtime.clock import SystemClock
from runtime.facts.log import Fact
from runtime.kafka.producer import ReliableProducer
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import Settings
from schemas.records.frames import DetectionOutcome, Frame
from schemas.registry import SchemaRegistry
from schemas.topics import CAMERAS, DEAD_LETTERS, DETECTIONS, FLOORS, FRAMES, Topic
from tests.support.clusters import cluster_of
from tests.support.facts import publish_facts
from tests.support.services import await_gone
from tests.support.waiting import eventually
from workers.inference.process import run_inference

TOPICS = (FRAMES, DETECTIONS, DEAD_LETTERS, CAMERAS, FLOORS)
WIDTH, HEIGHT = 64, 128
START_US = 1_700_000_000_000_000
FRAME_US = 100_000
FLOOR_OF = {"bed-1": "west", "bed-2": "west", "door": "east"}
PARTITION_OF = {"west": 5, "east": 11}


def jpeg(seed: int) -> bytes:
    """A picture without people, different for every seed."""
    noise = np.random.default_rng(seed).integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    picture = np.ascontiguousarray(noise.repeat(8, axis=0).repeat(8, axis=1))
    data: bytes = simplejpeg.encode_jpeg(picture, quality=80, colorspace="BGR")
    return data


def frame(camera_id: str, seq: int, data: bytes | None = None, **given: Any) -> Frame:
    """Frame number `seq` of a camera, with pixels of its own."""
    pixels = jpeg(seq) if data is None else data
    record: dict[str, Any] = {
        "camera_id": camera_id,
        "seq": seq,
        "captured_us": START_US + seq * FRAME_US,
        "kind": "FRAME",
        "source_clock_us": START_US + seq * FRAME_US - 300_000,
        "received_us": START_US + seq * FRAME_US + 5_000,
        "width": WIDTH,
        "height": HEIGHT,
        "encoding": "JPEG",
        "data": pixels,
        "object_uri": None,
        "sha256": hashlib.sha256(pixels).hexdigest(),
        "camera_version": 1,
        "preprocessing_version": "test-1",
        "luma_mean": None,
        "contrast": None,
        "sharpness": None,
    }
    return {**record, **given}  # type: ignore[typeddict-item]


def heartbeat(camera_id: str, seq: int) -> Frame:
    """A heartbeat record, which carries only time."""
    record = frame(camera_id, seq, b"", kind="HEARTBEAT", sha256="", encoding="UNKNOWN")
    return {**record, "data": None}


@dataclass(frozen=True, kw_only=True)
class DeadLetterRecord:
    """A dead letter as a reader receives it."""

    headers: dict[str, str]
    value: bytes | None


def headers_of(message: Message) -> list[tuple[str, bytes]]:
    """Headers of a message as pairs, in the order of the message."""
    headers: Any = message.headers()
    return headers or []


class Ward:
    """Topics of one test, with two floors and three cameras registered.

    Args:
        settings: Where the services are, and the prefix of the test's own topics.
        further: Topics beyond those of inference.
    """

    def __init__(self, settings: Settings, further: Sequence[Topic] = ()) -> None:
        self.settings = settings
        self.topics = (*TOPICS, *further)
        self.registry = SchemaRegistry(settings.registry_url)
        for topic in self.topics:
            if topic.avro:
                self.registry.register(topic)
        self._admin = cluster_of(settings).admin()
        new = [
            NewTopic(cluster_of(settings).name(topic), topic.partitions, 1, config=topic.config)
            for topic in self.topics
        ]
        for future in self._admin.create_topics(new).values():
            future.result()
        self._producer = ReliableProducer(cluster_of(settings))
        self._group = cluster_of(settings).consumer(cluster_of(settings).group("inference"))
        self._frames = self.registry.writer(FRAMES)
        self._outcomes = self.registry.reader(DETECTIONS)
        for topic in self.topics:
            self.await_that(partial(self._is_empty, topic), f"leaders of {topic.name}", 30)
        self.register(*FLOOR_OF)

    def _is_empty(self, topic: Topic) -> bool:
        return self.count(topic) == 0

    def register(self, *camera_ids: str) -> None:
        """Register cameras and their floors."""
        stamp = {"valid_from_us": 0, "recorded_at_us": 0, "removed": False, "recorded_by": "test"}
        floors = {FLOOR_OF.get(camera_id, "west") for camera_id in camera_ids}
        facts = [
            Fact(
                FLOORS,
                stamp
                | {"floor_id": floor_id, "version": 1, "partition": PARTITION_OF[floor_id]}
                | {"name": floor_id, "time_zone": "UTC"},
            )
            for floor_id in sorted(floors)
        ] + [
            Fact(
                CAMERAS,
                stamp
                | {"camera_id": camera_id, "version": 1, "name": camera_id}
                | {"floor_id": FLOOR_OF.get(camera_id, "west")}
                | {"width": WIDTH, "height": HEIGHT, "privacy_masks": [], "homography": None},
            )
            for camera_id in camera_ids
        ]
        publish_facts(cluster_of(self.settings), facts)

    def encode(self, record: Frame) -> bytes:
        """A frame as the bytes that are on the topic."""
        return self._frames.encode(record)

    def send(self, *records: Frame) -> None:
        """Write frames and wait until the broker has them."""
        for record in records:
            self.put(record["camera_id"], self.encode(record))
        self._producer.flush()

    def put(self, camera_id: str, value: bytes | None) -> None:
        """Append any bytes to the frames topic; `send` waits for them."""
        self._producer.produce(cluster_of(self.settings).name(FRAMES), key=camera_id, value=value)

    def log(self, topic: Topic) -> list[Message]:
        """All records that are on a topic now, in order of partition and offset."""
        name = cluster_of(self.settings).name(topic)
        consumer = cluster_of(self.settings).consumer("never-commits")
        try:
            spans = {
                number: consumer.get_watermark_offsets(TopicPartition(name, number), timeout=30)
                for number in range(topic.partitions)
            }
            left = {number: end for number, (start, end) in spans.items() if end > start}
            consumer.assign([TopicPartition(name, number, 0) for number in left])
            found: list[Message] = []
            deadline_s = time.monotonic() + 30
            while left:
                assert time.monotonic() < deadline_s, f"{name} was not read to its end"
                for message in consumer.consume(1000, 0.1):
                    assert message.error() is None, message.error()
                    found.append(message)
                    partition, offset = message.partition() or 0, message.offset() or 0
                    if offset + 1 >= left.get(partition, 0):
                        left.pop(partition, None)
            return sorted(found, key=lambda one: (one.partition() or 0, one.offset() or 0))
        finally:
            consumer.close()

    def outcomes(self) -> dict[str, list[DetectionOutcome]]:
        """Outcomes by camera in log order; each must be in the partition of its camera's floor."""
        found: dict[str, list[DetectionOutcome]] = {}
        for message in self.log(DETECTIONS):
            record: DetectionOutcome = self._outcomes.decode(message.value())
            camera_id = record["camera_id"]
            assert message.key() == camera_id.encode()
            assert message.partition() == PARTITION_OF[FLOOR_OF.get(camera_id, "west")]
            found.setdefault(camera_id, []).append(record)
        return found

    def ends(self, topic: Topic) -> dict[int, int]:
        """Number of records ever written to each partition of a topic."""
        name = cluster_of(self.settings).name(topic)
        asked = {
            TopicPartition(name, number): OffsetSpec.latest()  # type: ignore[no-untyped-call]
            for number in range(topic.partitions)
        }
        futures = self._admin.list_offsets(asked, request_timeout=30)
        return {position.partition: future.result().offset for position, future in futures.items()}

    def count(self, topic: Topic = DETECTIONS) -> int:
        """Records on a topic now."""
        return sum(self.ends(topic).values())

    def dead_letters(self) -> list[DeadLetterRecord]:
        """All dead letters."""
        return [
            DeadLetterRecord(
                headers={name: value.decode() for name, value in headers_of(message)},
                value=message.value(),
            )
            for message in self.log(DEAD_LETTERS)
        ]

    def committed(self) -> dict[int, int]:
        """Committed offsets of the group, by partition of the frames topic."""
        name = cluster_of(self.settings).name(FRAMES)
        asked = [TopicPartition(name, number) for number in range(FRAMES.partitions)]
        found = self._group.committed(asked, timeout=30)
        return {one.partition: max(0, one.offset) for one in found}

    def await_outcomes(self, count: int, deadline_s: float = 60.0) -> None:
        """Wait until at least this many outcomes are in the log."""
        self.await_that(lambda: self.count() >= count, f"{count} outcomes", deadline_s)

    def await_read(self, deadline_s: float = 60.0) -> None:
        """Wait until every frame has an outcome and is committed."""
        self.await_that(
            lambda: self.committed() == self.ends(FRAMES), "every frame committed", deadline_s
        )

    @staticmethod
    def await_that(
        condition: Callable[[], bool], what: str, deadline_s: float, poll_every_s: float = 0.05
    ) -> None:
        """Wait until a condition holds; a broker that has just made a topic may need a moment."""

        def holds() -> bool:
            with suppress(KafkaException):
                return condition()
            return False

        eventually(holds, deadline_s, what, pause_s=poll_every_s)

    def with_inference(self, **options: Any) -> Settings:
        """Settings of this ward with other inference settings."""
        inference = self.settings.inference.model_copy(update=options)
        return self.settings.model_copy(update={"inference": inference})

    def close(self) -> None:
        """Delete the topics."""
        self._group.close()
        names = [cluster_of(self.settings).name(topic) for topic in self.topics]
        for future in self._admin.delete_topics(names).values():
            await_gone(future)


class InferenceThread:
    """Runs the body of the inference process in a thread of this process."""

    def __init__(self, settings: Settings) -> None:
        self.service = Service(settings, Health("inference"), SystemClock())
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            run_inference(self.service)
        except BaseException as error:  # noqa: BLE001 - `end` gives it to the test
            self.error = error

    @property
    def running(self) -> bool:
        """Whether the body has not returned."""
        return self._thread.is_alive()

    def end(self) -> BaseException | None:
        """Ask it to stop, wait, and return what it raised."""
        self.service.stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "inference did not end within 60 s"
        return self.error


@contextmanager
def inferring(ward: Ward, **options: Any) -> Iterator[InferenceThread]:
    """Run inference, with HOG by default, while the block runs; it must end without an error."""
    settings = ward.with_inference(**({"backend": "hog", "mode": "record"} | options))
    worker = InferenceThread(settings)
    try:
        yield worker
    finally:
        error = worker.end()
    if error is not None:
        raise error


def first_wins(outcomes: Sequence[DetectionOutcome]) -> list[DetectionOutcome]:
    """Outcomes of one camera that the stream processor keeps: those newer than all before them."""
    kept: list[DetectionOutcome] = []
    for outcome in outcomes:
        if not kept or outcome["captured_us"] > kept[-1]["captured_us"]:
            kept.append(outcome)
    return kept
