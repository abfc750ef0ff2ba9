"""What the dead man has seen of the line: values, without any reading."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from workers.observation.losses import Loss

HISTORY: Final = 900
"""Looks that are kept of a stage's input: older lag is told as at least that old."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraSign:
    """A registered camera.

    Attributes:
        name: For people.
        last_us: When its newest picture was appended to the log; None when none was seen.
    """

    name: str
    last_us: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StageSign:
    """A stage between its input and what it has committed of it.

    Attributes:
        waiting_since_us: Since when its input has been growing without anything being committed,
            UTC microseconds; None while it keeps up or nothing comes in.
        lag_records: Records it has before it; None when that is not known.
        lag_s: Age of the oldest of them, seconds.
    """

    waiting_since_us: int | None = None
    lag_records: int | None = None
    lag_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthSign:
    """What a stage's own health endpoint says.

    Attributes:
        good_us: When it last said that all is well, UTC microseconds.
        said: What it says now, or why it cannot be heard; empty when all is well.
    """

    good_us: int
    said: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signs:
    """The line at one moment.

    Attributes:
        now_us: Wall clock, UTC microseconds.
        kafka_us: When the log last answered.
        kafka_said: Why it does not; empty while it does.
        pictures_us: When anything was last appended to the frames; None when they are empty.
        cameras: By id; None while they are not known.
        stages: By name of the process.
        health: By name of the process; only of those whose endpoint is known.
        skipped: Part of the pictures of the last minute that were skipped, 0 to 1.
        pictures: How many there were in that minute.
        losses: What the log lost before a stage read it, and nobody has put away.
        topics: In what topics differ from their table, in words.
        unseen: Kinds of findings that have not been looked for yet: none is known to be over.
    """

    now_us: int
    kafka_us: int
    kafka_said: str = ""
    pictures_us: int | None = None
    cameras: dict[str, CameraSign] | None = field(default_factory=dict)
    stages: dict[str, StageSign] = field(default_factory=dict)
    health: dict[str, HealthSign] = field(default_factory=dict)
    skipped: float = 0.0
    pictures: int = 0
    losses: tuple[Loss, ...] = ()
    topics: tuple[str, ...] = ()
    unseen: frozenset[str] = frozenset()


class Progress:
    """Follows one stage by the ends of its input and its committed offsets.

    A stage is at work when its offsets move; it waits when its input has grown since and they do
    not. How old its oldest waiting record is follows from when the input was as long as what is
    committed now, so nothing has to be fetched.
    """

    def __init__(self) -> None:
        self._ends: deque[tuple[int, int]] = deque(maxlen=HISTORY)
        self._committed: int | None = None
        self._waiting_since_us: int | None = None

    def update(self, now_us: int, end: int, committed: int) -> StageSign:
        """Take in a look.

        Args:
            now_us: Wall clock, UTC microseconds.
            end: Sum of the ends of its input's partitions.
            committed: Sum of its committed offsets in them.
        """
        if committed != self._committed or committed >= end:
            self._committed = committed
            self._waiting_since_us = None
        if committed < end and self._waiting_since_us is None:
            self._waiting_since_us = now_us
        lag_s = 0.0
        if committed < end:
            reached_us = next(
                (at_us for at_us, known in reversed(self._ends) if known <= committed),
                self._ends[0][0] if self._ends else now_us,
            )
            lag_s = (now_us - reached_us) / 1e6
        self._ends.append((now_us, end))
        return StageSign(
            waiting_since_us=self._waiting_since_us,
            lag_records=max(0, end - committed),
            lag_s=lag_s,
        )
