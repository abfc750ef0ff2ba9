"""The least rights on the brokers that each process needs: one principal each.

`python -m deploy.kafka.acls` grants them, `docs/reference/kafka-acls.md` shows them, and a process
checks at its start that it has those of its row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from schemas.topics import (
    ALERT_ACTIONS,
    ALERTS,
    AUDIT,
    BADGE_READS,
    CAMERA_CLOCK,
    CAMERA_HEALTH,
    CAMERA_VIEWS,
    CAMERAS,
    DEAD_LETTERS,
    DERIVED_TOPICS,
    DETECTIONS,
    FEEDBACK,
    FLOORS,
    FOLDED_TOPICS,
    FRAMES,
    LIVE_TOPICS,
    OCCUPANCY,
    PRESENCE,
    REFERENCE_TOPICS,
    STREAM_CHECKPOINTS,
    TOPICS,
    TRACKS,
    UNITS,
    VERSIONED_TOPICS,
    ZONE_ALERTS,
    ZONE_EVENTS,
    ZONES,
    Topic,
)

Resource = Literal["TOPIC", "GROUP", "TRANSACTIONAL_ID"]
Pattern = Literal["LITERAL", "PREFIXED"]

FACTS_GROUP: Final = "facts"
"""Group of the client that reads reference data; it never joins."""

EVIDENCE_GROUP: Final = "evidence"
"""Group of the client that reads evidence; it never joins."""

_OUTPUTS: Final = tuple(topic for topic in TOPICS.values() if topic.kind == "derived")
_STAGE_GROUPS: Final = ("inference", "stream", "sink-timescale", "sink-redis")


class Right(NamedTuple):
    """One operation on one resource, or on all whose names share a prefix.

    Attributes:
        resource: Type of the resource.
        name: Name on the broker, or its prefix.
        pattern: `LITERAL`, or `PREFIXED` for a prefix.
        operation: Kafka's name of the operation.
    """

    resource: Resource
    name: str
    pattern: Pattern
    operation: str


@dataclass(frozen=True, kw_only=True)
class ProcessRights:
    """What one process does on the brokers.

    Attributes:
        process: Its name; the principal is `User:wardstream-<process>`.
        reads: Topics that it reads.
        writes: Topics that it writes.
        looks: Further topics whose offsets and settings it asks for.
        groups: Consumer groups that it reads under, without `wardstream-`.
        watches: Groups whose committed offsets it asks for.
        claims: Prefixes of its transactional ids.
    """

    process: str
    reads: tuple[Topic, ...] = ()
    writes: tuple[Topic, ...] = ()
    looks: tuple[Topic, ...] = ()
    groups: tuple[str, ...] = ()
    watches: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()

    @property
    def topics(self) -> dict[str, set[str]]:
        """Operations by topic, without the run's prefix."""
        found: dict[str, set[str]] = {}
        for topics, operations in (
            (self.reads, {"READ"}),
            (self.writes, {"WRITE"}),
            (self.looks, set()),
        ):
            for topic in topics:
                held = found.setdefault(topic.name, {"DESCRIBE", "DESCRIBE_CONFIGS"})
                held |= operations
        return found

    def rights(self, prefix: str) -> Iterator[Right]:
        """Everything that the principal needs, in a run whose names begin with `prefix`."""
        for name, operations in sorted(self.topics.items()):
            for operation in sorted(operations):
                yield Right("TOPIC", prefix + name, "LITERAL", operation)
        for group in sorted(self.groups):
            yield Right("GROUP", f"{prefix}wardstream-{group}", "LITERAL", "READ")
        for group in sorted(self.watches):
            yield Right("GROUP", f"{prefix}wardstream-{group}", "LITERAL", "DESCRIBE")
        for claim in sorted(self.claims):
            for operation in ("DESCRIBE", "WRITE"):
                yield Right("TRANSACTIONAL_ID", prefix + claim, "PREFIXED", operation)


