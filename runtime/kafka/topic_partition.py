"""Where a record lies: topic and partition."""

from confluent_kafka import Message

Partition = tuple[str, int]
"""Topic on the broker, and partition."""


def source_partition(message: Message) -> Partition:
    """Where a message came from."""
    return message.topic() or "", message.partition() or 0
