"""Every topic of Wardstream in one table: what it holds, how it is keyed, kept and placed.

Whatever a process must know of a topic is a column here: what kind it is, which field holds its
event time, who counts its `seq`. So a new topic is a new row, and nobody keeps a list of topics.
Topics are created from this table alone (`wardstream topics create`; the broker's
auto-creation is off), and a process that finds a topic with other partitions or settings
stops. All topics use the broker's append time: event time lives in the value, because Kafka
refuses timestamps an hour ahead and expires old ones.
"""

from dataclasses import dataclass, field
from typing import Literal

from schemas.live import ChangeKind

FLOOR_PARTITIONS = 32
"""Partitions of `detections.made.v1` and all after it. A floor's partition is assigned in
`floors.v1`, and is for life, so this number never changes."""

FRAME_PARTITIONS = 32
"""Partitions of `frames.captured.v1`, keyed by camera: inference scales on its own."""

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS

Cleanup = Literal["delete", "compact"]

Kind = Literal["input", "derived", "fact", "bookkeeping"]
"""`input`: what cameras and models say. `derived`: what the stream processor makes of it. `fact`:
versioned reference data. `bookkeeping`: what processes report to each other and to operators."""

Owner = Literal["camera", "floor", "zone"]
"""Whose records a derived topic numbers: `seq` rises by one for each camera, floor or zone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """One row of the topic table.

    Attributes:
        name: Versioned fact, `<subject>.<verb>.v<major>`.
        kind: What the topic is for.
        key: What the key names; keys are UTF-8.
        event_time: Field of the record's event time, UTC microseconds; empty where it has
            none, or, as a fact, two.
        owner: Who counts `seq`; the key is its id. None where records are not numbered so.
        ordered_by: Field of the time that never falls from one record of a key and source to the
            next, UTC microseconds; `event_time` unless another is given.
        source: Field of the camera that a key's record came from, where a key has records of
            several cameras that are in order only by themselves; else empty.
        mirrors: The topic whose records this one holds too, under the same keys and seqs.
        live: Kind of the live value that Redis and the board show of each key; None for a topic
            that they do not show.
        partitions: Number of partitions.
        cleanup: `delete` after `retention_ms`, or `compact` by key.
        retention_ms: How long records are kept, ms; -1 for ever.
        avro: True when values are Avro in the Confluent wire format under `<name>-value`.
        placed_by_floor: True when the partition is the floor's, not the key's hash.
        max_message_bytes: Largest record, bytes.
        settings: Further broker settings of the topic.
    """

    name: str
    kind: Kind
    key: str
    event_time: str = ""
    owner: Owner | None = None
    ordered_by: str = ""
    source: str = ""
    mirrors: "Topic | None" = None
    live: ChangeKind | None = None
    partitions: int = FLOOR_PARTITIONS
    cleanup: Cleanup = "delete"
    retention_ms: int = -1
    avro: bool = True
    placed_by_floor: bool = False
    max_message_bytes: int = 1_048_588
    settings: dict[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not self.ordered_by:
            object.__setattr__(self, "ordered_by", self.event_time)

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


def _fact(name: str, identity: str) -> Topic:
    """A topic of versioned reference data, keyed by identity and version."""
    return Topic(
        name=name,
        kind="fact",
        key=f"{identity}@version",
        partitions=1,
        cleanup="compact",
    )


_COMPACTED = {"segment.bytes": str(64 * 1024 * 1024), "segment.ms": str(600_000)}

FRAMES = Topic(
    name="frames.captured.v1",
    kind="input",
    key="camera_id",
    event_time="captured_us",
    partitions=FRAME_PARTITIONS,
    retention_ms=6 * _HOUR_MS,
    max_message_bytes=4 * 1024 * 1024,
)
DETECTIONS = Topic(
    name="detections.made.v1",
    kind="input",
    key="camera_id",
    event_time="captured_us",
    retention_ms=30 * _DAY_MS,
    placed_by_floor=True,
)
TRACKS = Topic(
    name="tracks.updated.v1",
    kind="derived",
    key="camera_id",
    event_time="captured_us",
    owner="camera",
    live="camera",
    retention_ms=7 * _DAY_MS,
    placed_by_floor=True,
)
PRESENCE = Topic(
    name="presence.updated.v1",
    kind="derived",
    key="floor_id",
    event_time="as_of_us",
    owner="floor",
    live="floor",
    retention_ms=7 * _DAY_MS,
    placed_by_floor=True,
)
LINKS = Topic(
    name="links.observed.v1",
    kind="derived",
    key="floor_id",
    event_time="as_of_us",
    owner="floor",
    source="from_camera_id",
    retention_ms=90 * _DAY_MS,
    placed_by_floor=True,
)
ZONE_EVENTS = Topic(
    name="zone-events.observed.v1",
    kind="derived",
    key="zone_id",
    event_time="at_us",
    owner="zone",
    ordered_by="as_of_us",
    live="zone-event",
    retention_ms=90 * _DAY_MS,
    placed_by_floor=True,
)
OCCUPANCY = Topic(
    name="zone-occupancy.measured.v1",
    kind="derived",
    key="zone_id",
    event_time="as_of_us",
    owner="zone",
    live="zone",
    retention_ms=90 * _DAY_MS,
    placed_by_floor=True,
)
OCCUPANCY_LATEST = Topic(
    name="zone-occupancy.latest.v1",
    kind="derived",
    key="zone_id",
    event_time="as_of_us",
    owner="zone",
    mirrors=OCCUPANCY,
    cleanup="compact",
    placed_by_floor=True,
    settings=_COMPACTED,
)
CAMERAS = _fact("cameras.v1", "camera_id")
FLOORS = _fact("floors.v1", "floor_id")
ZONES = _fact("zones.v1", "zone_id")
STAFF = _fact("staff.v1", "staff_id")
SHIFTS = _fact("shifts.v1", "shift_id")
REQUIREMENTS = _fact("requirements.v1", "requirement_id")
STREAM_CHECKPOINTS = Topic(
    name="checkpoints.stream.v1",
    kind="bookkeeping",
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
ALERTS = Topic(
    name="alerts.raised.v1",
    kind="bookkeeping",
    key="alert_id",
    event_time="at_us",
    partitions=1,
    retention_ms=400 * _DAY_MS,
)
AUDIT = Topic(
    name="audit.v1",
    kind="bookkeeping",
    key="chain_id",
    event_time="at_us",
    partitions=1,
    retention_ms=400 * _DAY_MS,
)
DEAD_LETTERS = Topic(
    name="dead-letters.v1",
    kind="bookkeeping",
    key="source topic and partition",
    partitions=1,
    retention_ms=14 * _DAY_MS,
    avro=False,
    max_message_bytes=4 * 1024 * 1024,
)

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
        CAMERAS,
        FLOORS,
        ZONES,
        STAFF,
        SHIFTS,
        REQUIREMENTS,
        STREAM_CHECKPOINTS,
        ALERTS,
        AUDIT,
        DEAD_LETTERS,
    )
}
"""The whole table, by name."""

REFERENCE_TOPICS = tuple(topic for topic in TOPICS.values() if topic.kind == "fact")
"""Versioned facts with two times, read whole by every process that needs them."""

DERIVED_TOPICS = tuple(
    topic for topic in TOPICS.values() if topic.kind == "derived" and topic.mirrors is None
)
"""What the stream processor derives, each record once: tables keep it, verification counts it."""

LIVE_TOPICS = tuple(topic for topic in DERIVED_TOPICS if topic.live is not None)
"""Derived topics whose newest records Redis and the board show."""
