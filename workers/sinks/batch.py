"""Records that a sink has in hand: read, and not all of them written."""

from collections import deque
from collections.abc import Collection, Sequence

from confluent_kafka import Message

from runtime.kafka.topic_partition import Partition, source_partition
from workers.storage.item import Item


class Batch:
    """Records that are written together, however long the store is out of reach.

    Attributes:
        messages: All records; their offsets may be committed once all are written.
        undecoded: Messages that are not decoded yet.
        items: Decoded records; a dead letter is neither undecoded nor an item.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.undecoded: deque[Message] = deque()
        self.items: list[Item] = []

    def __bool__(self) -> bool:
        """Whether anything is in hand."""
        return bool(self.messages)

    def add(self, messages: Sequence[Message]) -> None:
        """Take more records."""
        self.messages += messages
        self.undecoded += messages

    def drop(self, partitions: Collection[Partition]) -> None:
        """Drop the records of partitions that another process reads now, or that are read again."""
        self.messages = [m for m in self.messages if source_partition(m) not in partitions]
        self.undecoded = deque(m for m in self.undecoded if source_partition(m) not in partitions)
        self.items = [i for i in self.items if (i.source, i.partition) not in partitions]
