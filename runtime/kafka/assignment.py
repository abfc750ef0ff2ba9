"""The partitions that a group has assigned to one consumer, and whether they are paused."""

from collections.abc import Collection, Iterable
from typing import Protocol

from confluent_kafka import TopicPartition

from runtime.kafka.topic_partition import Partition


class Fetching(Protocol):
    """What an `Assignment` asks of a `confluent_kafka.Consumer`."""

    def incremental_assign(self, partitions: list[TopicPartition], /) -> None:
        """Fetch these too."""
        ...

    def pause(self, partitions: list[TopicPartition], /) -> None:
        """Do not fetch these for now."""
        ...

    def resume(self, partitions: list[TopicPartition], /) -> None:
        """Fetch these again."""
        ...


class Assignment:
    """Keeps account of one consumer's partitions.

    Paused partitions are not fetched; polling continues and keeps the consumer in its group.

    Args:
        consumer: A member of a group.
    """

    def __init__(self, consumer: Fetching) -> None:
        self._consumer = consumer
        self._partitions: set[Partition] = set()
        self.paused = False

    def __contains__(self, partition: object) -> bool:
        """Whether it is assigned now."""
        return partition in self._partitions

    def __len__(self) -> int:
        """Partitions that are assigned now."""
        return len(self._partitions)

    def add(self, partitions: Collection[Partition]) -> None:
        """Add partitions that the group assigned; they are paused if the others are."""
        self._consumer.incremental_assign(_listed(partitions))
        self._partitions |= set(partitions)
        if self.paused:
            self._consumer.pause(_listed(partitions))

    def remove(self, partitions: Iterable[Partition]) -> None:
        """Remove partitions that went to another consumer."""
        self._partitions -= set(partitions)

    def pause(self) -> None:
        """Pause all partitions that are assigned now or later."""
        self.paused = True
        if self._partitions:
            self._consumer.pause(_listed(self._partitions))

    def resume(self) -> None:
        """Fetch again."""
        if self.paused:
            self.paused = False
            self._consumer.resume(_listed(self._partitions))


def _listed(partitions: Iterable[Partition]) -> list[TopicPartition]:
    return [TopicPartition(*partition) for partition in sorted(partitions)]
