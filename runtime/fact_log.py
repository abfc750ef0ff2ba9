"""Read and write the side inputs: small compacted topics of versioned facts with two times."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.kafka import ReliableProducer, consumer_config, physical_name, producer_config
from runtime.settings import Settings
from schemas.codec import Codec, UndecodableValue
from schemas.registry import SchemaRegistry
from schemas.topics import SIDE_INPUTS, Topic

_TIMEOUT_S = 30.0
_PAUSE_S = 0.1

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
    """Reads side inputs to their end, again and again.

    Args:
        settings: Where the broker is.
        registry: Where the schemas are.
        clock: Tells the time of a sync.
        topics: Which side inputs.
    """

    def __init__(
        self,
        settings: Settings,
        registry: SchemaRegistry,
        clock: Clock,
        topics: Sequence[Topic] = SIDE_INPUTS,
    ) -> None:
        self._codecs: dict[str, Codec] = {
            physical_name(topic, settings): registry.reader(topic) for topic in topics
        }
        self._clock = clock
        self._consumer = Consumer(
            consumer_config(settings, f"{settings.topic_prefix}wardstream-facts")
        )
        self._consumer.assign([TopicPartition(name, 0, 0) for name in self._codecs])
        self.offsets: dict[str, int] = dict.fromkeys(self._codecs, 0)
        self.synced_us = 0

    def complete_until_us(self) -> int:
        """Events up to this time (UTC microseconds) see every fact that is visible to them."""
        return self.synced_us + VISIBLE_AFTER_US - APPEND_WITHIN_US

    def sync(self) -> list[Fact]:
        """Read on to the present end of every side input; returns what is new, in log order.

        Raises:
            Retry: The broker is out of reach, or a topic is not read to its end in time.
            Stop: A side input holds something that is not a fact.
        """
        started_us = self._clock.now_us()
        deadline_s = self._clock.monotonic_s() + _TIMEOUT_S
        ends = {name: self._end(name, deadline_s) for name in self._codecs}
        facts: list[Fact] = []
        while any(self.offsets[name] < end for name, end in ends.items()):
            for message in self._consumer.consume(1_000, 0.2):
                if message.error() is not None:
                    continue
                facts.append(
                    self._fact(message.topic() or "", message.offset() or 0, message.value())
                )
                self.offsets[message.topic() or ""] = (message.offset() or 0) + 1
            for position in self._consumer.position([TopicPartition(n, 0) for n in ends]):
                # Compaction and markers leave holes that no message fills.
                self.offsets[position.topic] = max(self.offsets[position.topic], position.offset)
            if self._clock.monotonic_s() > deadline_s:
                msg = "side inputs were not read to their end within 30 s"
                raise Retry(msg)
        self.synced_us = started_us
        return facts

    def _end(self, name: str, deadline_s: float) -> int:
        """End of a side input; a broker that is still electing a leader is asked again."""
        while True:
            try:
                _, end = self._consumer.get_watermark_offsets(
                    TopicPartition(name, 0), timeout=_TIMEOUT_S
                )
            except KafkaException as exc:
                error: KafkaError = exc.args[0]
                if self._clock.monotonic_s() > deadline_s:
                    msg = f"end of {name} is unknown: {error.str()}"
                    raise Retry(msg) from exc
                self._clock.sleep(_PAUSE_S)
            else:
                return end

    def _fact(self, name: str, offset: int, value: bytes | None) -> Fact:
        codec = self._codecs[name]
        try:
            return Fact(codec.topic, codec.decode(value))
        except UndecodableValue as exc:
            msg = f"side input {name} at offset {offset}: {exc}"
            raise Stop(msg) from exc

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()


def publish_facts(settings: Settings, registry: SchemaRegistry, facts: Iterable[Fact]) -> int:
    """Append facts to their topics and wait for the acknowledgement; returns how many.

    Raises:
        Retry: The broker did not acknowledge in time.
    """
    producer = ReliableProducer(producer_config(settings, **{"message.timeout.ms": 30_000}))
    codecs: dict[str, Codec] = {}
    count = 0
    for topic, record in facts:
        if topic.name not in codecs:
            codecs[topic.name] = registry.writer(topic)
        producer.produce(
            physical_name(topic, settings),
            key=fact_key(topic, record),
            value=codecs[topic.name].encode(record),
            partition=0,
        )
        count += 1
    producer.flush(35.0)
    return count
