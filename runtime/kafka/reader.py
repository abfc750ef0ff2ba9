"""Read a topic from its beginning to its current end."""

from collections.abc import Iterator, Sequence

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import answer, failure
from runtime.retry import Tries, constant, retried
from schemas.topics import Topic

_TIMEOUT_S = 30.0
_LOST_S = 10.0
"""Time after its own timeout at which a request is given up, s."""

_POLL_S = 0.05
_AGAIN = constant(0.1, deadline_s=_TIMEOUT_S)
_QUIET_POLLS = 600
_ELECTING = (
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError._NOENT,  # no leader found yet
)
_OUT_OF_REACH = (KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN)

Offsets = dict[int, int]


def _offsets(cluster: Cluster, name: str, partitions: Sequence[int], spec: OffsetSpec) -> Offsets:
    """Start or end of each partition, in one request; waits while leaders are elected."""
    wanted = {TopicPartition(name, partition): spec for partition in partitions}

    def once() -> Offsets:
        answers = cluster.asker.list_offsets(wanted, request_timeout=_TIMEOUT_S)
        return {
            where.partition: answer(future, _TIMEOUT_S + _LOST_S).offset
            for where, future in answers.items()
        }

    def ask() -> Offsets:
        try:
            return once()
        except KafkaException as error:
            # A client that is kept goes on asking by the leaders that it knows for minutes.
            if error.args[0].code() in _OUT_OF_REACH or not cluster.ask_anew():
                raise
            return once()

    return retried(
        ask,
        Tries(_AGAIN, cluster.clock),
        (KafkaException,),
        may_pass=lambda error: error.args[0].code() in _ELECTING,
    )


def spans(
    cluster: Cluster,
    topic: Topic,
    partitions: Sequence[int] | None = None,
    *,
    since_ms: int | None = None,
) -> dict[int, tuple[int, int]]:
    """First offset and end of each partition that holds anything.

    Args:
        cluster: Where the topics are.
        topic: Which topic.
        partitions: Which partitions; all when None.
        since_ms: Time of the oldest record to read, UTC milliseconds; everything when None.

    Raises:
        Retry: The broker is out of reach.
    """
    name = cluster.name(topic)
    cluster = cluster if cluster.keeps_asker else cluster.with_asker()  # for both questions
    wanted = list(range(topic.partitions) if partitions is None else partitions)
    start = OffsetSpec.earliest() if since_ms is None else OffsetSpec.for_timestamp(since_ms)  # type: ignore[no-untyped-call]
    try:
        starts = _offsets(cluster, name, wanted, start)
        ends = _offsets(cluster, name, wanted, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    except KafkaException as error:
        raise failure(name, error) from error
    return {  # a time after the last record is answered with -1
        partition: (starts[partition], ends[partition])
        for partition in wanted
        if 0 <= starts[partition] < ends[partition]
    }


def read_topic(
    cluster: Cluster,
    topic: Topic,
    partitions: Sequence[int] | None = None,
    *,
    since_ms: int | None = None,
) -> Iterator[Message]:
    """Every record of a topic that is in the log now, in offset order within a partition.

    Args:
        cluster: Where the topics are.
        topic: Topic to read.
        partitions: Which partitions; all when None.
        since_ms: Time of the oldest record to read, UTC milliseconds; everything when None.

    Raises:
        Retry: The broker is out of reach, or stops answering before the end.
    """
    name = cluster.name(topic)
    held = spans(cluster, topic, partitions, since_ms=since_ms)
    starts = {partition: start for partition, (start, _) in held.items()}
    left = {partition: end for partition, (_, end) in held.items()}
    try:
        yield from _read(cluster, name, starts, left)
    except KafkaException as error:
        raise failure(name, error) from error


def read_record(cluster: Cluster, topic: Topic, partition: int, offset: int) -> Message | None:
    """The record at one offset of a partition; None when it is not there, or no longer.

    Raises:
        Retry: The broker is out of reach, or stops answering.
    """
    name = cluster.name(topic)
    start, end = spans(cluster, topic, [partition]).get(partition, (0, 0))
    if not start <= offset < end:
        return None
    try:
        # The broker passes over what retention or compaction has removed since.
        found = next(_read(cluster, name, {partition: offset}, {partition: offset + 1}), None)
    except Expired:
        return None
    except KafkaException as error:
        raise failure(name, error) from error
    return found if found is not None and found.offset() == offset else None


def read_between(
    cluster: Cluster, topic: Topic, partition: int, start: int, end: int
) -> Iterator[Message]:
    """The records of one partition from one offset up to another, exclusive.

    Raises:
        Retry: The broker is out of reach, or stops answering before the end.
        Expired: The log no longer begins there.
    """
    if start >= end:
        return
    name = cluster.name(topic)
    try:
        yield from _read(cluster, name, {partition: start}, {partition: end})
    except KafkaException as error:
        raise failure(name, error) from error


class Expired(Retry):
    """Records were asked for that the log no longer holds; what is left may be read again."""


def _read(cluster: Cluster, name: str, starts: Offsets, left: Offsets) -> Iterator[Message]:
    """Records up to the ends in `left`, which is emptied as they are read.

    Raises:
        Expired: The log does not start where it did; nothing is passed over in silence.
    """
    if not left:
        return
    consumer = cluster.consumer(
        cluster.group("replay"),
        **{
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        },
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
                if error is not None and error.code() == KafkaError._AUTO_OFFSET_RESET:
                    raise Expired(
                        f"{name}[{partition}]: what was to be read from offset {starts[partition]} "
                        f"on is not there any more ({error.str()}); run the command again"
                    )
                if error is not None and error.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(error)
                if error is None and offset < left.get(partition, 0):
                    yield message
                # The end of a partition comes after markers and holes that no record fills.
                if offset + (error is None) >= left.get(partition, 0):
                    left.pop(partition, None)
            if quiet > _QUIET_POLLS:
                raise Retry(f"{name} was not read to its end")
    finally:
        consumer.close()
