"""Replay dead letters, or mark them as resolved: each once, with an entry in audit.v1."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from runtime.audit import Act
from runtime.errors import DeadLetter, Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.dead_letter_log import (
    CHAIN,
    DISCARDED,
    REPLAYED,
    DeadLetterRecord,
    handled,
    oldest_us,
)
from runtime.kafka.transactional import Outgoing
from schemas.codec import Codec, UndecodableValue
from schemas.records.alerts import AuditEntry
from schemas.topics import DEAD_LETTERS, DETECTIONS, REFERENCE_TOPICS, Topic
from workers.operations.deadletters.audit import AuditWriter
from workers.operations.deadletters.values import topic_of, value_of
from workers.storage.item import read_item

AT_ONCE: Final = 500
"""Dead letters handled in one transaction at most."""

_MAY_BE_REPLAYED: Final = {topic.name for topic in REFERENCE_TOPICS}
"""Versioned facts: a repeated version changes nothing, whenever it comes."""


@dataclass(slots=True)
class Handled:
    """The outcome of a request.

    Attributes:
        done: Dead letters handled now, by id.
        before: Dead letters that were handled before, with the entry of audit.v1.
        refused: Dead letters that cannot be replayed, with the reason and what to do instead.
    """

    done: list[DeadLetterRecord] = field(default_factory=list)
    before: list[tuple[DeadLetterRecord, AuditEntry]] = field(default_factory=list)
    refused: list[tuple[DeadLetterRecord, str]] = field(default_factory=list)


def refusal(dead_letter: DeadLetterRecord, cluster: Cluster, objects_url: str) -> str | None:
    """Why a dead letter cannot be replayed, and what to do instead; None when it can.

    Raises:
        RegistryUnavailable: The registry is out of reach.
    """
    topic = topic_of(dead_letter, cluster.prefix)
    if topic is None:
        return f"{dead_letter.topic or 'its topic'} is not a topic of this run; resolve it"
    if topic.kind in {"input", "derived"}:
        return _gone(dead_letter) or _too_late(dead_letter, topic, cluster, objects_url)
    if topic.name not in _MAY_BE_REPLAYED:
        return f"nothing says that {topic.name} may be sent again; resolve it"
    if dead_letter.value is None and dead_letter.left_in_place is not None:
        return (
            f"its {dead_letter.left_in_place} bytes lie in {dead_letter.topic} still, too large "
            "for any other record: import the fact again, in less, and resolve it"
        )
    try:
        _sent(dead_letter, topic, cluster.registry.reader(topic))
    except DeadLetter as error:
        return (
            f"it still cannot be read ({error}); mend that first, or import it again and resolve it"
        )
    return None


def replay(
    dead_letters: Sequence[DeadLetterRecord],
    cluster: Cluster,
    *,
    objects_url: str,
    actor: str,
    why: str,
) -> Handled:
    """Send open dead letters to the topics that they came from.

    Args:
        dead_letters: Dead letters to replay.
        cluster: Cluster that holds the topics.
        objects_url: URL of the store of long values.
        actor: Name of the operator.
        why: The operator's reason.

    Raises:
        Retry: The broker is out of reach, or another command ran at the same time.
        RegistryUnavailable: The registry is out of reach.
        NotRegistered: The schema of audit.v1 is not registered.
        Stop: The chain of audit.v1 is broken.
    """
    result = Handled()
    with AuditWriter(cluster, CHAIN) as writer:
        wanted: list[tuple[DeadLetterRecord, Outgoing]] = []
        for dead_letter in _open(dead_letters, writer, result):
            reason = refusal(dead_letter, cluster, objects_url)
            topic = topic_of(dead_letter, cluster.prefix)
            if reason is not None or topic is None:
                result.refused.append((dead_letter, reason or ""))
            else:
                wanted.append(
                    (dead_letter, _sent(dead_letter, topic, cluster.registry.reader(topic)))
                )
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            acts = [
                Act(REPLAYED, dead_letter.subject, _detail(dead_letter)) for dead_letter, _ in some
            ]
            writer.append(acts, actor=actor, why=why, sending=[sent for _, sent in some])
            result.done += [dead_letter for dead_letter, _ in some]
    return result


def resolve(
    dead_letters: Sequence[DeadLetterRecord],
    cluster: Cluster,
    *,
    actor: str,
    why: str,
) -> Handled:
    """Mark open dead letters as resolved.

    Arguments and errors are those of `replay`.
    """
    result = Handled()
    with AuditWriter(cluster, CHAIN) as writer:
        wanted = _open(dead_letters, writer, result)
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            acts = [
                Act(DISCARDED, dead_letter.subject, _detail(dead_letter)) for dead_letter in some
            ]
            writer.append(acts, actor=actor, why=why)
            result.done += some
    return result


def _open(
    dead_letters: Sequence[DeadLetterRecord], writer: AuditWriter, result: Handled
) -> list[DeadLetterRecord]:
    """Select open dead letters, one for each record; the others go to `result.before`."""
    done = handled(writer.history(oldest_us(dead_letters)))
    wanted: dict[str, DeadLetterRecord] = {}
    for dead_letter in dead_letters:
        entry = done.get(dead_letter.subject)
        if entry is not None:
            result.before.append((dead_letter, entry))
        else:
            wanted.setdefault(dead_letter.subject, dead_letter)
    return list(wanted.values())


def _sent(dead_letter: DeadLetterRecord, topic: Topic, codec: Codec) -> Outgoing:
    """Make the record that returns a dead letter to its topic.

    Raises:
        DeadLetter: The topic's readers could not read the record.
    """
    key = dead_letter.key
    if key is None:
        try:
            record = codec.decode(dead_letter.value)
        except UndecodableValue as error:
            raise DeadLetter(error.reason, str(error)) from error
        identity = topic.key.removesuffix("@version")
        key = f"{record[identity]}@{record['version']}".encode()
    item = read_item(
        codec, dead_letter.topic, dead_letter.partition, dead_letter.offset, key, dead_letter.value
    )
    return Outgoing(dead_letter.topic, dead_letter.partition, key, item.value)


def _gone(dead_letter: DeadLetterRecord) -> str | None:
    if dead_letter.lost is None:
        return None
    return "these records are gone, nothing can be sent again; resolve it when you know why"


def _too_late(
    dead_letter: DeadLetterRecord, topic: Topic, cluster: Cluster, objects_url: str
) -> str:
    moment = _moment(dead_letter, topic, cluster, objects_url)
    how, fate = (
        ("folded in order", "late, and ignored")
        if topic.kind == "input"
        else ("fenced by seq", "dropped as a duplicate")
    )
    advice = ""
    if topic.name == DETECTIONS.name and dead_letter.offset >= 0:
        position = f"{dead_letter.partition}:{dead_letter.offset}"
        advice = f"mend the cause, then `wardstream rebuild run --from {position}` folds it; "
    return (
        f"{topic.name} is {how}: sent again now, the record of {moment} would be {fate}; "
        f"{advice}resolve it"
    )


def _moment(dead_letter: DeadLetterRecord, topic: Topic, cluster: Cluster, objects_url: str) -> str:
    """Event time of a dead letter's record in UTC, or that it cannot be read."""
    try:
        record = cluster.registry.reader(topic).decode(value_of(dead_letter, cluster, objects_url))
    except (UndecodableValue, DeadLetter, Retry, Stop):
        return "an unreadable time"
    at_us = record[topic.event_time]
    try:
        return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return "an unreadable time"


def _detail(dead_letter: DeadLetterRecord) -> str:
    return f"{dead_letter.stage}: {dead_letter.reason}, {DEAD_LETTERS.name}/0/{dead_letter.id}"
