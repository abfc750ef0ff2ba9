"""All topics of Wardstream in one table: content, key, retention and partitions of each.

All that a process must know about a topic is a column here: its kind, the field of its event time,
the owner of its `seq`. So a new topic is a new row, and no other module keeps a list of topics.
Topics are created from this table alone (`wardstream topics create`; the broker's
auto-creation is off), and a process that finds a topic with other partitions or settings
stops. All topics use the broker's append time: event time is a field of the value, because Kafka
refuses timestamps an hour ahead and expires old ones.
"""

from dataclasses import dataclass, field
from typing import Literal

from schemas.live import ChangeKind

FLOOR_PARTITIONS = 32
"""Partitions of `detections.made.v1` and of the topics after it. `floors.v1` assigns a floor its
partition for good, so this number never changes."""

FRAME_PARTITIONS = 32
"""Partitions of `frames.captured.v1`, keyed by camera, so that inference scales independently."""

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS

Cleanup = Literal["delete", "compact"]

Kind = Literal["input", "derived", "fact", "decision", "bookkeeping"]
"""`input`: records of cameras and models. `derived`: records that the stream processor derives.
`fact`: versioned reference data, which people edit in the registry. `decision`: versioned like a
fact and read with the facts, but decided outside the fold and written straight to the log, by a
process or a command. `bookkeeping`: records of processes for each other and for operators."""

