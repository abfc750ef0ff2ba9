"""Suspect the calibration of a camera whose view is another one, until a person confirms it."""

from typing import Final

import structlog

from runtime.errors import Retry
from runtime.facts.log import Fact
from runtime.kafka.cluster import Cluster
from schemas.records.cameras import CameraVerdict
from schemas.registry import RegistryUnavailable
from schemas.topics import CAMERA_VIEWS, CAMERAS
from streams.domain.facts.suspicion import holds
from workers.registry.camera_views import suspect
from workers.registry.view import RegistryView

log = structlog.get_logger(__name__)

AGAIN_S: Final = 10.0
"""Pause before a decision that could not be written is tried again, s."""


class Suspicions:
    """Writes to `camera-views.v1` that cameras are suspect.

    Args:
        cluster: Where the topic is.
        registry: Knows what was decided so far.
    """

    def __init__(self, cluster: Cluster, registry: RegistryView) -> None:
        self._cluster = cluster
        self._registry = registry
        self._not_before_s = 0.0

    def confirmed(self, camera_id: str) -> int:
        """Version of the last decision by which the view of a camera was right; 0 without one."""
        versions = self._registry.versions(CAMERA_VIEWS, camera_id).values()
        return max((one["version"] for one in versions if one["state"] == "TRUSTED"), default=0)

    def raise_if_new(
        self, camera_id: str, verdict: CameraVerdict, *, since_us: int, camera_version: int
    ) -> None:
        """Write that a camera is suspect, unless that is known; a failure is tried again later.

        Args:
            camera_id: The camera.
            verdict: What is the matter with it.
            since_us: Since when, UTC microseconds.
            camera_version: Version of the camera that was judged.
        """
        versions = self._registry.versions(CAMERA_VIEWS, camera_id)
        known = max(versions, default=0)
        newest = versions.get(known)
        if newest is not None and (newest["state"], newest["removed"]) == ("SUSPECT", False):
            known_version: int = newest["camera_version"]
            if known_version >= camera_version:
                return
        if verdict == "DISAGREES" and newest is not None and newest["state"] == "TRUSTED":
            cameras = self._registry.versions(CAMERAS, camera_id)
            if holds(newest, cameras.get(max(cameras, default=0)), cameras):
                return  # a person knows better, as long as the calibration is the same
        now_s = self._cluster.clock.monotonic_s()
        if now_s < self._not_before_s:
            return
        self._not_before_s = now_s + AGAIN_S  # it takes a while until the decision is read
        try:
            written = suspect(
                self._cluster,
                camera_id,
                verdict,
                since_us=since_us,
                camera_version=camera_version,
                known=known,
            )
        except (Retry, RegistryUnavailable) as error:
            log.warning("guard.not_suspected", camera_id=camera_id, error=str(error))
            return
        if written is not None:
            log.info("guard.suspected", camera_id=camera_id, verdict=verdict)
            self._not_before_s = now_s
            self._registry.add([Fact(CAMERA_VIEWS, {**written})], self._cluster.clock.now_us())
