"""The watchdog's observations of the pipeline: values only, without a judgement."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.records.cameras import CameraVerdict
from schemas.records.rules import Rule
from workers.observation.badges import Crossing
from workers.observation.losses import Loss

HISTORY: Final = 900
"""Observations kept of a stage's input; an older lag is reported as the age of the oldest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraSign:
    """A registered camera.

    Attributes:
        name: Name that people use.
        last_us: When its newest picture was appended, UTC microseconds; None when none was seen.
    """

    name: str
    last_us: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewSign:
    """The guard's newest verdict on a camera's view.

    Attributes:
        verdict: The verdict.
        since_us: Since when it has been so, UTC microseconds of event time.
    """

    verdict: CameraVerdict
    since_us: int


class Disagreement(NamedTuple):
    """A camera that puts people elsewhere than another one.

    Attributes:
        since_us: Since when, UTC microseconds of event time.
        others: Ids of the cameras that it disagrees with.
        distance_m: The largest distance, m.
    """

    since_us: int
    others: tuple[str, ...]
    distance_m: float


class FloorSign(NamedTuple):
    """A registered floor.

    Attributes:
        floor_id: Its id.
        name: Name that people use.
        time_zone: IANA name of its time zone.
        units: Units of its parts.
    """

    floor_id: str
    name: str
    time_zone: str
    units: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class StageSign:
    """How far a stage has come in its input.

    Attributes:
        waiting_since_us: Since when its input has grown without a commit, UTC microseconds; None
            while it keeps up or nothing arrives.
        lag_records: Records that wait for it; None when that is not known.
        lag_s: Age of the oldest of them, s.
    """

    waiting_since_us: int | None = None
    lag_records: int | None = None
    lag_s: float = 0.0


class AuditAway(NamedTuple):
    """A process that cannot write the audit.

    Attributes:
        since_us: Since when, UTC microseconds.
        error: Why.
    """

    since_us: int
    error: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthSign:
    """What a stage's own health endpoint reports.

    Attributes:
        good_us: When it last reported that all is well, UTC microseconds.
        problem: What it reports now, or why it does not answer; empty when all is well.
        audit_away: Since when it cannot write the audit; None while it can.
    """

    good_us: int
    problem: str = ""
    audit_away: AuditAway | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Signs:
    """The pipeline at one moment.

    Attributes:
        now_us: Wall clock, UTC microseconds.
        kafka_us: When Kafka last answered, UTC microseconds.
        kafka_error: Why Kafka does not answer; empty while it does.
        pictures_us: When a frame was last appended, UTC microseconds; None when there is none.
        cameras: Registered cameras by id; None while they are not known.
        views: The guard's verdicts, by camera.
        disagreements: Cameras that disagree with others, by camera.
        suspects: Since when the views of cameras are suspect, UTC microseconds, by camera.
        stages: Progress of each stage, by process name.
        health: Health by process name, for processes whose endpoint is known.
        skipped: Share of the last minute's pictures that were skipped, 0 to 1.
        pictures: Number of pictures in that minute.
        losses: Unresolved losses of records that a stage had not read.
        topics: Differences between topics and the topic table, as texts.
        anchored_us: When the audit was last anchored, UTC microseconds; None when never.
        crossings: Badges that were on two floors at once, as far as they count.
        floors: Registered floors by id.
        rules: Rules about badges that contradict what is, by id.
        unseen: Kinds of findings that were not checked yet, so that none can be cleared.
    """

    now_us: int
    kafka_us: int
    kafka_error: str = ""
    pictures_us: int | None = None
    cameras: dict[str, CameraSign] | None = field(default_factory=dict)
    views: dict[str, ViewSign] = field(default_factory=dict)
    disagreements: dict[str, Disagreement] = field(default_factory=dict)
    suspects: dict[str, int] = field(default_factory=dict)
    stages: dict[str, StageSign] = field(default_factory=dict)
    health: dict[str, HealthSign] = field(default_factory=dict)
    skipped: float = 0.0
    pictures: int = 0
    losses: tuple[Loss, ...] = ()
    topics: tuple[str, ...] = ()
    anchored_us: int | None = None
    crossings: Sequence[Crossing] = ()
    floors: dict[str, FloorSign] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()


class StageProgress:
    """Follows one stage by the ends of its input and its committed offsets.

    A stage works while its offsets move, and waits when its input grows and they do not. The age of
    its oldest waiting record follows from when the input ended where the stage is now, so no record
    has to be fetched.
    """

    def __init__(self) -> None:
        self._ends: deque[tuple[int, int]] = deque(maxlen=HISTORY)
        self._committed: int | None = None
        self._waiting_since_us: int | None = None

    def update(self, now_us: int, end: int, committed: int) -> StageSign:
        """Take in one observation.

        Args:
            now_us: Wall clock, UTC microseconds.
            end: Sum of the end offsets of its input's partitions.
            committed: Sum of its committed offsets in them.
        """
        if committed != self._committed or committed >= end:
            self._committed = committed
            self._waiting_since_us = None
        if committed < end and self._waiting_since_us is None:
            self._waiting_since_us = now_us
        lag_s = 0.0
        if committed < end:
            ended_there_us = next(
                (at_us for at_us, known in reversed(self._ends) if known <= committed),
                self._ends[0][0] if self._ends else now_us,
            )
            lag_s = (now_us - ended_there_us) / 1e6
        self._ends.append((now_us, end))
        return StageSign(
            waiting_since_us=self._waiting_since_us,
            lag_records=max(0, end - committed),
            lag_s=lag_s,
        )
