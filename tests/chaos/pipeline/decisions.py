"""What is decided about cameras' clocks while a pipeline is attacked."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.facts.log import FactLog, fact_key
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import CAMERA_CLOCK, DETECTIONS, FOLDED_TOPICS
from streams.domain.camera.clock import corrected_us, floor_time
from streams.processor.fact_source import FactSource
from tests.support.clusters import cluster_of

S = 1_000_000
FAR_OFF_US = 100_000
"""A correction that is further off than this is wrong, microseconds."""

_SOON_S = 0.2


class DecisionLog:
    """Follows the decisions about clocks.

    Args:
        settings: Settings with which they are found.

    Attributes:
        versions: Every version by camera, in the order of the log.
    """

    def __init__(self, settings: Settings) -> None:
        self._log = FactLog(cluster_of(settings), [CAMERA_CLOCK])
        self.versions: dict[str, list[dict[str, Any]]] = {}

    def read(self) -> None:
        """Read to the end; what a broker that is away holds comes with the next read."""
        try:
            found = self._log.sync()
        except Retry:
            return
        for _, record in found:
            self.versions.setdefault(record["camera_id"], []).append(record)

    def newest(self, camera_id: str) -> dict[str, Any] | None:
        """The newest version about a camera."""
        known = self.versions.get(camera_id, ())
        return max(known, key=lambda one: int(one["version"]), default=None)

    def version(self, camera_id: str) -> int:
        """Number of that version; 0 for none."""
        newest = self.newest(camera_id)
        return 0 if newest is None else int(newest["version"])

    def holds(self, camera_id: str) -> bool:
        """Whether a clock is settled, and that is in force."""
        newest = self.newest(camera_id)
        return (
            newest is not None
            and newest["state"] == "SETTLED"
            and newest["valid_from_us"] < time.time() * 1e6
        )

    def close(self) -> None:
        """Leave the broker."""
        self._log.close()


@contextmanager
def decisions(settings: Settings) -> Iterator[DecisionLog]:
    """The decisions about clocks, followed while the block runs."""
    log = DecisionLog(settings)
    try:
        yield log
    finally:
        log.close()


def right(log: DecisionLog, camera_id: str, source_us: int, arrival_us: int) -> bool:
    """Whether what is in force about a camera's clock corrects a reading."""
    newest: Any = log.newest(camera_id)
    if newest is None or not log.holds(camera_id):
        return False
    return abs(corrected_us(newest, source_us) - arrival_us) < FAR_OFF_US


def append(settings: Settings, records: Sequence[dict[str, Any]]) -> None:
    """Append decisions, as somebody does who is not the process that decides."""
    codec = SchemaRegistry(settings.registry_url).writer(CAMERA_CLOCK)
    producer = ReliableProducer(cluster_of(settings))
    name = cluster_of(settings).name(CAMERA_CLOCK)
    for record in records:
        key = fact_key(CAMERA_CLOCK, record)
        producer.produce(name, key=key, value=codec.encode(record), partition=0)
    producer.flush()


def append_again(settings: Settings) -> int:
    """Append every decision once more, byte for byte; returns how many."""
    producer = ReliableProducer(cluster_of(settings))
    name = cluster_of(settings).name(CAMERA_CLOCK)
    found = list(read_topic(cluster_of(settings), CAMERA_CLOCK))
    for message in found:
        producer.produce(name, key=message.key(), value=message.value(), partition=0)
    producer.flush()
    return len(found)


def dated(settings: Settings) -> Counter[str]:
    """How the fold dated the frames of a run: how many by a camera's clock, by its delay, as sent.

    Args:
        settings: Settings with which the input is found.
    """
    codec = SchemaRegistry(settings.registry_url).reader(DETECTIONS)
    log = FactLog(cluster_of(settings), FOLDED_TOPICS)
    source = FactSource(log, SystemClock())
    source.refresh()
    log.close()
    found: Counter[str] = Counter()
    newest: dict[str, int] = {}
    for message in read_topic(cluster_of(settings), DETECTIONS):
        record = codec.decode(message.value())
        camera_id, at_us = record["camera_id"], record["captured_us"]
        if at_us <= newest.get(camera_id, 0):
            continue
        newest[camera_id] = at_us
        clock, reading_us = source.facts.at(at_us).clock(camera_id), record["source_clock_us"]
        own_us = floor_time(at_us, reading_us, clock, (0, 0), S)
        plain_us = floor_time(at_us, None, clock, (0, 0), S)
        how = "clock" if own_us != plain_us else "delay" if plain_us != at_us else "arrival"
        found[how] += 1
    return found


def faults_of(settings: Settings) -> list[str]:
    """What is wrong with the decisions of a run, in words."""
    found = []
    with decisions(settings) as log:
        log.read()
        for camera_id, versions in sorted(log.versions.items()):
            numbers = sorted({int(one["version"]) for one in versions})
            if numbers != list(range(1, len(numbers) + 1)):
                found.append(f"clock of {camera_id}: versions {numbers}")
            found += [
                f"clock of {camera_id}: version {one['version']} was written in two ways"
                for one in versions
                if any(one["version"] == two["version"] and one != two for two in versions)
            ]
    return found


def until(condition: Any, deadline_s: float) -> bool:
    """Wait for a condition; returns whether it came."""
    end_s = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(_SOON_S)
    return True
