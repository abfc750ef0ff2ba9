"""Bring frames into the log: all at once for throughput, in real time for latency."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from confluent_kafka import Message

from runtime.process.settings import Settings
from schemas.codec import Codec
from schemas.records.evidence import BadgeRead
from schemas.records.frames import DetectionOutcome
from schemas.registry import SchemaRegistry
from schemas.topics import BADGE_READS, DETECTIONS
from tests.bench.streaming.ward import (
    FRAME_US,
    Ward,
    captured_us,
    floor_of,
)
from tests.support.clusters import cluster_of

BACKLOG_START_US = 1_780_000_000_000_000


MUCH: Final[dict[str, Any]] = {"queue.buffering.max.messages": 1_000_000, "linger.ms": 20}


class Load:
    """Frames of a registered ward, encoded as inference encodes them.

    Args:
        settings: Where the broker is, and the run's prefix.
        ward: The ward.
        partitions: Of each floor.
    """

    def __init__(self, settings: Settings, ward: Ward, partitions: Mapping[str, int]) -> None:
        self.ward = ward
        self.cameras = len(ward.camera_ids)
        self._names = [name.encode() for name in ward.camera_ids]
        self._partitions = [partitions[floor_of(ward, at)] for at in range(self.cameras)]
        self._codec: Codec = SchemaRegistry(settings.registry_url).writer(DETECTIONS)
        self._topic = cluster_of(settings).name(DETECTIONS)
        self._producer: Any = cluster_of(settings).producer(**MUCH)
        self._floors = dict(partitions)
        self._reads: Codec = SchemaRegistry(settings.registry_url).writer(BADGE_READS)
        self._topic_of_reads = cluster_of(settings).name(BADGE_READS)

    def append_reads(self, reads: Iterable[BadgeRead]) -> None:
        """Append reads of badges as fast as the broker takes them."""
        for read in reads:
            self.send_read(read)
        self.flush()

    def send_read(self, read: BadgeRead) -> None:
        """Hand one read of a badge over."""
        self._producer.produce(
            self._topic_of_reads,
            key=read["reader_id"].encode(),
            value=self._reads.encode(read),
            partition=self._floors[read["floor_id"]],
        )

    def encoded(self, frames: int, start_us: int) -> Iterator[tuple[int, bytes]]:
        """Frames of all cameras in the order of their log: camera number and value."""
        return self.encode(self.ward.log(frames, start_us))

    def encode(
        self, outcomes: Iterable[tuple[int, DetectionOutcome]]
    ) -> Iterator[tuple[int, bytes]]:
        """Camera number and value of each frame."""
        for number, outcome in outcomes:
            yield number, self._codec.encode(outcome)

    def append(self, log: Iterable[tuple[int, bytes]]) -> None:
        """Append frames as fast as the broker takes them."""
        for number, value in log:
            self.send(number, value)
        self.flush()

    def send(self, number: int, value: bytes, on_delivery: Any = None) -> None:
        """Hand one frame over."""
        while True:
            try:
                self._producer.produce(
                    self._topic,
                    key=self._names[number],
                    value=value,
                    partition=self._partitions[number],
                    on_delivery=on_delivery,
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def poll(self) -> None:
        """Take in acknowledgements."""
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until all is in the log."""
        assert self._producer.flush(120) == 0, "the broker did not take the load"


@dataclass
class LiveLoad:
    """Sends frames when they are captured, and notes when the broker appended each.

    Args:
        load: What to send with.
        start_us: Event time of the first frame, UTC microseconds; some seconds from now.
    """

    load: Load
    start_us: int
    appended_ms: dict[tuple[int, int], int] = field(default_factory=dict)
    late_s: float = 0.0

    def run(self, log: Sequence[tuple[int, bytes]]) -> None:
        """Send all at their time; blocks until the last one is sent.

        Args:
            log: From `Load.encoded`, with the same start.
        """
        cameras = self.load.cameras
        plan = sorted(
            (captured_us(number, index // cameras, self.start_us), number, index // cameras, value)
            for index, (number, value) in enumerate(log)
        )
        for due_us, number, frame, value in plan:
            ahead_s = due_us / 1e6 - time.time()
            while ahead_s > 0:
                self.load.poll()
                time.sleep(min(ahead_s, 0.005))
                ahead_s = due_us / 1e6 - time.time()
            self.late_s = max(self.late_s, -ahead_s)
            self.load.send(number, value, self._noter(number, frame))
        self.load.flush()

    def _noter(self, number: int, frame: int) -> Any:
        def note(error: object, message: Message) -> None:
            assert error is None, error
            self.appended_ms[number, frame] = message.timestamp()[1]

        return note

    def decisive_ms(self, floor: int, as_of_us: int) -> int | None:
        """When the broker had appended the last frame that the floor's tick waits for.

        A tick closes when every camera of its floor has reported at or beyond its end. None when
        a camera's frame lies outside the run.
        """
        first = floor * self.load.ward.cameras_per_floor
        last = min(first + self.load.ward.cameras_per_floor, self.load.cameras)
        newest = 0
        for number in range(first, last):
            frame = math.ceil((as_of_us - captured_us(number, 0, self.start_us)) / FRAME_US)
            appended = self.appended_ms.get((number, max(frame, 0)))
            if appended is None:
                return None
            newest = max(newest, appended)
        return newest
