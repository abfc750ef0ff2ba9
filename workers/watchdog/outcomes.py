"""Follow the outcomes of frames: which cameras send frames, and how many are skipped."""

import threading
from collections.abc import Sequence
from typing import Final

import structlog
from confluent_kafka import Message

from runtime.kafka.cluster import Cluster
from runtime.kafka.follower import Follower
from schemas.codec import UndecodableValue
from schemas.topics import DETECTIONS

log = structlog.get_logger(__name__)

WINDOW_S: Final = 60
"""Window over which skipped pictures are counted, s."""

_HISTORY_S: Final = 120


class OutcomeFollower:
    """Reads `detections.made.v1` as it grows, in a thread of its own.

    Args:
        cluster: Where the topics are.

    Attributes:
        current: Whether it has read to the end, so that every picture in the topic was seen.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._codec = cluster.registry.reader(DETECTIONS)
        self._lock = threading.Lock()
        self._last_us: dict[str, int] = {}
        self._seconds: dict[int, list[int]] = {}
        self._follower = Follower(
            "outcomes",
            cluster,
            [DETECTIONS],
            self._take_all,
            self._failed,
            age_s=_HISTORY_S,
        )
        self.current = False

    def start(self) -> None:
        """Start reading."""
        self._follower.start()

    def close(self) -> None:
        """Stop reading."""
        self._follower.close()

    def last_us(self) -> dict[str, int]:
        """When each camera's newest picture was appended, UTC microseconds."""
        with self._lock:
            return dict(self._last_us)

    def skipped(self, now_us: int) -> tuple[int, int]:
        """Number of pictures in the last minute, and how many of them were skipped."""
        first = now_us // 1_000_000 - WINDOW_S
        with self._lock:
            for second in [second for second in self._seconds if second < first]:
                del self._seconds[second]
            counts = list(self._seconds.values())
        return sum(count[0] for count in counts), sum(count[1] for count in counts)

    def take(self, camera_id: str, outcome: str, appended_us: int) -> None:
        """Count one outcome.

        Args:
            camera_id: The camera.
            outcome: Kind of the outcome; a heartbeat is not a picture.
            appended_us: When it was appended, UTC microseconds.
        """
        if outcome == "HEARTBEAT":
            return
        with self._lock:
            self._last_us[camera_id] = max(appended_us, self._last_us.get(camera_id, 0))
            count = self._seconds.setdefault(appended_us // 1_000_000, [0, 0])
            count[0] += 1
            count[1] += outcome == "SKIPPED"

    def _take_all(self, messages: Sequence[Message], at_end: bool) -> None:
        for message in messages:
            try:
                record = self._codec.decode(message.value())
            except UndecodableValue:
                continue  # the stream processor makes it a dead letter
            self.take(record["camera_id"], record["outcome"], message.timestamp()[1] * 1_000)
        self.current = at_end

    def _failed(self, error: Exception) -> None:
        self.current = False
        with self._lock:
            self._seconds.clear()  # all of them are read again
        log.warning("watchdog.outcomes_out_of_reach", error=str(error))