PROCESSES: Final = (
    ProcessRights(
        process="ingest",
        reads=(FRAMES, CAMERAS),
        writes=(FRAMES,),
        groups=("ingest-position", FACTS_GROUP),
    ),
    ProcessRights(
        process="inference",
        reads=(FRAMES, CAMERAS, FLOORS),
        writes=(DETECTIONS, DEAD_LETTERS),
        groups=("inference", FACTS_GROUP),
    ),
    ProcessRights(
        process="guard",
        reads=(FRAMES, TRACKS, CAMERAS, FLOORS, CAMERA_VIEWS),
        writes=(CAMERA_HEALTH, CAMERA_VIEWS, DEAD_LETTERS),
        groups=("guard", "overlap", FACTS_GROUP),
        claims=("camera-views",),
    ),
    ProcessRights(
        process="clocks",
        reads=(DETECTIONS, CAMERA_CLOCK),
        writes=(CAMERA_CLOCK,),
        groups=("clocks", FACTS_GROUP),
        claims=("clocks-",),
    ),
    ProcessRights(
        process="stream",
        reads=(DETECTIONS, BADGE_READS, *FOLDED_TOPICS, STREAM_CHECKPOINTS, *_OUTPUTS),
        writes=(*_OUTPUTS, STREAM_CHECKPOINTS, DEAD_LETTERS),
        groups=("stream", "checkpoint-reader", FACTS_GROUP, EVIDENCE_GROUP),
        claims=("stream-",),
    ),
    ProcessRights(
        process="relay",
        reads=REFERENCE_TOPICS,
        writes=REFERENCE_TOPICS,
        groups=(FACTS_GROUP,),
        claims=("facts-import",),
    ),
    ProcessRights(
        process="sink-timescale",
        reads=(*VERSIONED_TOPICS, *DERIVED_TOPICS, FEEDBACK, ALERT_ACTIONS, AUDIT),
        writes=(DEAD_LETTERS,),
        groups=("sink-timescale",),
    ),
    ProcessRights(
        process="sink-redis",
        reads=LIVE_TOPICS,
        writes=(DEAD_LETTERS,),
        groups=("sink-redis",),
    ),
    ProcessRights(
        process="serving",
        reads=(
            *REFERENCE_TOPICS,
            CAMERA_VIEWS,
            CAMERA_CLOCK,
            FRAMES,
            ALERTS,
            DEAD_LETTERS,
            # To find the records of a figure that is explained.
            DETECTIONS,
            TRACKS,
            PRESENCE,
            OCCUPANCY,
            # With both: to try rules of alerts over the past.
            ZONE_EVENTS,
        ),
        writes=(AUDIT, CAMERA_VIEWS, BADGE_READS, FEEDBACK, ALERT_ACTIONS),
        looks=DERIVED_TOPICS,
        groups=("board-alerts", "board-dead-letters", "replay", FACTS_GROUP),
        watches=(*_STAGE_GROUPS, "deadman-watch"),
        claims=("camera-views", "badge-reads-", "feedback-", "alert-actions-"),
    ),
    ProcessRights(
        process="notifier",
        reads=(FLOORS, ZONES, UNITS, ZONE_ALERTS, ALERT_ACTIONS, ALERTS),
        writes=(ALERT_ACTIONS,),
        groups=("notifier", "replay", FACTS_GROUP),
        claims=("notifier",),
    ),
    ProcessRights(
        process="watchdog",
        reads=(
            *REFERENCE_TOPICS,
            CAMERA_VIEWS,
            DETECTIONS,
            BADGE_READS,
            CAMERA_HEALTH,
            DEAD_LETTERS,
            AUDIT,
            ALERTS,
        ),
        writes=(ALERTS,),
        looks=tuple(TOPICS.values()),
        groups=("alerts", "badges", "deadman-watch", "losses", "outcomes", "views", FACTS_GROUP),
        watches=_STAGE_GROUPS,
        claims=("deadman",),
    ),
    ProcessRights(
        process="anchor",
        reads=(AUDIT,),
        writes=(AUDIT,),
        groups=("replay",),
    ),
)
"""One row for each process that runs by itself."""

OPERATOR: Final = "operator"
"""The principal of commands: it may do everything with the topics, groups and transactional ids of
the run, and nothing else."""


def rights_of(process: str) -> ProcessRights:
    """The row of a process.

    Raises:
        KeyError: There is none of that name.
    """
    return {row.process: row for row in PROCESSES}[process]


def operator_rights(prefix: str) -> Iterator[Right]:
    """What the operator's principal needs; without a prefix the run owns every name."""
    kinds: tuple[Resource, ...] = ("TOPIC", "GROUP", "TRANSACTIONAL_ID")
    for resource in kinds:
        if prefix:
            yield Right(resource, prefix, "PREFIXED", "ALL")
        else:
            yield Right(resource, "*", "LITERAL", "ALL")


def principal(process: str) -> str:
    """Name of a process on the brokers."""
    return f"User:wardstream-{process}"
