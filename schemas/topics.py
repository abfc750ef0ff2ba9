"""Every topic of Wardstream in one table: what it holds, how it is keyed, kept and placed.

Topics are created from this table alone (`wardstream topics create`; the broker's
auto-creation is off), and a process that finds a topic with other partitions or settings
stops. All topics use the broker's append time: event time lives in the value, because Kafka
refuses timestamps an hour ahead and expires old ones.
"""

from dataclasses import dataclass, field
from typing import Literal

FLOOR_PARTITIONS = 32
"""Partitions of `detections.made.v1` and all after it. A floor's partition is assigned in
`floors.v1`, and is for life, so this number never changes."""

FRAME_PARTITIONS = 32
"""Partitions of `frames.captured.v1`, keyed by camera: inference scales on its own."""

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS

Cleanup = Literal["delete", "compact"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """One row of the topic table.

    Attributes:
        name: Versioned fact, `<subject>.<verb>.v<major>`.
        key: What the key names; keys are UTF-8.
        partitions: Number of partitions.
        cleanup: `delete` after `retention_ms`, or `compact` by key.
        retention_ms: How long records are kept, ms; -1 for ever.
        avro: True when values are Avro in the Confluent wire format under `<name>-value`.
        placed_by_floor: True when the partition is the floor's, not the key's hash.
        max_message_bytes: Largest record, bytes.
        settings: Further broker settings of the topic.
    """

    name: str
    key: str
    partitions: int = FLOOR_PARTITIONS
    cleanup: Cleanup = "delete"
    retention_ms: int = -1
    avro: bool = True
    placed_by_floor: bool = False
    max_message_bytes: int = 1_048_588
    settings: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def subject(self) -> str:
        """Name under which the value's schema is registered."""
        return f"{self.name}-value"

    @property
    def config(self) -> dict[str, str]:
        """The broker settings of the topic, as it must have them."""
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(self.max_message_bytes),
            **self.settings,
        }


_COMPACTED = {"segment.bytes": str(64 * 1024 * 1024), "segment.ms": str(600_000)}

FRAMES = Topic(
    name="frames.captured.v1",
    key="camera_id",
    partitions=FRAME_PARTITIONS,
    retention_ms=6 * _HOUR_MS,
    max_message_bytes=4 * 1024 * 1024,
)
DETECTIONS = Topic(
    name="detections.made.v1", key="camera_id", retention_ms=30 * _DAY_MS, placed_by_floor=True
)
TRACKS = Topic(
    name="tracks.updated.v1", key="camera_id", retention_ms=7 * _DAY_MS, placed_by_floor=True
)
PRESENCE = Topic(
    name="presence.updated.v1", key="floor_id", retention_ms=7 * _DAY_MS, placed_by_floor=True
)
LINKS = Topic(
    name="links.observed.v1", key="floor_id", retention_ms=90 * _DAY_MS, placed_by_floor=True
)
ZONE_EVENTS = Topic(
    name="zone-events.observed.v1", key="zone_id", retention_ms=90 * _DAY_MS, placed_by_floor=True
)
OCCUPANCY = Topic(
    name="zone-occupancy.measured.v1",
    key="zone_id",
    retention_ms=90 * _DAY_MS,
    placed_by_floor=True,
)
OCCUPANCY_LATEST = Topic(
    name="zone-occupancy.latest.v1",
    key="zone_id",
    cleanup="compact",
    placed_by_floor=True,
    settings=_COMPACTED,
)
CAMERAS = Topic(name="cameras.v1", key="camera_id@version", partitions=1, cleanup="compact")
FLOORS = Topic(name="floors.v1", key="floor_id@version", partitions=1, cleanup="compact")
ZONES = Topic(name="zones.v1", key="zone_id@version", partitions=1, cleanup="compact")
STAFF = Topic(name="staff.v1", key="staff_id@version", partitions=1, cleanup="compact")
SHIFTS = Topic(name="shifts.v1", key="shift_id@version", partitions=1, cleanup="compact")
REQUIREMENTS = Topic(
    name="requirements.v1", key="requirement_id@version", partitions=1, cleanup="compact"
)
STREAM_CHECKPOINTS = Topic(
    name="checkpoints.stream.v1",
    key="head, camera or floor of the partition",
    cleanup="compact",
    avro=False,
    placed_by_floor=True,
    settings={
        # A worker reads its partition when it takes it over: little to read, no markers of
        # transactions that ended long ago.
        "segment.bytes": str(16 * 1024 * 1024),
        "segment.ms": str(600_000),
        "min.cleanable.dirty.ratio": "0.01",
        "delete.retention.ms": str(600_000),
    },
)
ALERTS = Topic(name="alerts.raised.v1", key="alert_id", partitions=1, retention_ms=400 * _DAY_MS)
AUDIT = Topic(name="audit.v1", key="chain_id", partitions=1, retention_ms=400 * _DAY_MS)
DEAD_LETTERS = Topic(
    name="dead-letters.v1",
    key="source topic and partition",
    partitions=1,
    retention_ms=14 * _DAY_MS,
    avro=False,
    max_message_bytes=4 * 1024 * 1024,
)

REFERENCE_TOPICS: tuple[Topic, ...] = (CAMERAS, FLOORS, ZONES, STAFF, SHIFTS, REQUIREMENTS)
"""Versioned facts with two times, read whole by every process that needs them."""

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        FRAMES,
        DETECTIONS,
        TRACKS,
        PRESENCE,
        LINKS,
        ZONE_EVENTS,
        OCCUPANCY,
        OCCUPANCY_LATEST,
        *REFERENCE_TOPICS,
        STREAM_CHECKPOINTS,
        ALERTS,
        AUDIT,
        DEAD_LETTERS,
    )
}
"""The whole table, by name."""
