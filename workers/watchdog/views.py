"""Follow the guard's verdicts on the views of cameras."""

import threading
from collections.abc import Sequence
from typing import Final, cast

import structlog
from confluent_kafka import Message

from runtime.kafka.cluster import Cluster
from runtime.kafka.follower import Follower
from schemas.codec import UndecodableValue
from schemas.records.cameras import CameraHealth
from schemas.topics import CAMERA_HEALTH
from workers.observation.signs import ViewSign

log = structlog.get_logger(__name__)

LASTS_S: Final = 3600.0
"""A verdict that the guard has not repeated for so long counts no longer, s. It repeats each every
minute, while the camera sends pictures."""


class ViewFollower:
    """Reads `camera-health.measured.v1` as it grows, in a thread of its own.

    Args:
        cluster: Where the topics are.

    Attributes:
        current: Whether it has read to the end, so that every verdict of the last hour is known.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._codec = cluster.registry.reader(CAMERA_HEALTH)
        self._lock = threading.Lock()
        self._newest: dict[tuple[str, str], tuple[int, CameraHealth]] = {}
        self._follower = Follower(
            "views", cluster, [CAMERA_HEALTH], self._take_all, self._failed, age_s=LASTS_S
        )
        self.current = False

    def start(self) -> None:
        """Start reading."""
        self._follower.start()

    def close(self) -> None:
        """Stop reading."""
        self._follower.close()

    def signs(self, now_us: int) -> dict[str, ViewSign]:
        """The newest verdict on each camera that is not too old, by camera.

        Args:
            now_us: Wall clock, UTC microseconds.
        """
        with self._lock:
            return {
                camera_id: ViewSign(verdict=record["verdict"], since_us=record["since_us"])
                for (camera_id, other_id), (appended_us, record) in self._newest.items()
                if not other_id and now_us - appended_us < LASTS_S * 1e6
            }

    def disagreements(self, now_us: int) -> list[CameraHealth]:
        """The newest verdicts by which cameras disagree with another one, by camera.

        Args:
            now_us: Wall clock, UTC microseconds.
        """
        with self._lock:
            return [
                record
                for _, (appended_us, record) in sorted(self._newest.items(), key=lambda one: one[0])
                if record["verdict"] == "DISAGREES" and now_us - appended_us < LASTS_S * 1e6
            ]

    def take(self, record: CameraHealth, appended_us: int) -> None:
        """Take in a verdict; an older one than the last is ignored.

        Args:
            record: The verdict.
            appended_us: When it was appended, UTC microseconds.
        """
        with self._lock:
            about = record["camera_id"], record["with_camera_id"] or ""
            known = self._newest.get(about)
            if known is None or known[0] <= appended_us:
                self._newest[about] = appended_us, record

    def _take_all(self, messages: Sequence[Message], at_end: bool) -> None:
        for message in messages:
            try:
                record = cast(CameraHealth, self._codec.decode(message.value()))
            except UndecodableValue as error:
                log.warning("watchdog.verdict_unreadable", error=str(error))
                continue
            self.take(record, message.timestamp()[1] * 1_000)
        self.current = at_end

    def _failed(self, error: Exception) -> None:
        self.current = False
        log.warning("watchdog.verdicts_out_of_reach", error=str(error))
