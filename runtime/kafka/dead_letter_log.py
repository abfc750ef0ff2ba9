"""Dead letters as they are read back: parsed, filtered, counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from confluent_kafka import Message

from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic
from schemas.records.alerts import AuditEntry
from schemas.topics import DEAD_LETTERS

CHAIN = "dead-letters"
"""Chain of audit.v1 that records what became of dead letters."""

REPLAYED = "dead_letter.replayed"
DISCARDED = "dead_letter.discarded"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetterRecord:
    """One dead letter.

    Attributes:
        id: Its offset in dead-letters.v1, by which commands name it.
        at_us: When the process gave up, UTC microseconds; the time of its record where the header
            does not say.
        topic: Name on the broker of the topic that the record was read from.
        partition: Partition of the record; -1 when the header does not say.
        offset: Offset of the record; -1 when the header does not say.
        key: Key of the record; None when the process did not keep it.
        value: Its bytes; None for a tombstone, and for a value that lies elsewhere: see
            `workers.operations.deadletters.values`.
        headers: All headers, as text.
    """

    id: int
    at_us: int
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Short stable word for why it could not be processed."""
        return self.headers.get("reason", "")

    @property
    def stage(self) -> str:
        """Process that gave up."""
        return self.headers.get("stage", "")

    @property
    def left_in_place(self) -> int | None:
        """Bytes of a value that stayed in its topic; None when it did not."""
        length = _number(self.headers.get("left_in_place", ""), -1)
        return None if length < 0 else length

    @property
    def lost(self) -> str | None:
        """Which records never came, as one word; None for the dead letter of a record that did."""
        return self.headers.get("lost")

    @property
    def subject(self) -> str:
        """The record that it stands for; several dead letters may stand for the same one."""
        return f"{self.topic}/{self.partition}/{self.offset if self.lost is None else self.lost}"


class Filter(NamedTuple):
    """Selects dead letters; None means any.

    Attributes:
        topic: Source topic, with or without the run's prefix.
        reason: Reason of the dead letter.
        stage: Process that gave up.
        since_us: Start of the time range, inclusive, UTC microseconds.
        until_us: End of the time range, exclusive, UTC microseconds.
    """

    topic: str | None = None
    reason: str | None = None
    stage: str | None = None
    since_us: int | None = None
    until_us: int | None = None

    def takes(self, dead_letter: DeadLetterRecord, prefix: str) -> bool:
        """Whether a dead letter is selected."""
        return (
            (self.topic is None or dead_letter.topic in {self.topic, prefix + self.topic})
            and (self.reason is None or dead_letter.reason == self.reason)
            and (self.stage is None or dead_letter.stage == self.stage)
            and (self.since_us is None or dead_letter.at_us >= self.since_us)
            and (self.until_us is None or dead_letter.at_us < self.until_us)
        )


class Count(NamedTuple):
    """Dead letters of one topic, stage and reason.

    Attributes:
        topic: Source topic, as on the broker.
        stage: Process that gave up.
        reason: Reason of the dead letters.
        dead_letters: Number of dead letters.
        open: Number that nobody has handled.
        first_us: Time of the first, UTC microseconds.
        last_us: Time of the last, UTC microseconds.
    """

    topic: str
    stage: str
    reason: str
    dead_letters: int
    open: int
    first_us: int
    last_us: int


def read_dead_letters(cluster: Cluster) -> list[DeadLetterRecord]:
    """All dead letters that are kept, oldest first.

    Raises:
        Retry: The broker is out of reach.
    """
    return [parse(message) for message in read_topic(cluster, DEAD_LETTERS)]


def parse(message: Message) -> DeadLetterRecord:
    """Read a dead letter; whatever its headers hold, it can be shown."""
    given: Any = message.headers()
    raw = {name: value or b"" for name, value in given or ()}
    texts = {name: value.decode(errors="replace") for name, value in raw.items()}
    return DeadLetterRecord(
        id=message.offset() or 0,
        at_us=_number(texts.get("at_us", ""), message.timestamp()[1] * 1000),
        topic=texts.get("topic", ""),
        partition=_number(texts.get("partition", ""), -1),
        offset=_number(texts.get("offset", ""), -1),
        key=raw.get("key"),
        value=message.value(),
        headers=texts,
    )


def oldest_us(dead_letters: Iterable[DeadLetterRecord]) -> int | None:
    """Time of the oldest, UTC microseconds: nothing before it handled one. None without any."""
    return min((dead_letter.at_us for dead_letter in dead_letters), default=None)


def handled(history: Iterable[AuditEntry]) -> dict[str, AuditEntry]:
    """What became of each record that somebody handled, by `DeadLetterRecord.subject`."""
    return {
        entry["subject"]: entry for entry in history if entry["action"] in {REPLAYED, DISCARDED}
    }


def count(dead_letters: Sequence[DeadLetterRecord], done: Mapping[str, AuditEntry]) -> list[Count]:
    """Dead letters by topic, stage and reason; most first."""
    groups: dict[tuple[str, str, str], list[DeadLetterRecord]] = {}
    for dead_letter in dead_letters:
        groups.setdefault((dead_letter.topic, dead_letter.stage, dead_letter.reason), []).append(
            dead_letter
        )
    counts = [
        Count(
            *group,
            dead_letters=len(some),
            open=sum(dead_letter.subject not in done for dead_letter in some),
            first_us=min(dead_letter.at_us for dead_letter in some),
            last_us=max(dead_letter.at_us for dead_letter in some),
        )
        for group, some in groups.items()
    ]
    return sorted(counts, key=lambda one: (-one.dead_letters, one))


def _number(text: str, otherwise: int) -> int:
    try:
        return int(text)
    except ValueError:
        return otherwise
