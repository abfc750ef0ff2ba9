"""Which partition a camera's outcomes go to: that of its floor, for life (see the topic table).

A frame names the version of its camera, and a version never changes, so a frame that is
inferred twice, by whomever and whenever, is placed on the same partition both times.
"""

from collections.abc import Iterable

import structlog

from runtime.clock import Clock
from runtime.errors import DeadLetter, Retry
from runtime.fact_log import Fact, FactLog
from runtime.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import CAMERAS, FLOOR_PARTITIONS, FLOORS

log = structlog.get_logger(__name__)

REFRESH_S = 2.0
"""Side inputs are read on this often."""

RECHECK_S = 1.0
"""A camera found unknown stays so for this long; one never seen before is looked up at once."""

_MOST_REMEMBERED = 10_000


class PlacementUnknown(LookupError):
    """No partition is known for a camera.

    Attributes:
        registered: True when the camera is known but no floor of it has a partition.
    """

    def __init__(self, camera_id: str, *, registered: bool) -> None:
        super().__init__(camera_id)
        self.registered = registered


class Placement:
    """The table of cameras and floors, without any reading."""

    def __init__(self) -> None:
        self._floors: dict[str, tuple[int, int]] = {}
        self._cameras: dict[str, dict[int, str]] = {}

    def learn(self, facts: Iterable[Fact]) -> None:
        """Take in camera and floor facts, in log order."""
        for topic, record in facts:
            if topic is CAMERAS and not record["removed"]:
                versions = self._cameras.setdefault(record["camera_id"], {})
                versions[record["version"]] = record["floor_id"]
            elif topic is FLOORS and not record["removed"]:
                self._learn_floor(record["floor_id"], record["version"], record["partition"])

    def _learn_floor(self, floor_id: str, version: int, partition: int) -> None:
        """The first version that names a partition fixes it for life."""
        if not 0 <= partition < FLOOR_PARTITIONS:
            if partition != -1:
                log.error("placement.no_such_partition", floor_id=floor_id, partition=partition)
            return
        known = self._floors.get(floor_id)
        if known is None:
            self._floors[floor_id] = version, partition
        elif known[1] != partition:
            log.error(
                "placement.partition_is_for_life",
                floor_id=floor_id,
                kept=known[1],
                refused=partition,
                version=version,
            )

    def knows(self, camera_id: str, version: int) -> bool:
        """Whether exactly this version of the camera is placed."""
        return self._cameras.get(camera_id, {}).get(version) in self._floors

    def partition(self, camera_id: str, version: int) -> int:
        """Partition of the floor that a version of a camera is on.

        Where that version is not placed, the newest before it decides, else the newest of all.

        Raises:
            PlacementUnknown: No version of the camera is on a floor with a partition.
        """
        versions = self._cameras.get(camera_id, {})
        placed = [number for number, floor in versions.items() if floor in self._floors]
        if not placed:
            raise PlacementUnknown(camera_id, registered=bool(versions))
        before = [number for number in placed if number <= version]
        return self._floors[versions[max(before or placed)]][1]


class CameraPlacement:
    """A `Placement` that is kept up to date from the side inputs.

    Args:
        facts: Reads cameras and floors.
    """

    def __init__(self, facts: FactLog) -> None:
        self._facts = facts
        self._table = Placement()
        self._refreshed_s = float("-inf")
        self._unknown_s: dict[tuple[str, int], float] = {}

    @classmethod
    def connect(
        cls, settings: Settings, registry: SchemaRegistry, clock: Clock
    ) -> "CameraPlacement":
        """Read both side inputs to their end.

        Raises:
            Retry: The broker is out of reach.
        """
        placement = cls(FactLog(settings, registry, clock, [CAMERAS, FLOORS]))
        placement.refresh(clock.monotonic_s())
        return placement

    def refresh(self, now_s: float) -> None:
        """Read on to the present end.

        Raises:
            Retry: The broker is out of reach.
        """
        self._table.learn(self._facts.sync())
        self._refreshed_s = now_s

    def refresh_if_due(self, now_s: float) -> None:
        """Read on every `REFRESH_S`; while the broker is away, what is known must do."""
        if now_s - self._refreshed_s < REFRESH_S:
            return
        try:
            self.refresh(now_s)
        except Retry as exc:
            self._refreshed_s = now_s
            log.warning("placement.refresh_failed", error=str(exc))

    def partition_of(self, camera_id: str, version: int, now_s: float) -> int:
        """Partition for a frame's outcome; a camera or version not yet seen is looked up first.

        Args:
            camera_id: Of the frame.
            version: Camera version of the frame.
            now_s: Monotonic seconds.

        Raises:
            DeadLetter: Nobody registered the camera, or its floor has no partition.
            Retry: The side inputs cannot be read.
        """
        identity = camera_id, version
        if not self._table.knows(camera_id, version):
            looked_up_s = self._unknown_s.get(identity, float("-inf"))
            if now_s - looked_up_s >= RECHECK_S:
                self.refresh(now_s)
                if len(self._unknown_s) >= _MOST_REMEMBERED:
                    self._unknown_s.clear()
                self._unknown_s[identity] = now_s
        try:
            return self._table.partition(camera_id, version)
        except PlacementUnknown as exc:
            if exc.registered:
                raise DeadLetter(
                    "unplaced_camera",
                    f"the floor of camera {camera_id!r} has no partition; import its floor",
                    field="camera_id",
                ) from exc
            raise DeadLetter(
                "unknown_camera",
                f"camera {camera_id!r} is not registered; run `wardstream camera import`",
                field="camera_id",
            ) from exc

    def close(self) -> None:
        """Leave the broker."""
        self._facts.close()
