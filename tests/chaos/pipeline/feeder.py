"""Append the input to the log, part by part, in its fixed order."""

import itertools
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from runtime.kafka.producer import ReliableProducer
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS
from tests.chaos.pipeline.read_feeder import RecordedReads
from tests.chaos.pipeline.source_clocks import SourceClocks
from tests.support.clusters import cluster_of
from tests.support.large_ward import START_US, Camera
from tests.support.ward_source import Event, events

REMEMBERED = 400
NOTED = 5_000
FLUSH_S = 300.0


class Feeder:
    """One writer for all cameras, so that their order in each partition never depends on luck.

    Args:
        settings: Addresses of broker and registry, and the run's prefix.
        cameras: Cameras of the ward.
        partitions: Partition of each floor.
        seconds: Event time of the whole input, seconds.
        seed: Seed of the input.
        pace: Seconds of event time that are sent in one second.
        start_us: Event time at which the input begins, microseconds.
        source_clocks: Clocks of the cameras; with them each outcome is sent at its event time, and
            says what its camera's clock said.
        reads: Reads of badges to append ahead of the outcomes; None for none.

    Attributes:
        sent: Number of records handed to the producer.
        appended_s: Time at which the latest outcomes were appended, monotonic seconds, by camera
            and event time.
    """

    def __init__(
        self,
        settings: Settings,
        cameras: Sequence[Camera],
        partitions: dict[str, int],
        *,
        seconds: float,
        seed: int,
        pace: float,
        start_us: int = START_US,
        source_clocks: SourceClocks | None = None,
        reads: RecordedReads | None = None,
    ) -> None:
        self._shift_us = start_us - START_US
        self._source_clocks = source_clocks
        self._reads = reads
        self._codec = SchemaRegistry(settings.registry_url).writer(DETECTIONS)
        self._producer = ReliableProducer(
            cluster_of(settings),
            log_level=2,  # a broker under attack is no news
        )
        self._name = cluster_of(settings).name(DETECTIONS)
        self._partitions = partitions
        self._events = events(cameras, seconds, seed)
        self._pace = pace
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._until_us = START_US
        self._at_us = START_US
        self._started = (START_US, time.monotonic())
        self._recent: list[tuple[int, bytes, bytes]] = []
        self._error: BaseException | None = None
        self._done = threading.Event()
        self._last_us = 1 << 62
        self.sent = 0
        self.appended_s: dict[tuple[str, int], float] = {}
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)
        self._thread.start()

    def feed_until(self, second: float) -> None:
        """Let the input continue up to some second of event time; returns at once."""
        self._started = (self._at_us, time.monotonic())
        self._until_us = START_US + round(second * 1e6)
        self._wake.set()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Send nothing within the block, unless the input is dated by the wall clock."""
        until_us = self._until_us
        if self._source_clocks is None:
            self._until_us = self._at_us
        yield
        if self._source_clocks is None:
            self._started = (self._at_us, time.monotonic())
            self._until_us = until_us
            self._wake.set()

    @property
    def sending(self) -> bool:
        """Whether some of the requested input is not sent yet."""
        self._check()
        return not self._done.is_set() and self._at_us < self._until_us

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for event in self._events:
                if event.at_us > self._last_us or not self._wait_for(event.at_us):
                    return
                if self._reads is not None and (wait_s := self._reads.wait_s(event.at_us)) > 0:
                    time.sleep(wait_s)
                key = event.camera.camera_id.encode()
                value = self._codec.encode(self._dated(event.record))
                sent = (self._partitions[event.camera.floor_id], key, value)
                self._send(*sent)
                self._note(event)
                self._recent.append(sent)
                del self._recent[:-REMEMBERED]
                self._at_us = event.at_us
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for the feeder
            self._error = error
        finally:
            self._done.set()

    def _dated(self, record: dict[str, Any]) -> dict[str, Any]:
        """An outcome with the times of this run."""
        at_us = record["captured_us"] + self._shift_us
        if self._source_clocks is None:
            return record | {"captured_us": at_us}
        reading_us = self._source_clocks.read(record["camera_id"], at_us)
        times = {"captured_us": at_us, "received_us": at_us, "source_clock_us": reading_us}
        return record | times

    def _note(self, event: Event) -> None:
        if len(self.appended_s) >= NOTED:
            self.appended_s.pop(next(iter(self.appended_s)))
        who = (event.camera.camera_id, event.record["captured_us"] + self._shift_us)
        self.appended_s[who] = time.monotonic()

    def _wait_for(self, at_us: int) -> bool:
        while not self._closed.is_set():
            if at_us >= self._until_us:
                self._wake.clear()
                if at_us >= self._until_us:
                    self._at_us = self._until_us
                    self._wake.wait(0.2)
                continue
            since_us, since_s = self._started
            if self._source_clocks is not None:
                ahead_s = (at_us + self._shift_us) / 1e6 - time.time()
            else:
                ahead_s = (at_us - since_us) / 1e6 / self._pace - (time.monotonic() - since_s)
            if ahead_s <= 0:
                return True
            time.sleep(min(ahead_s, 0.05))
        return False

    def _send(self, partition: int, key: bytes | None, value: bytes | None) -> None:
        with self._lock:
            self._producer.produce(self._name, key=key, value=value, partition=partition)
            self.sent += 1

    def inject(self, messages: Sequence[tuple[bytes | None, bytes | None]], seed: int) -> None:
        """Insert messages between those of the ward, each into the partition of some floor."""
        self._check()
        chance = random.Random(seed)
        for key, value in messages:
            self._send(chance.choice(sorted(self._partitions.values())), key, value)

    def repeat(self, count: int) -> int:
        """Append the last records again; returns how many."""
        self._check()
        again = list(self._recent)[-count:]
        for sent in again:
            self._send(*sent)
        return len(again)

    @property
    def at_s(self) -> float:
        """Second of event time that the input has reached."""
        return (self._at_us - START_US) / 1e6

    def end_at(self, second: float) -> None:
        """Leave out the input after some second of event time."""
        self._last_us = START_US + round(second * 1e6)

    def finish(self, deadline_s: float) -> None:
        """Send the rest of the input, and wait until the broker has it.

        Raises:
            TimeoutError: It takes longer than `deadline_s`.
        """
        self._until_us = 1 << 62
        self._started = (self._at_us, time.monotonic())
        self._wake.set()
        if not self._done.wait(deadline_s):
            raise TimeoutError(f"the input was not sent within {deadline_s:.0f} s")
        self._check()
        self._producer.flush(FLUSH_S)

    def flush(self) -> None:
        """Wait until the broker has all that was sent so far."""
        self._check()
        with self._lock:
            self._producer.flush(FLUSH_S)

    def close(self) -> None:
        """Stop sending."""
        self._closed.set()
        self._wake.set()
        self._thread.join(10.0)


def malformed(codec_id: int, seed: int, count: int) -> list[tuple[bytes | None, bytes | None]]:
    """Values that no reader can decode, one of each kind in turn."""
    chance = random.Random(f"poison/{seed}")
    kinds: list[Any] = [
        lambda: b"",
        lambda: b"\x00",
        lambda: chance.randbytes(40),
        lambda: b"{" + chance.randbytes(20),
        lambda: b"\x00" + codec_id.to_bytes(4, "big") + chance.randbytes(30),
        lambda: b"\x00" + codec_id.to_bytes(4, "big"),
    ]
    turns = itertools.islice(itertools.cycle(kinds), count)
    return [(f"poison-{number}".encode(), make()) for number, make in enumerate(turns)]
