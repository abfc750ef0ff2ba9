"""Read a stretch of the log from its beginning to its present end, partition by partition."""

from collections.abc import Iterator, Sequence

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from runtime.errors import Retry
from runtime.kafka import consumer_config, physical_name
from runtime.settings import Settings
from schemas.topics import Topic

_TIMEOUT_S = 30.0
_QUIET_POLLS = 60


def read_topic(
    settings: Settings, topic: Topic, partitions: Sequence[int] | None = None
) -> Iterator[Message]:
    """Every record of a topic that is in the log now, in offset order within a partition.

    Args:
        settings: Where the broker is, and the run's prefix.
        topic: What to read.
        partitions: Which partitions, in which order; all in numeric order when None.

    Raises:
        Retry: The broker is out of reach, or stops answering before the end.
    """
    name = physical_name(topic, settings)
    consumer = Consumer(
        consumer_config(
            settings,
            f"{settings.topic_prefix}wardstream-replay",
            **{"isolation.level": "read_committed", "enable.partition.eof": True},
        )
    )
    try:
        for partition in partitions if partitions is not None else range(topic.partitions):
            yield from _read_partition(consumer, TopicPartition(name, partition))
    except KafkaException as exc:
        msg = f"{name}: {exc.args[0].str()}"
        raise Retry(msg) from exc
    finally:
        consumer.close()


def _read_partition(consumer: Consumer, where: TopicPartition) -> Iterator[Message]:
    start, end = consumer.get_watermark_offsets(where, timeout=_TIMEOUT_S)
    if start >= end:
        return
    consumer.assign([TopicPartition(where.topic, where.partition, start)])
    quiet = 0
    while quiet < _QUIET_POLLS:
        batch = consumer.consume(2_000, 0.5)
        quiet = 0 if batch else quiet + 1
        for message in batch:
            if (message.offset() or 0) >= end:
                return
            if message.error() is None:
                yield message
            if (message.offset() or 0) + 1 >= end:
                return
        [position] = consumer.position([TopicPartition(where.topic, where.partition)])
        if position.offset >= end:  # markers and compaction leave holes at the end
            return
    msg = f"{where.topic}[{where.partition}] was not read to its end"
    raise Retry(msg)
