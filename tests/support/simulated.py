"""Detections of simulated wards: people walk past several cameras, all from a seed."""

import random
from collections.abc import Iterable, Iterator
from typing import Any

from runtime.facts.log import Fact
from runtime.kafka.producer import ReliableProducer
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS
from tests.support.clusters import cluster_of
from tests.support.facts import publish_facts
from workers.registry.edit import Registered, Stamp, edits
from workers.registry.rows import CameraRow, ZoneRow

START_US = 1_780_000_000_000_000
FRAME_US = 100_000
WIDTH, HEIGHT = 640, 480
WALKERS = 6


def outcomes(camera_id: str, seconds: float, seed: int) -> Iterator[dict[str, Any]]:
    """Outcomes of one camera: people walk, some are missed, and clutter is detected now and then.

    One frame in fifty is skipped, one in a hundred failed, one in a hundred delivered twice.
    """
    chance = random.Random(f"{camera_id}/{seed}")
    people = [
        (chance.uniform(40, 600), chance.uniform(140, 470), chance.uniform(-60, 60))
        for _ in range(WALKERS)
    ]
    for number in range(round(seconds * 1_000_000 / FRAME_US)):
        at_s = number * FRAME_US / 1e6
        found = []
        for x0, foot, speed in people:
            span = WIDTH + 200.0
            x = (x0 + speed * at_s + 100) % span - 100
            if not 10 < x < WIDTH - 10 or chance.random() < 0.12:
                continue
            height = 60 + foot / 8
            found.append(
                {
                    "x_min": round(x - height / 5 + chance.gauss(0, 1), 2),
                    "y_min": round(foot - height + chance.gauss(0, 1), 2),
                    "x_max": round(x + height / 5 + chance.gauss(0, 1), 2),
                    "y_max": round(foot + chance.gauss(0, 1), 2),
                    "score": round(min(0.95, max(0.15, chance.gauss(0.75, 0.2))), 3),
                    "label": "person",
                }
            )
        record = {
            "camera_id": camera_id,
            "captured_us": START_US + number * FRAME_US,
            "frame_seq": number + 1,
            "outcome": "DETECTED",
            "detections": found,
            "width": WIDTH,
            "height": HEIGHT,
        }
        dice = chance.random()
        if dice < 0.02:
            record |= {"outcome": "SKIPPED", "reason": "newer_frame", "detections": []}
        elif dice < 0.03:
            record |= {"outcome": "FAILED", "reason": "corrupt_jpeg", "detections": []}
        yield record
        if dice > 0.99:
            yield record


def hidden(records: Iterable[dict[str, Any]], frames: range) -> Iterator[dict[str, Any]]:
    """The same outcomes without detections in some frames, so that people are linked afterwards."""
    for record in records:
        yield {**record, "detections": []} if record["frame_seq"] in frames else record


def register(settings: Settings, cameras: list[str]) -> None:
    """Register cameras, each on a floor of its own, with a zone that covers its lower half."""
    registered = Registered()
    stamp = Stamp(START_US - 3_600_000_000, START_US - 3_600_000_000, "test")
    facts: list[Fact] = []
    for camera in cameras:
        new = edits([CameraRow(camera_id=camera, width=WIDTH, height=HEIGHT)], registered, stamp)
        registered.add(new)
        zone = ZoneRow(
            zone_id=f"{camera}-zone",
            camera_id=camera,
            polygon=[(100, 200), (540, 200), (540, 479), (100, 479)],
            enter_after_ms=300,
            leave_after_ms=800,
            dwell_limit_s=3,
        )
        more = edits([zone], registered, stamp)
        registered.add(more)
        facts += [*new, *more]
    publish_facts(cluster_of(settings), facts)


class Feed:
    """Appends outcomes of cameras, frame by frame in turn, as many as `send` asks for.

    Args:
        settings: Settings of the pipeline.
        cameras: Cameras; each has a partition of its own, by its position in the list.
        seconds: Length of each camera's outcomes, seconds.
        seed: Seed of the walks.
        partition: One partition for all cameras instead.

    Attributes:
        sent: Records appended so far.
    """

    def __init__(
        self,
        settings: Settings,
        cameras: list[str],
        seconds: float,
        seed: int,
        *,
        partition: int | None = None,
    ) -> None:
        self._codec = SchemaRegistry(settings.registry_url).writer(DETECTIONS)
        self._producer = ReliableProducer(cluster_of(settings))
        self._name = cluster_of(settings).name(DETECTIONS)
        self.sent = 0
        self._streams = {camera: outcomes(camera, seconds, seed) for camera in cameras}
        self._partitions = {
            camera: index if partition is None else partition
            for index, camera in enumerate(cameras)
        }

    def send(self, frames: int | None = None, cameras: list[str] | None = None) -> None:
        """Append the next frames of every camera, or of some cameras; all the rest when None."""
        chosen = list(self._streams) if cameras is None else cameras
        while chosen and (frames is None or frames > 0):
            frames = None if frames is None else frames - 1
            for camera in list(chosen):
                record = next(self._streams[camera], None)
                if record is None:
                    chosen.remove(camera)
                    continue
                self._producer.produce(
                    self._name,
                    key=camera,
                    value=self._codec.encode(record),
                    partition=self._partitions[camera],
                )
                self.sent += 1
        self._producer.flush()
