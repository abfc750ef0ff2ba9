"""A dead letter as JSON: one row of a list, or everything about it."""

import base64
from typing import Any, Final

from runtime.errors import DeadLetter, Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.dead_letter_log import DISCARDED, REPLAYED, DeadLetterRecord
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


def as_line(dead_letter: DeadLetterRecord, entry: AuditEntry | None) -> dict[str, Any]:
    """A dead letter as one row of a list.

    Args:
        dead_letter: The dead letter.
        entry: Audit entry of its handling; None while it is open.
    """
    return {
        "id": dead_letter.id,
        "state": outcome_of(entry),
        "at": show_time(dead_letter.at_us),
        "topic": dead_letter.topic,
        "partition": dead_letter.partition,
        "offset": dead_letter.offset,
        "stage": dead_letter.stage,
        "reason": dead_letter.reason,
        "field": dead_letter.headers.get("field", ""),
        "error": dead_letter.headers.get("error", ""),
        "bytes": dead_letter.left_in_place if dead_letter.value is None else len(dead_letter.value),
    }


def as_text(
    dead_letter: DeadLetterRecord, entry: AuditEntry | None, cluster: Cluster, objects_url: str
) -> dict[str, Any]:
    """A dead letter with its headers and value, and whether it can be replayed.

    Args:
        dead_letter: The dead letter.
        entry: Audit entry of its handling; None while it is open.
        cluster: Cluster that holds the topics.
        objects_url: URL of the store of long values.

    Raises:
        RegistryUnavailable: The registry is out of reach.
    """
    reason = refusal(dead_letter, cluster, objects_url)
    return {
        **as_line(dead_letter, entry),
        "key": None if dead_letter.key is None else dead_letter.key.decode(errors="replace"),
        "headers": dict(dead_letter.headers),
        "value_lies": whereabouts(dead_letter),
        **_contents(dead_letter, cluster, objects_url),
        "replay": "possible" if reason is None else reason,
        "handled": None if entry is None else dict(entry),
    }


def _contents(dead_letter: DeadLetterRecord, cluster: Cluster, objects_url: str) -> dict[str, Any]:
    try:
        value = value_of(dead_letter, cluster, objects_url)
    except (DeadLetter, Retry, Stop) as error:
        return {"value": None, "undecodable": str(error)}
    if value is None:
        return {"value": None, "undecodable": "a tombstone: it has no value"}
    topic = topic_of(dead_letter, cluster.prefix)
    if topic is None or not topic.avro:
        return {
            "value": plain(value),
            "undecodable": f"{dead_letter.topic} holds no Avro of this run",
        }
    try:
        return {"value": plain(cluster.registry.reader(topic).decode(value)), "undecodable": None}
    except UndecodableValue as error:
        return {"value": plain(value), "undecodable": str(error)}


def plain(value: Any) -> Any:
    """Convert a decoded value for JSON; long bytes are cut to their beginning."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        start = base64.b64encode(value[:_SHOWN_BYTES]).decode()
        return {"length": len(value), "base64": start}
    return value
