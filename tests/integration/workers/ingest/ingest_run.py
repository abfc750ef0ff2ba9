"""A run of the ingest worker on a real broker, and the records that it wrote."""

import hashlib
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from runtime.facts.log import Fact
from runtime.kafka.consumer import poll_batch
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import Settings
from runtime.storage.objects import ObjectStore
from schemas.records.frames import Frame
from schemas.registry import SchemaRegistry
from schemas.topics import CAMERAS, FRAMES, Topic
from tests.support.clips import HEIGHT, WIDTH
from tests.support.clusters import cluster_of
from tests.support.facts import publish_facts
from tests.support.waiting import eventually
from workers.ingest.feed import FeedConfig, Playback
from workers.ingest.ledger import FrameLedger
from workers.ingest.worker import run_ingest

START_US = 1_704_067_200_000_000
"""2024-01-01T00:00:00Z, UTC microseconds."""

RECORDED = Playback(start_us=START_US, pace="asap")
"""As fast as possible from a fixed time, so that every run gives the same log."""


@dataclass
class IngestRun:
    """The topics of one test.

    Attributes:
        environment: Settings for processes, as environment variables.
    """

    environment: dict[str, str]
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = self.settings()
        admin = cluster_of(settings).admin()
        self.registry = SchemaRegistry(settings.registry_url)
        for topic in (FRAMES, CAMERAS):
            name = cluster_of(settings).name(topic)
            wanted = NewTopic(name, topic.partitions, 1, config=topic.config)
            admin.create_topics([wanted])[name].result(60)
            self.registry.register(topic)
            eventually(partial(self._answers, topic), what=f"{name} can be read")

    def settings(self, **ingest: Any) -> Settings:
        """Settings of the test, with some of ingest's own changed."""
        top = {
            name.removeprefix("WARDSTREAM_").lower(): value
            for name, value in self.environment.items()
            if name.startswith("WARDSTREAM_") and "__" not in name
        }
        chosen = {"mode": "record", "object_store_url": f"file://{self.folder}/objects", **ingest}
        return Settings.model_validate({**top, "ingest": chosen})

    def register(self, camera_id: str, version: int = 1, **changes: Any) -> None:
        """Register a camera with the size of the test clips, by default long ago."""
        record = {
            "camera_id": camera_id,
            "version": version,
            "valid_from_us": 0,
            "recorded_at_us": 0,
            "removed": False,
            "recorded_by": "test",
            "floor_id": "floor",
            "name": camera_id,
            "width": WIDTH,
            "height": HEIGHT,
            "privacy_masks": [],
            "homography": None,
            **changes,
        }
        publish_facts(cluster_of(self.settings()), [Fact(CAMERAS, record)])

    def service(self, **ingest: Any) -> Service:
        """The service that a process body gets."""
        return Service(self.settings(**ingest), Health("ingest"))

    def run(
        self, feeds: Sequence[FeedConfig], playback: Playback = RECORDED, **ingest: Any
    ) -> dict[str, FrameLedger]:
        """Run the worker in this process, to the end of its recordings."""
        ledgers = run_ingest(self.service(**ingest), feeds, playback)
        return {ledger.camera_id: ledger for ledger in ledgers}

    def command(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the worker as a process."""
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.cli", "ingest", *arguments],
            env={
                **os.environ,
                **self.environment,
                "WARDSTREAM_INGEST__OBJECT_STORE_URL": f"file://{self.folder}/objects",
            },
            stderr=subprocess.PIPE,
        )
        self.processes.append(process)
        return process

    def ends(self) -> dict[int, int]:
        """End offset of each partition of the frames topic."""
        name = cluster_of(self.settings()).name(FRAMES)
        consumer = self._consumer()
        try:
            return {
                number: consumer.get_watermark_offsets(TopicPartition(name, number), timeout=60)[1]
                for number in range(FRAMES.partitions)
            }
        finally:
            consumer.close()

    def records(self) -> dict[str, list[Frame]]:
        """All records of the frames topic by camera, in log order."""
        name = cluster_of(self.settings()).name(FRAMES)
        codec = self.registry.reader(FRAMES)
        ends = {number: end for number, end in self.ends().items() if end}
        found: dict[str, list[Frame]] = defaultdict(list)
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(name, number, 0) for number in ends])
            deadline_s = time.monotonic() + 30
            while ends:
                assert time.monotonic() < deadline_s, "the log could not be read to its end"
                for message in poll_batch(consumer, 500, 0.2):
                    record: Frame = codec.decode(message.value())
                    assert (message.key() or b"").decode() == record["camera_id"]
                    found[record["camera_id"]].append(record)
                for position in consumer.position(
                    [TopicPartition(name, number) for number in ends]
                ):
                    if position.offset >= ends[position.partition]:
                        del ends[position.partition]
        finally:
            consumer.close()
        return dict(found)

    def pixels(self, frame: Frame) -> bytes:
        """Encoded pixels of a frame, from its record or the object store; checks their SHA-256."""
        if frame["object_uri"] is not None:
            store = ObjectStore(f"file://{self.folder}/objects")
            return store.get(frame["object_uri"], frame["sha256"])
        data = frame["data"] or b""
        assert hashlib.sha256(data).hexdigest() == frame["sha256"]
        return data

    def close(self) -> None:
        """End the processes that still run."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def _answers(self, topic: Topic) -> bool:
        """Whether a topic can be read; one that was just created has no leader yet."""
        consumer = self._consumer()
        try:
            for number in range(topic.partitions):
                position = TopicPartition(cluster_of(self.settings()).name(topic), number)
                consumer.get_watermark_offsets(position, timeout=60)
        except KafkaException:
            return False
        finally:
            consumer.close()
        return True

    def _consumer(self) -> Consumer:
        settings = self.settings()
        return cluster_of(settings).consumer(cluster_of(settings).group("test-reader"))


def digest(records: dict[str, list[Frame]]) -> list[tuple[object, ...]]:
    """The parts of records that must be equal in two runs: all but the times of reading."""
    return [
        (
            camera_id,
            *(frame[name] for name in ("seq", "captured_us", "kind", "sha256")),
            *(frame[name] for name in ("width", "height", "camera_version", "luma_mean")),
            *(frame[name] for name in ("contrast", "sharpness", "preprocessing_version")),
        )
        for camera_id in sorted(records)
        for frame in records[camera_id]
    ]
