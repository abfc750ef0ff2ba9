"""Replay dead letters, or mark them as resolved: each once, with an entry in audit.v1."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from runtime.audit import Act
from runtime.errors import DeadLetter, Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.dead_letter_log import CHAIN, DISCARDED, REPLAYED, Letter, handled
from runtime.kafka.transactional import Outgoing
from schemas.codec import Codec, UndecodableValue
from schemas.records.alerts import AuditEntry
from schemas.topics import DEAD_LETTERS, DETECTIONS, REFERENCE_TOPICS, Topic
from workers.operations.deadletters.audit import AuditWriter
from workers.operations.deadletters.values import topic_of, value_of
from workers.storage.item import read_item

AT_ONCE: Final = 500
"""Letters handled in one transaction at most."""

_MAY_BE_REPLAYED: Final = {topic.name for topic in REFERENCE_TOPICS}
"""Versioned facts: a version that comes twice changes nothing, whenever it comes."""


@dataclass(slots=True)
class Handled:
    """What became of a request.

    Attributes:
        done: Letters handled now, by id.
        before: Letters that somebody had handled before, with the entry that says so.
        refused: Letters that cannot be replayed, with the reason and what to do instead.
    """

    done: list[Letter] = field(default_factory=list)
    before: list[tuple[Letter, AuditEntry]] = field(default_factory=list)
    refused: list[tuple[Letter, str]] = field(default_factory=list)


def refusal(letter: Letter, cluster: Cluster, objects_url: str) -> str | None:
    """Why a letter cannot be sent to its topic again, and what to do instead; None when it can.

    Raises:
        RegistryUnavailable: The registry is out of reach.
    """
    topic = topic_of(letter, cluster.prefix)
    if topic is None:
        return f"{letter.topic or 'its topic'} is not a topic of this run; resolve it"
    if topic.kind in {"input", "derived"}:
        return _gone(letter) or _too_late(letter, topic, cluster, objects_url)
    if topic.name not in _MAY_BE_REPLAYED:
        return f"nothing says that {topic.name} may be sent again; resolve it"
    if letter.value is None and letter.left_in_place is not None:
        return (
            f"its {letter.left_in_place} bytes lie in {letter.topic} still, too large for any "
            "other record: import the fact again, in less, and resolve it"
        )
    try:
        _sent(letter, topic, cluster.registry.reader(topic))
    except DeadLetter as exc:
        return (
            f"it still cannot be read ({exc}); mend that first, or import it again and resolve it"
        )
    return None


def replay(
    letters: Sequence[Letter],
    cluster: Cluster,
    *,
    objects_url: str,
    actor: str,
    why: str,
) -> Handled:
    """Send letters to the topics that they came from, unless somebody has handled them.

    Args:
        letters: Which.
        cluster: Where the topics are.
        objects_url: Where long values lie.
        actor: Who asks.
        why: Their reason.

    Raises:
        Retry: The broker is out of reach, or another command ran at the same time.
        RegistryUnavailable: The registry is out of reach.
        NotRegistered: The schema of audit.v1 is not registered.
        Stop: The chain of audit.v1 is broken.
    """
    result = Handled()
    with AuditWriter(cluster, CHAIN) as writer:
        wanted: list[tuple[Letter, Outgoing]] = []
        for letter in _open(letters, writer, result):
            reason = refusal(letter, cluster, objects_url)
            topic = topic_of(letter, cluster.prefix)
            if reason is not None or topic is None:
                result.refused.append((letter, reason or ""))
            else:
                wanted.append((letter, _sent(letter, topic, cluster.registry.reader(topic))))
        for begin in range(0, len(wanted), AT_ONCE):
            some = wanted[begin : begin + AT_ONCE]
            acts = [Act(REPLAYED, letter.subject, _told(letter)) for letter, _ in some]
            writer.append(acts, actor=actor, why=why, sending=[sent for _, sent in some])
            result.done += [letter for letter, _ in some]
    return result


def resolve(
    letters: Sequence[Letter],
    cluster: Cluster,
    *,
    actor: str,
    why: str,
) -> Handled:
    """Mark dead letters as resolved, unless somebody has handled them.

    Arguments and errors are those of `replay`.
    """
    result = Handled()
    with AuditWriter(cluster, CHAIN) as writer:
        wanted = _open(letters, writer, result)
        for begin in range(0, len(wanted), AT_ONCE):
            some = wanted[begin : begin + AT_ONCE]
            acts = [Act(DISCARDED, letter.subject, _told(letter)) for letter in some]
            writer.append(acts, actor=actor, why=why)
            result.done += some
    return result


def _open(letters: Iterable[Letter], writer: AuditWriter, result: Handled) -> list[Letter]:
    """Letters that nobody has handled, one for each record; the others go to `result.before`."""
    done = handled(writer.history())
    wanted: dict[str, Letter] = {}
    for letter in letters:
        entry = done.get(letter.subject)
        if entry is not None:
            result.before.append((letter, entry))
        else:
            wanted.setdefault(letter.subject, letter)
    return list(wanted.values())


def _sent(letter: Letter, topic: Topic, codec: Codec) -> Outgoing:
    """The record of a letter as it goes to its topic again.

    Raises:
        DeadLetter: It cannot be read by those who read the topic.
    """
    key = letter.key
    if key is None:
        try:
            record = codec.decode(letter.value)
        except UndecodableValue as exc:
            raise DeadLetter(exc.reason, str(exc)) from exc
        identity = topic.key.removesuffix("@version")
        key = f"{record[identity]}@{record['version']}".encode()
    item = read_item(codec, letter.topic, letter.partition, letter.offset, key, letter.value)
    return Outgoing(letter.topic, letter.partition, key, item.value)


def _gone(letter: Letter) -> str | None:
    if letter.lost is None:
        return None
    return "these records are gone, nothing can be sent again; resolve it when you know why"


def _too_late(letter: Letter, topic: Topic, cluster: Cluster, objects_url: str) -> str:
    moment = _moment(letter, topic, cluster, objects_url)
    how, fate = (
        ("folded in order", "late, and ignored")
        if topic.kind == "input"
        else ("fenced by seq", "dropped as a duplicate")
    )
    advice = ""
    if topic.name == DETECTIONS.name and letter.offset >= 0:
        place = f"{letter.partition}:{letter.offset}"
        advice = f"mend the cause, then `wardstream rebuild run --from {place}` folds it; "
    return (
        f"{topic.name} is {how}: sent again now, the record of {moment} would be {fate}; "
        f"{advice}resolve it"
    )


def _moment(letter: Letter, topic: Topic, cluster: Cluster, objects_url: str) -> str:
    """Event time of a letter's record in UTC, or words for it."""
    try:
        record = cluster.registry.reader(topic).decode(value_of(letter, cluster, objects_url))
    except (UndecodableValue, DeadLetter, Retry, Stop):
        return "an unreadable time"
    at_us = record[topic.event_time]
    try:
        return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return "an unreadable time"


def _told(letter: Letter) -> str:
    return f"{letter.stage}: {letter.reason}, {DEAD_LETTERS.name}/0/{letter.id}"
