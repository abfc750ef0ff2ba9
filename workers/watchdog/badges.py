"""Follow reads of badges of all floors."""

import threading
from collections.abc import Sequence
from typing import cast

import structlog
from confluent_kafka import Message

from runtime.kafka.cluster import Cluster
from runtime.kafka.follower import Follower
from runtime.process.sections import WatchdogSettings
from schemas.codec import UndecodableValue
from schemas.records.evidence import BadgeRead
from schemas.topics import BADGE_READS
from workers.observation.badges import BACK_US, BadgeReads, Crossing

log = structlog.get_logger(__name__)


class BadgeFollower:
    """Reads `badge-reads.v1` as it grows, in a thread of its own.

    Args:
        cluster: Where the topics are.
        settings: How long nobody needs less than between two floors.

    Attributes:
        current: Whether it has read to the end, so that every read that counts is known.
    """

    def __init__(self, cluster: Cluster, settings: WatchdogSettings) -> None:
        self._codec = cluster.registry.reader(BADGE_READS)
        self._lock = threading.Lock()
        self._reads = BadgeReads(
            round(settings.between_floors_s * 1e6), settings.readers_between_floors
        )
        self._follower = Follower(
            "badges", cluster, [BADGE_READS], self._take_all, self._failed, age_s=BACK_US / 1e6
        )
        self.current = False

    def start(self) -> None:
        """Start reading."""
        self._follower.start()

    def close(self) -> None:
        """Stop reading."""
        self._follower.close()

    def crossings(self, now_us: int) -> list[Crossing]:
        """Badges that were on two floors at once, as far as they count now.

        Args:
            now_us: Wall clock, UTC microseconds.
        """
        with self._lock:
            self._reads.forget(now_us)
            return self._reads.crossings(now_us)

    def _take_all(self, messages: Sequence[Message], at_end: bool) -> None:
        for message in messages:
            try:
                read = cast(BadgeRead, self._codec.decode(message.value()))
            except UndecodableValue:
                continue  # the stream processor counts and logs it
            with self._lock:
                self._reads.take(read)
        self.current = at_end

    def _failed(self, error: Exception) -> None:
        self.current = False
        log.warning("watchdog.badges_out_of_reach", error=str(error))
