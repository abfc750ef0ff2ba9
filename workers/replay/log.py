"""Read a topic from its beginning to its present end."""

from collections.abc import Iterator, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from runtime.errors import Retry
from runtime.kafka import consumer_config, physical_name
from runtime.settings import Settings
from schemas.topics import Topic

_TIMEOUT_S = 30.0
_POLL_S = 0.05
_QUIET_POLLS = 600

Offsets = dict[int, int]


def _offsets(settings: Settings, name: str, partitions: Sequence[int], spec: OffsetSpec) -> Offsets:
    """Begin or end of each partition, in one request."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap, "log_level": 3})
    wanted = {TopicPartition(name, partition): spec for partition in partitions}
    answers = admin.list_offsets(wanted, request_timeout=_TIMEOUT_S)
    return {where.partition: future.result().offset for where, future in answers.items()}


def read_topic(
    settings: Settings, topic: Topic, partitions: Sequence[int] | None = None
) -> Iterator[Message]:
    """Every record of a topic that is in the log now, in offset order within a partition.

    Args:
        settings: Where the broker is, and the run's prefix.
        topic: What to read.
        partitions: Which partitions; all when None.

    Raises:
        Retry: The broker is out of reach, or stops answering before the end.
    """
    name = physical_name(topic, settings)
    wanted = list(range(topic.partitions) if partitions is None else partitions)
    try:
        starts = _offsets(settings, name, wanted, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        ends = _offsets(settings, name, wanted, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        left = {
            partition: ends[partition]
            for partition in wanted
            if ends[partition] > starts[partition]
        }
        yield from _read(settings, name, starts, left)
    except KafkaException as exc:
        msg = f"{name}: {exc.args[0].str()}"
        raise Retry(msg) from exc


def _read(settings: Settings, name: str, starts: Offsets, left: Offsets) -> Iterator[Message]:
    """Records up to the ends in `left`, which is emptied on the way."""
    if not left:
        return
    consumer = Consumer(
        consumer_config(
            settings,
            f"{settings.topic_prefix}wardstream-replay",
            **{"isolation.level": "read_committed", "enable.partition.eof": True},
        )
    )
    quiet = 0
    try:
        consumer.assign([TopicPartition(name, p, starts[p]) for p in left])
        while left:
            batch = consumer.consume(500, _POLL_S)
            quiet = 0 if batch else quiet + 1
            for message in batch:
                partition, offset = message.partition() or 0, message.offset() or 0
                error = message.error()
                if error is not None and error.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(error)
                if error is None and offset < left.get(partition, 0):
                    yield message
                # An end of partition stands behind markers and holes that no record fills.
                if offset + (error is None) >= left.get(partition, 0):
                    left.pop(partition, None)
            if quiet > _QUIET_POLLS:
                msg = f"{name} was not read to its end"
                raise Retry(msg)
    finally:
        consumer.close()
