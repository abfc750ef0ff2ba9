"""Read the reference data: small compacted topics of versioned, bitemporal facts."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from confluent_kafka import Message

from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.end_reader import EndReader
from schemas.codec import Codec, UndecodableValue
from schemas.registry import RegistryUnavailable
from schemas.topics import REFERENCE_TOPICS, Topic

VISIBLE_AFTER_US = 5_000_000
"""A fact is visible to events this long after it was recorded, microseconds."""

APPEND_WITHIN_US = 2_000_000
"""A writer appends a fact at most this long after the time it puts in `recorded_at_us`."""


class Fact(NamedTuple):
    """One version of one fact."""

    topic: Topic
    record: dict[str, Any]


def fact_key(topic: Topic, record: dict[str, Any]) -> str:
    """Key of a fact on its topic: its identity, an at sign, its version."""
    identity = topic.key.removesuffix("@version")
    return f"{record[identity]}@{record['version']}"


class FactLog:
    """Reader that follows the reference data topics to their current end; see `EndReader`.

    Args:
        cluster: Cluster that holds the topics.
        topics: Topics to read.
    """

    def __init__(self, cluster: Cluster, topics: Sequence[Topic] = REFERENCE_TOPICS) -> None:
        self._codecs: dict[str, Codec] = {
            cluster.name(topic): cluster.registry.reader(topic) for topic in topics
        }
        starts = {(name, 0): 0 for name in self._codecs}
        self._input = EndReader(cluster, starts, "facts")

    @property
    def offsets(self) -> dict[str, int]:
        """Next offset of each topic, by its name on the broker, as of the last sync."""
        return {name: offset for (name, _), offset in self._input.offsets.items()}

    @property
    def synced_us(self) -> int:
        """When the last sync began, UTC microseconds; 0 before the first one."""
        return self._input.synced_us

    def complete_until_us(self) -> int:
        """Events up to this time (UTC microseconds) see every fact that is visible to them."""
        return self.synced_us + VISIBLE_AFTER_US - APPEND_WITHIN_US

    def sync(self) -> list[Fact]:
        """Read every reference data topic to its current end; return the new facts.

        Facts come topic by topic in the order given, each topic in log order. A sync that fails
        loses nothing.

        Raises:
            Retry: The broker or the schema registry is out of reach, or a topic is not read to
                its end in time.
            Stop: A topic holds something that is not a fact, a fact in it was deleted, or the
                topic is shorter than before.
        """
        return self._input.sync(self._facts)

    def _facts(self, messages: Sequence[Message]) -> list[Fact]:
        _refuse_deleted(messages)
        return [self._fact(message) for message in messages if message.value() is not None]

    def _fact(self, message: Message) -> Fact:
        name = message.topic() or ""
        codec = self._codecs[name]
        try:
            return Fact(codec.topic, codec.decode(message.value()))
        except RegistryUnavailable as error:
            raise Retry(str(error)) from error
        except UndecodableValue as error:
            raise Stop(f"side input {name} at offset {message.offset()}: {error}") from error

    def close(self) -> None:
        """Close the consumer."""
        self._input.close()


def _refuse_deleted(messages: Iterable[Message]) -> None:
    """Refuse facts that somebody deleted by hand, unless they were appended again later.

    A tombstone hides a version from readers that start after the next compaction, while readers
    that already have it keep it: the two would no longer agree.

    Raises:
        Stop: A version was deleted.
    """
    deleted: dict[tuple[str | None, object], Message] = {}
    for message in messages:
        identity = (message.topic(), message.key())
        if message.value() is None:
            deleted[identity] = message
        else:
            deleted.pop(identity, None)
    for (name, _), message in deleted.items():
        key = message.key()
        shown = key.decode(errors="replace") if isinstance(key, bytes) else key
        raise Stop(
            f"side input {name} at offset {message.offset()}: {shown} was deleted by a tombstone, "
            "but a removal is a version: append the same record again, as a backup holds it"
        )
