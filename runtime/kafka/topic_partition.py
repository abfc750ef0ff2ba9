"""The partition of a record, and its key."""

from confluent_kafka import Message

Partition = tuple[str, int]
"""Topic on the broker, and partition."""


def key_of(message: Message) -> bytes | None:
    """The key of a message."""
    key = message.key()
    return key.encode() if isinstance(key, str) else key


def source_partition(message: Message) -> Partition:
    """The partition that a message came from."""
    return message.topic() or "", message.partition() or 0
