"""Find the partition of a camera's outcomes: its floor's, for life (see the topic table).

Both a camera's floor and a floor's partition are fixed by the first version in the log that names
them. So a frame gets the same partition from every worker, before and after every import,
and the stream processor, which refuses a version that moves a camera, expects it there: in another
partition the `seq` of the camera and its zones would start again.
"""

from collections.abc import Callable, Iterable, Sequence

import structlog

from runtime.errors import DeadLetter, Retry
from runtime.facts.log import Fact, FactLog
from runtime.kafka.cluster import Cluster
from schemas.topics import CAMERAS, FLOOR_PARTITIONS, FLOORS, Topic

log = structlog.get_logger(__name__)

REFRESH_S = 2.0
"""Pause between two reads of the reference data, s."""

RECHECK_S = 1.0
"""Pause before an unknown camera is looked up again, s; a new one is looked up at once."""

_MOST_REMEMBERED = 10_000


class PlacementUnknown(LookupError):
    """No partition is known for a camera.

    Attributes:
        registered: True when the camera is known but its floor has no partition.
    """

    def __init__(self, camera_id: str, *, registered: bool) -> None:
        super().__init__(camera_id)
        self.registered = registered


class Placement:
    """The table of cameras and floors; pure, reads no topic."""

    def __init__(self) -> None:
        self._partitions: dict[str, int] = {}
        self._moving: set[tuple[str, int]] = set()
        self._homes: dict[str, str] = {}

    def learn(self, facts: Iterable[Fact]) -> None:
        """Take in camera and floor facts, in log order."""
        for topic, record in facts:
            if record["removed"]:
                continue
            if topic is CAMERAS:
                self._learn_camera(record["camera_id"], record["version"], record["floor_id"])
                if record["mount"] == "MOVING":
                    self._moving.add((record["camera_id"], record["version"]))
            elif topic is FLOORS:
                self._learn_floor(record["floor_id"], record["version"], record["partition"])

    def _learn_camera(self, camera_id: str, version: int, floor_id: str) -> None:
        """Note a camera's floor; its first version fixes it for life."""
        home = self._homes.setdefault(camera_id, floor_id)
        if home != floor_id:
            log.error(
                "placement.floor_is_for_life",
                camera_id=camera_id,
                kept=home,
                refused=floor_id,
                version=version,
            )

    def _learn_floor(self, floor_id: str, version: int, partition: int) -> None:
        """Note a floor's partition; the first version that names one fixes it for life."""
        if not 0 <= partition < FLOOR_PARTITIONS:
            if partition != -1:
                log.error("placement.no_such_partition", floor_id=floor_id, partition=partition)
            return
        known = self._partitions.setdefault(floor_id, partition)
        if known != partition:
            log.error(
                "placement.partition_is_for_life",
                floor_id=floor_id,
                kept=known,
                refused=partition,
                version=version,
            )

    def moves(self, camera_id: str, version: int) -> bool:
        """Whether this version of a camera is mounted so that it moves."""
        return (camera_id, version) in self._moving

    def partition(self, camera_id: str) -> int:
        """Partition of the floor that a camera is on.

        Raises:
            PlacementUnknown: The camera is unknown, or its floor has no partition.
        """
        home = self._homes.get(camera_id)
        if home not in self._partitions:
            raise PlacementUnknown(camera_id, registered=home is not None)
        return self._partitions[home]


class CameraPlacement:
    """A `Placement` that is kept up to date from the reference data.

    Args:
        facts: Reads cameras and floors.
        heard: Receives all facts that it reads.
    """

    def __init__(
        self, facts: FactLog, heard: Callable[[Sequence[Fact], int], object] = lambda *_: None
    ) -> None:
        self._facts = facts
        self._heard = heard
        self._table = Placement()
        self._refreshed_s = float("-inf")
        self._unknown_s: dict[str, float] = {}

    @classmethod
    def connect(
        cls,
        cluster: Cluster,
        further: Sequence[Topic] = (),
        heard: Callable[[Sequence[Fact], int], object] = lambda *_: None,
    ) -> "CameraPlacement":
        """Read cameras and floors to their end.

        Args:
            cluster: Where the topics are.
            further: More topics of facts or decisions to read.
            heard: Receives all facts that it reads, and when the reading began, UTC microseconds.

        Raises:
            Retry: The broker is out of reach.
        """
        placement = cls(FactLog(cluster, [CAMERAS, FLOORS, *further]), heard)
        placement.refresh(cluster.clock.monotonic_s())
        return placement

    def moves(self, camera_id: str, version: int) -> bool:
        """Whether this version of a camera, as far as it is known, moves on purpose."""
        return self._table.moves(camera_id, version)

    def refresh(self, now_s: float) -> None:
        """Read the new reference data, to the end.

        Raises:
            Retry: The broker is out of reach.
        """
        facts = self._facts.sync()
        self._table.learn(facts)
        self._heard(facts, self._facts.synced_us)
        self._refreshed_s = now_s

    def refresh_if_due(self, now_s: float) -> None:
        """Refresh every `REFRESH_S`; while the broker is away, keep what is known."""
        if now_s - self._refreshed_s < REFRESH_S:
            return
        try:
            self.refresh(now_s)
        except Retry as error:
            self._refreshed_s = now_s
            log.warning("placement.refresh_failed", error=str(error))

    def partition_of(self, camera_id: str, now_s: float) -> int:
        """Partition for a frame's outcome; an unknown camera is looked up first.

        Args:
            camera_id: Camera of the frame.
            now_s: Monotonic time, s.

        Raises:
            DeadLetter: Nobody registered the camera, or its floor has no partition.
            Retry: The reference data cannot be read.
        """
        try:
            return self._table.partition(camera_id)
        except PlacementUnknown:
            self._look_up(camera_id, now_s)
        try:
            return self._table.partition(camera_id)
        except PlacementUnknown as error:
            if error.registered:
                raise DeadLetter(
                    "unplaced_camera",
                    f"the floor of camera {camera_id!r} has no partition; import its floor",
                    field="camera_id",
                ) from error
            raise DeadLetter(
                "unknown_camera",
                f"camera {camera_id!r} is not registered; run `wardstream camera import`",
                field="camera_id",
            ) from error

    def _look_up(self, camera_id: str, now_s: float) -> None:
        """Refresh, unless that was done for this camera a moment ago."""
        if now_s - self._unknown_s.get(camera_id, float("-inf")) < RECHECK_S:
            return
        self.refresh(now_s)
        if len(self._unknown_s) >= _MOST_REMEMBERED:
            self._unknown_s.clear()
        self._unknown_s[camera_id] = now_s

    def close(self) -> None:
        """Leave the broker."""
        self._facts.close()
