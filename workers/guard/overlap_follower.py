"""Read the tracks of all cameras, in a thread of its own, and compare cameras of one floor."""

import threading
from collections.abc import Sequence
from typing import Final, cast

import structlog
from confluent_kafka import Message

from runtime.kafka.cluster import Cluster
from runtime.kafka.follower import Follower
from runtime.process.sections import GuardSettings
from schemas.codec import UndecodableValue
from schemas.records.tracks import CameraTracks
from schemas.topics import TRACKS
from workers.guard.neighbours import Disagreement, Neighbours, Pair
from workers.guard.overlap import OverlapLimits
from workers.registry.view import RegistryView

log = structlog.get_logger(__name__)

_BACK: Final = 0.7
"""Cameras agree again below this share of the distance at which they disagree."""

_CAMERAS_EVERY_US: Final = 2_000_000


class OverlapFollower:
    """Compares the cameras of floors as their tracks arrive.

    Every guard reads the tracks of all cameras; each writes of the cameras that it guards.

    Args:
        cluster: Where the topics are.
        settings: When two cameras disagree, and how often that is written.
        registry: Knows the cameras.
    """

    def __init__(self, cluster: Cluster, settings: GuardSettings, registry: RegistryView) -> None:
        self._clock = cluster.clock
        self._codec = cluster.registry.reader(TRACKS)
        self._registry = registry
        self._repeat_us = round(settings.repeat_s * 1e6)
        self._neighbours = Neighbours(
            OverlapLimits(
                limit_m=settings.disagree_m,
                back_m=_BACK * settings.disagree_m,
                window_us=round(settings.disagree_window_s * 1e6),
            )
        )
        self._lock = threading.Lock()
        self._registered_us = 0
        self._written: dict[Pair, Disagreement] = {}
        self._follower: Follower | None = None
        if settings.disagree_m > 0:
            self._follower = Follower(
                "overlap", cluster, [TRACKS], self._take_all, self._failed, age_s=0.0
            )

    def start(self) -> None:
        """Start reading."""
        if self._follower is not None:
            self._follower.start()

    def close(self) -> None:
        """Stop reading."""
        if self._follower is not None:
            self._follower.close()

    def news(self) -> list[Disagreement]:
        """What changed, and what was not given for a while."""
        with self._lock:
            found = self._neighbours.found()
        new = []
        for one in found:
            pair = one.camera_id, one.with_camera_id
            before = self._written.get(pair)
            if (
                before is None
                or before.since_us != one.since_us
                or one.at_us - before.at_us >= self._repeat_us
            ):
                self._written[pair] = one
                new.append(one)
        return new

    def _take_all(self, messages: Sequence[Message], at_end: bool) -> None:
        del at_end
        now_us = self._clock.now_us()
        if now_us - self._registered_us >= _CAMERAS_EVERY_US:
            self._registered_us = now_us
            with self._lock:
                self._neighbours.register(self._registry.cameras(now_us))
        for message in messages:
            if not self._neighbours.wanted((message.key() or b"").decode()):
                continue
            try:
                tracks = cast(CameraTracks, self._codec.decode(message.value()))
            except UndecodableValue as error:
                log.warning("guard.tracks_unreadable", error=str(error))
                continue
            with self._lock:
                self._neighbours.take(tracks)

    def _failed(self, error: Exception) -> None:
        log.warning("guard.tracks_out_of_reach", error=str(error))
