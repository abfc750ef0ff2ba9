"""A dead letter as JSON: one line of a list, or everything that is known of it."""

import base64
from typing import Any, Final

from runtime.errors import DeadLetter, Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.dead_letter_log import DISCARDED, REPLAYED, Letter
from schemas.codec import UndecodableValue
from schemas.records.alerts import AuditEntry
from workers.operations.deadletters.handling import refusal
from workers.operations.deadletters.values import topic_of, value_of, whereabouts
from workers.operations.times import show_time

_SHOWN_BYTES = 96

_OUTCOMES: Final = {REPLAYED: "replayed", DISCARDED: "resolved"}
"""What became of a dead letter, by the action that audit.v1 keeps."""


def outcome_of(entry: AuditEntry | None) -> str:
    """What became of a dead letter: `open`, `replayed` or `resolved`."""
    return "open" if entry is None else _OUTCOMES.get(entry["action"], entry["action"])


def as_line(letter: Letter, entry: AuditEntry | None) -> dict[str, Any]:
    """What a list says of a letter.

    Args:
        letter: The letter.
        entry: Who handled it; None while it is open.
    """
    return {
        "id": letter.id,
        "state": outcome_of(entry),
        "at": show_time(letter.at_us),
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "stage": letter.stage,
        "reason": letter.reason,
        "field": letter.headers.get("field", ""),
        "error": letter.headers.get("error", ""),
        "bytes": letter.left_in_place if letter.value is None else len(letter.value),
    }


def as_text(
    letter: Letter, entry: AuditEntry | None, cluster: Cluster, objects_url: str
) -> dict[str, Any]:
    """Everything that is known of a letter, and what can be done with it.

    Args:
        letter: The letter.
        entry: Who handled it; None while it is open.
        cluster: Where the topics are.
        objects_url: Where long values lie.

    Raises:
        RegistryUnavailable: The registry is out of reach.
    """
    reason = refusal(letter, cluster, objects_url)
    return {
        **as_line(letter, entry),
        "key": None if letter.key is None else letter.key.decode(errors="replace"),
        "headers": dict(letter.headers),
        "value_lies": whereabouts(letter),
        **_contents(letter, cluster, objects_url),
        "replay": "possible" if reason is None else reason,
        "handled": None if entry is None else dict(entry),
    }


def _contents(letter: Letter, cluster: Cluster, objects_url: str) -> dict[str, Any]:
    try:
        value = value_of(letter, cluster, objects_url)
    except (DeadLetter, Retry, Stop) as exc:
        return {"value": None, "undecodable": str(exc)}
    if value is None:
        return {"value": None, "undecodable": "a tombstone: it has no value"}
    topic = topic_of(letter, cluster.prefix)
    if topic is None or not topic.avro:
        return {"value": plain(value), "undecodable": f"{letter.topic} holds no Avro of this run"}
    try:
        return {"value": plain(cluster.registry.reader(topic).decode(value)), "undecodable": None}
    except UndecodableValue as exc:
        return {"value": plain(value), "undecodable": str(exc)}


def plain(value: Any) -> Any:
    """A decoded value as JSON takes it; of long bytes the beginning."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        begin = base64.b64encode(value[:_SHOWN_BYTES]).decode()
        return {"length": len(value), "base64": begin}
    return value
