"""Append reads of badges beside the detections of a run."""

import threading
import time
from collections.abc import Sequence
from typing import Any, Final

from runtime.errors import Retry
from runtime.kafka.producer import ReliableProducer
from runtime.process.settings import Settings
from schemas.records.evidence import BadgeRead
from schemas.registry import RegistryUnavailable, SchemaRegistry
from schemas.topics import BADGE_READS
from tests.support.clusters import cluster_of
from tests.support.large_ward import START_US
from tests.support.ward_reads import S, WardReads
from workers.serving.evidence.writer import ReadWriter

WINDOW_S: Final = 10
"""Recorded reads are appended so many seconds of event time at once."""

KNOWN_AFTER_S: Final = 2.5
"""So long before the first outcome of a window its reads are in the log, seconds: whoever folds
reads them once a second."""

FLUSH_S: Final = 300.0
EVERY_S: Final = 0.5


class RecordedReads:
    """Appends recorded material ahead of the outcomes of the same time.

    Args:
        settings: Addresses of broker and registry, and the run's prefix.
        reads: Reads of the ward.
    """

    def __init__(self, settings: Settings, reads: WardReads) -> None:
        cluster = cluster_of(settings)
        self._codec = SchemaRegistry(settings.registry_url).writer(BADGE_READS)
        self._producer = ReliableProducer(cluster, log_level=2)
        self._name = cluster.name(BADGE_READS)
        self._reads = reads
        self._appended_s: list[float] = []

    def wait_s(self, at_us: int) -> float:
        """Append what is needed for an outcome, and say how long to wait before it is sent.

        Args:
            at_us: Its event time, counted from `START_US`, microseconds.
        """
        window = max(0, (at_us - START_US) // (WINDOW_S * S))
        while len(self._appended_s) < window + 2:
            first = len(self._appended_s) * WINDOW_S
            for partition, read in self._reads.between(first, first + WINDOW_S):
                self._producer.produce(
                    self._name,
                    key=read["reader_id"],
                    value=self._codec.encode(read),
                    partition=partition,
                )
            self._producer.flush(FLUSH_S)
            self._appended_s.append(time.monotonic())
        return self._appended_s[window] + KNOWN_AFTER_S - time.monotonic()


class SentReads:
    """Sends reads as they are made, as the board does: all of a batch in time, or none, and again.

    Args:
        settings: Addresses of broker and registry, and the run's prefix.
        reads: Reads of the ward.
        start_us: Event time at which the input begins, microseconds.
    """

    def __init__(self, settings: Settings, reads: WardReads, start_us: int) -> None:
        self._writer = ReadWriter(cluster_of(settings))
        self._reads = reads
        self._start_us = start_us
        self._closed = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="reads", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        done = 0
        try:
            while not self._closed.wait(EVERY_S):
                now = (time.time_ns() // 1_000 - self._start_us) // S
                if now > done and self._append(self._reads.between(done, now)):
                    done = now
        except BaseException as error:  # noqa: BLE001 - raised where it is closed
            self._error = error

    def _append(self, found: Sequence[tuple[int, BadgeRead]]) -> bool:
        """Send a batch; False when it must be sent again, even where it may have been taken."""
        shift_us = self._start_us - START_US
        partitions: dict[int, int] = {}
        batch: list[BadgeRead] = []
        for partition, read in found:
            one: Any = {**read, "at_us": read["at_us"] + shift_us}
            if not 0 <= read["at_us"] < 2 * START_US:
                one["at_us"] = read["at_us"]  # of no time at all
            partitions[id(one)] = partition
            batch.append(one)
        try:
            if batch:
                self._writer.append(batch, lambda read: partitions[id(read)])
        except (Retry, RegistryUnavailable):
            return False
        return True

    def close(self) -> None:
        """Send no more.

        Raises:
            BaseException: What ended the sending before.
        """
        self._closed.set()
        self._thread.join(30.0)
        if self._error is not None:
            raise self._error
