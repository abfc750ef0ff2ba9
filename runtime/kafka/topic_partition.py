"""Where a record lies: topic and partition."""

from confluent_kafka import Message

Place = tuple[str, int]
"""Topic on the broker, and partition."""


def place_of(message: Message) -> Place:
    """Where a message came from."""
    return message.topic() or "", message.partition() or 0
