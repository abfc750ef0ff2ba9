"""Find where a camera's records end in the topic, so that a restarted process continues there."""

from dataclasses import dataclass

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.partitioner import partition_of
from runtime.retry import Tries, constant, retried
from schemas.codec import Codec, UndecodableValue
from schemas.records.frames import Frame
from schemas.topics import FRAMES
from workers.ingest.recording import Playing

log = structlog.get_logger(__name__)

_FIRST_WINDOW = 64
_GROWTH = 8
_TIMEOUT_S = 30.0
_STALL_S = 30.0
_AGAIN = constant(0.2, deadline_s=_TIMEOUT_S)
_UNTIL_STALLED = constant(0.0, deadline_s=_STALL_S)  # each poll waits by itself


@dataclass(frozen=True, slots=True)
class Position:
    """Where a camera's records end.

    Attributes:
        next_seq: `seq` of its next record.
        last_us: `captured_us` of its last record; None when the topic holds none.
        playing: The recording that its last record belongs to, if any.
        appended_us: When its last record was appended, UTC microseconds.
    """

    next_seq: int
    last_us: int | None
    playing: Playing | None = None
    appended_us: int | None = None


def read_position(cluster: Cluster, codec: Codec, camera_id: str) -> Position:
    """Find the last record of a camera by reading its partition backwards from the end.

    When the topic holds no record of the camera, because it is new or its records have expired,
    the next `seq` is one more than the number of records that its partition ever received. That is
    above any `seq` of the camera, which never exceeds the number of its own records.

    Raises:
        Retry: The broker is out of reach.
        Stop: A record cannot be decoded.
    """
    name = cluster.name(FRAMES)
    partition = TopicPartition(name, partition_of(camera_id, FRAMES.partitions))
    consumer = cluster.consumer(cluster.group("ingest-position"))
    try:
        first, end = _bounds(consumer, partition, cluster.clock)
        upper, window = end, _FIRST_WINDOW
        while upper > first:
            lower = max(first, upper - window)
            message = _last_of(consumer, partition, lower, upper, camera_id, cluster.clock)
            if message is not None:
                record = _decode(codec, message)
                playing = Playing.of(message.headers())
                appended_us = message.timestamp()[1] * 1_000
                return Position(record["seq"] + 1, record["captured_us"], playing, appended_us)
            upper, window = lower, window * _GROWTH
    except KafkaException as error:
        raise Retry(
            f"{name}: the end of camera {camera_id} cannot be read: {error.args[0].str()}"
        ) from error
    finally:
        consumer.close()
    return Position(end + 1, None)


def _bounds(consumer: Consumer, partition: TopicPartition, clock: Clock) -> tuple[int, int]:
    """Start and end offset of a partition; waits while it has no leader."""
    return retried(
        lambda: consumer.get_watermark_offsets(partition, timeout=_TIMEOUT_S),
        Tries(_AGAIN, clock),
        (KafkaException,),
    )


def _last_of(
    consumer: Consumer,
    partition: TopicPartition,
    lower: int,
    upper: int,
    camera_id: str,
    clock: Clock,
) -> Message | None:
    """The camera's last record with `lower <= offset < upper`."""
    key = camera_id.encode()
    found = None
    consumer.assign([TopicPartition(partition.topic, partition.partition, lower)])
    position = lower
    tries = Tries(_UNTIL_STALLED, clock)
    while position < upper:
        for message in consumer.consume(256, 0.5):
            error = message.error()
            if error is not None:
                log.warning("kafka.consumer_error", error=error.str())
                continue
            if (message.offset() or 0) < upper and message.key() == key:
                found = message
        read_to = consumer.position([partition])[0].offset
        if read_to > position:
            position = read_to
            tries.progressed()
        elif tries.over:
            raise Retry(f"{partition.topic}: nothing could be read for {_STALL_S:.0f} s")
    return found


def _decode(codec: Codec, message: Message) -> Frame:
    try:
        record: Frame = codec.decode(message.value())
    except UndecodableValue as error:
        raise Stop(
            f"{message.topic()}[{message.partition()}] at offset {message.offset()}: {error}; "
            "the next seq is unknown"
        ) from error
    return record