Owner = Literal["camera", "floor", "zone"]
"""Entity by which a derived topic counts `seq`: it rises by one for each record of the entity."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """One row of the topic table.

    Attributes:
        name: Name with its version, such as `<subject>.<verb>.v<major>`.
        kind: Purpose of the topic.
        key: Content of the key; keys are UTF-8.
        event_time: Field of the record's event time, UTC microseconds; empty where it has
            none or, as a fact, two.
        owner: Entity by which `seq` is counted; its id is the key. None where there is none.
        ordered_by: Field of the time that never falls from one record of a key and source to the
            next, UTC microseconds; `event_time` unless another is given.
        source: Field of the camera that a record came from, where a key has records of several
            cameras and only those of one camera are in order; else empty.
        mirrors: Topic whose records this one also holds, with the same keys and seqs.
        live: Kind of the live value of each key in Redis and on the board; None for a topic that
            they do not show.
        partitions: Number of partitions.
        cleanup: Cleanup policy: `delete` after `retention_ms`, or `compact` by key.
        retention_ms: Retention of records, ms; -1 for ever.
        avro: True when values are Avro in the Confluent wire format under `<name>-value`.
        placed_by_floor: True when the floor, not the hash of the key, decides the partition.
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
    def segment_ms(self) -> int:
        """For how long records go into one piece of the log, ms; a broker deletes whole pieces.

        A record of a quiet topic outlives its retention by this much, so it is a twelfth of that;
        in long retentions a week, as brokers have it. It means nothing for a compacted topic.
        """
        return min(7 * _DAY_MS, max(_HOUR_MS // 2, self.retention_ms // 12))

    @property
    def config(self) -> dict[str, str]:
        """The broker settings that the topic must have."""
        pieces = {"segment.ms": str(self.segment_ms)} if self.cleanup == "delete" else {}
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(self.max_message_bytes),
            **pieces,
            **self.settings,
        }


def _versioned(name: str, identity: str, kind: Kind = "fact") -> Topic:
    """A topic of versioned records with two times, keyed by identity and version."""
    return Topic(
        name=name,
        kind=kind,
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
BADGE_READS = Topic(
    name="badge-reads.v1",
    kind="input",
    key="reader_id",
    event_time="at_us",
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
ZONE_ALERTS = Topic(
    name="zone-alerts.decided.v1",
    kind="derived",
    key="floor_id",
    event_time="as_of_us",
    owner="floor",
    live="alerts",
    retention_ms=90 * _DAY_MS,
    placed_by_floor=True,
)
CAMERAS = _versioned("cameras.v1", "camera_id")
FLOORS = _versioned("floors.v1", "floor_id")
ZONES = _versioned("zones.v1", "zone_id")
STAFF = _versioned("staff.v1", "staff_id")
SHIFTS = _versioned("shifts.v1", "shift_id")
REQUIREMENTS = _versioned("requirements.v1", "requirement_id")
UNITS = _versioned("units.v1", "unit_id")
READERS = _versioned("readers.v1", "reader_id")
BADGES = _versioned("badges.v1", "badge_id")
ROLES = _versioned("roles.v1", "role")
CENSUS = _versioned("census.v1", "census_id")
RULES = _versioned("rules.v1", "rule_id")
CAMERA_CLOCK = _versioned("camera-clock.v1", "camera_id", "decision")
CAMERA_VIEWS = _versioned("camera-views.v1", "camera_id", "decision")
STREAM_CHECKPOINTS = Topic(
    name="checkpoints.stream.v1",
    kind="bookkeeping",
    key="head, camera or floor of the partition",
    cleanup="compact",
    avro=False,
    placed_by_floor=True,
    settings={
        # A worker reads a partition when it takes it over: keep it short, and free of the
        # markers of old transactions.
        "segment.bytes": str(16 * 1024 * 1024),
        "segment.ms": str(600_000),
        "min.cleanable.dirty.ratio": "0.01",
        "delete.retention.ms": str(600_000),
    },
)
CAMERA_HEALTH = Topic(
    name="camera-health.measured.v1",
    kind="bookkeeping",
    key="camera_id",
    event_time="at_us",
    retention_ms=90 * _DAY_MS,
    placed_by_floor=True,
)
ALERTS = Topic(
    name="alerts.raised.v1",
    kind="bookkeeping",
    key="alert_id",
    event_time="at_us",
    partitions=1,
    retention_ms=400 * _DAY_MS,
)
FEEDBACK = Topic(
    name="feedback.given.v1",
    kind="bookkeeping",
    key="zone_id",
    event_time="given_at_us",
    retention_ms=30 * _DAY_MS,
    placed_by_floor=True,
)
ALERT_ACTIONS = Topic(
    name="alert-actions.taken.v1",
    kind="bookkeeping",
    key="floor_id",
    event_time="taken_at_us",
    retention_ms=400 * _DAY_MS,
    placed_by_floor=True,
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
        BADGE_READS,
        TRACKS,
        PRESENCE,
        LINKS,
        ZONE_EVENTS,
        OCCUPANCY,
        OCCUPANCY_LATEST,
        ZONE_ALERTS,
        CAMERAS,
        FLOORS,
        ZONES,
        STAFF,
        SHIFTS,
        REQUIREMENTS,
        UNITS,
        READERS,
        BADGES,
        ROLES,
        CENSUS,
        RULES,
        CAMERA_CLOCK,
        CAMERA_VIEWS,
        STREAM_CHECKPOINTS,
        CAMERA_HEALTH,
        ALERTS,
        FEEDBACK,
        ALERT_ACTIONS,
        AUDIT,
        DEAD_LETTERS,
    )
}
"""The whole table, by name."""

REFERENCE_TOPICS = tuple(topic for topic in TOPICS.values() if topic.kind == "fact")
"""Topics of versioned facts with two times, read in full by every process that needs them."""

DECISION_TOPICS = tuple(topic for topic in TOPICS.values() if topic.kind == "decision")
"""Topics of what was decided about cameras outside the fold, with versions like facts."""

VERSIONED_TOPICS = (*REFERENCE_TOPICS, *DECISION_TOPICS)
"""Facts and decisions: all that nothing else in the log could give back."""

FOLDED_TOPICS = tuple(topic for topic in VERSIONED_TOPICS if topic not in (UNITS, READERS, BADGES))
"""Facts and decisions that the fold reads. Units say who may see a figure, and never change one;
where a reader is and whose a badge is, each read says itself."""

DERIVED_TOPICS = tuple(
    topic for topic in TOPICS.values() if topic.kind == "derived" and topic.mirrors is None
)
"""Derived topics without mirrors, so that tables keep and verification counts a record once."""

LIVE_TOPICS = tuple(topic for topic in DERIVED_TOPICS if topic.live is not None)
"""Derived topics whose newest records are in Redis and on the board."""
