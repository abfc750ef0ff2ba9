"""Look up the camera version in force, so that its masks are applied to every frame."""

import threading
from collections.abc import Sequence
from typing import Any

import structlog

from runtime.errors import Retry, Stop
from runtime.facts.log import Fact, FactLog
from runtime.kafka.cluster import Cluster
from runtime.process.service import Service
from runtime.retry import Tries, constant, retried
from schemas.topics import CAMERAS
from streams.domain.facts.check import checked
from streams.domain.facts.versions import (
    ConflictingFact,
    InvalidFact,
    Record,
    Timeline,
    visible_from,
)
from workers.ingest.fault import CameraFault

log = structlog.get_logger(__name__)

_AGAIN = constant(1.0, deadline_s=600.0)
_SOON_US = 30_000_000


class CameraBook:
    """Follows cameras.v1; safe to use from several threads.

    Args:
        service: Gives the clock and the stop signal.
        cluster: Where the topics are.
    """

    def __init__(self, service: Service, cluster: Cluster) -> None:
        self._clock = service.clock
        self._stop = service.stop
        self._log = FactLog(cluster, [CAMERAS])
        self._cameras = Timeline("camera_id")
        self._lock = threading.Lock()

    def at(self, camera_id: str, at_us: int) -> Any | None:
        """The version of a camera that is in force at an event time not in the future.

        Returns:
            A `Camera` record; None if no version is in force, or when asked to stop.

        Raises:
            Retry: cameras.v1 could not be read for ten minutes.
            Stop: cameras.v1 contradicts itself.
        """
        with self._lock:
            if at_us > self._log.complete_until_us():
                self._sync()
            return self._cameras.one_at(camera_id, at_us)

    def require(self, camera_id: str, at_us: int | None) -> None:
        """Check that a camera can be served from `at_us`, or from now on if None.

        Waits for a camera that was registered a moment ago.

        Raises:
            Stop: It is not registered, or not in force at that time; the message says what to do.
            Retry: cameras.v1 could not be read.
        """
        with self._lock:
            self._sync()
            versions = list(self._cameras.versions_of(camera_id).values())
        if not versions:
            raise CameraFault(
                f"camera {camera_id} is not registered: write its id, floor and size to a file "
                "and run `wardstream camera import FILE`, or correct --camera",
                field="camera_id",
            )
        if at_us is None:
            self._await_visible(camera_id, versions)
        elif self.at(camera_id, at_us) is None:
            first_us = min(visible_from(version) for version in versions)
            raise CameraFault(
                f"camera {camera_id} is not in force at the start time of the recording "
                f"({at_us} us), but from {first_us} us on: register it with earlier "
                "valid_from and recorded_at, or give a later --start-time",
                field="valid_from",
            )

    def _await_visible(self, camera_id: str, versions: Sequence[Record]) -> None:
        while self.at(camera_id, self._clock.now_us()) is None:
            now_us = self._clock.now_us()
            due_us = min(
                (visible_from(v) for v in versions if visible_from(v) > now_us), default=None
            )
            if due_us is None or due_us > now_us + _SOON_US:
                raise CameraFault(
                    f"camera {camera_id} is registered, but not in force now: register a version "
                    "with `wardstream camera import FILE` that is valid and not removed",
                    field="valid_from",
                )
            log.info("ingest.camera_not_yet_visible", camera_id=camera_id, visible_us=due_us)
            if self._stop.wait((due_us - now_us) / 1e6 + 0.01):
                return

    def _sync(self) -> None:
        for fact in retried(self._read, Tries(_AGAIN, self._clock, self._stop.wait)):
            camera_id = fact.record["camera_id"]
            try:
                known = self._cameras.versions_of(camera_id).values()
                checked(fact.topic.name, camera_id, fact.record, known)
                self._cameras.add(fact.record)
            except InvalidFact as error:
                log.error("ingest.camera_invalid", error=str(error))
            except ConflictingFact as error:
                raise Stop(str(error)) from error

    def _read(self) -> list[Fact]:
        try:
            return self._log.sync()
        except Retry as error:
            log.warning("ingest.cameras_out_of_reach", error=str(error))
            raise

    def close(self) -> None:
        """Leave the broker."""
        self._log.close()
