"""One consumed record, decoded and given its digest."""

import hashlib
from typing import Any, Final, NamedTuple

from runtime.errors import DeadLetter, Stop
from schemas.codec import HEADER_BYTES, Codec, UndecodableValue
from schemas.topics import VERSIONED_TOPICS, Topic

SEQS_MISSING: Final = "seqs_missing"
"""Reason of the dead letter for records that a topic never held, or lost before they were read."""

DIGEST_BYTES = 8
"""Length of a record's digest, bytes."""

_SIDE = {topic.name for topic in VERSIONED_TOPICS}


class Item(NamedTuple):
    """A record on its way into a store.

    Attributes:
        topic: Topic of the record.
        key: Value of the field that `topic.key` names.
        seq: Number within the key; the version of a fact or decision; 0 where a topic has none.
        digest: See `record_digest`.
        record: The decoded value.
        source: Name of the topic on the broker.
        partition: Its partition.
        offset: Its offset.
        value: The bytes as they were read, for a dead letter.
    """

    topic: Topic
    key: str
    seq: int
    digest: bytes
    record: dict[str, Any]
    source: str
    partition: int
    offset: int
    value: bytes


class Gap(NamedTuple):
    """Seqs of a key that never came.

    Attributes:
        item: The record after them.
        missing: Number of seqs.
    """

    item: Item
    missing: int

    @property
    def lost(self) -> str:
        """Key and seqs that are missing, as one word."""
        return f"{self.item.key}@{self.item.seq - self.missing}-{self.item.seq}"

    @property
    def dead_letter(self) -> DeadLetter:
        """The dead letter's error."""
        item, last = self.item, self.item.seq - 1
        return DeadLetter(
            SEQS_MISSING,
            f"{item.source}[{item.partition}]: seqs {last - self.missing + 1} to {last} of key "
            f"{item.key} ({self.missing} records) never came; offset {item.offset} holds the next",
        )


def conflict(item: Item) -> Stop:
    """The error for a seq that came again with other bytes."""
    return Stop(
        f"key {item.key} seq {item.seq} of {item.source} came again with other bytes "
        f"(partition {item.partition}, offset {item.offset}): its producer is broken"
    )


def renumbered(item: Item, last_seq: int) -> Stop:
    """The error for a key whose seqs started again: new records would be taken for old ones."""
    return Stop(
        f"key {item.key} seq {item.seq} of {item.source} is later than seq {last_seq} of the same "
        f"key (partition {item.partition}, offset {item.offset}): its records were renumbered, "
        "because its checkpoint or its topic was lost; see "
        "docs/runbooks/log-changed.md"
    )


def record_digest(key: bytes, value: bytes) -> bytes:
    """Digest of a record's key and Avro body: the wire header is left out, ids differ by registry.

    Returns:
        8 bytes of BLAKE2b.
    """
    state = hashlib.blake2b(key, digest_size=DIGEST_BYTES)
    state.update(memoryview(value)[HEADER_BYTES:])
    return state.digest()


def read_item(
    codec: Codec, source: str, partition: int, offset: int, key: bytes | None, value: bytes | None
) -> Item:
    """Decode a consumed record.

    Raises:
        DeadLetter: It is not a record of its topic, or its key is not the one its value names.
        RegistryUnavailable: Its writer's schema is not known here and the registry is silent.
    """
    try:
        record = codec.decode(value)
    except UndecodableValue as error:
        raise DeadLetter(error.reason, str(error)) from error
    topic = codec.topic
    if topic.name in _SIDE:
        identity = topic.key.removesuffix("@version")
        seq = record["version"]
        expected = f"{record[identity]}@{seq}"
    else:
        seq = record.get("seq", 0)
        expected = record[topic.key]
    if key != expected.encode():
        raise DeadLetter(
            "key_mismatch",
            f"{topic.name}: the key is {key!r}, the value says {expected!r}",
            field=topic.key,
        )
    body = value or b""
    return Item(
        topic, expected, seq, record_digest(key, body), record, source, partition, offset, body
    )
