"""Read a topic for an operator: decoded records, one after another."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaException, TopicPartition

from runtime.kafka.cluster import Cluster
from schemas.codec import Codec, UndecodableValue
from schemas.topics import Topic

_TIMEOUT_S = 10.0
_POLL_S = 1.0


def tail(
    cluster: Cluster,
    topic: Topic,
    *,
    beginning: bool = False,
    key: str | None = None,
    wait_s: float | None = None,
) -> Iterator[dict[str, Any]]:
    """Read the records of a topic as they come, oldest first within a partition.

    Args:
        cluster: Cluster that holds the topics.
        topic: Topic to read.
        beginning: Start at the oldest record; otherwise at the next.
        key: Only records with this key; all when None.
        wait_s: End after this many seconds without a record; never when None.

    Yields:
        Partition, offset, time, key and headers of a record, and its decoded `value`; its `bytes`
        when it has no schema; the reason as `undecodable` when it cannot be decoded.

    Raises:
        KafkaException: The broker is out of reach.
        RegistryUnavailable: The registry is out of reach.
    """
    name = cluster.name(topic)
    codec = cluster.registry.reader(topic) if topic.avro else None
    consumer = cluster.consumer(cluster.group("tail"))
    try:
        partitions = consumer.list_topics(name, timeout=_TIMEOUT_S).topics[name].partitions
        start = OFFSET_BEGINNING if beginning else OFFSET_END
        consumer.assign([TopicPartition(name, number, start) for number in partitions])
        while True:
            message = consumer.poll(_POLL_S if wait_s is None else wait_s)
            if message is None:
                if wait_s is not None:
                    return
                continue
            if message.error() is not None:
                raise KafkaException(message.error())
            found = (message.key() or b"").decode(errors="replace")
            if key is None or found == key:
                yield _as_row(message, found, codec)
    finally:
        consumer.close()


def as_json(value: object) -> object:
    """Replace a value that JSON cannot hold; bytes become their length and first bytes."""
    if isinstance(value, bytes):
        return {"length": len(value), "base64": base64.b64encode(value[:96]).decode()}
    return str(value)


def _as_row(message: Any, key: str, codec: Codec | None) -> dict[str, Any]:
    line: dict[str, Any] = {
        "partition": message.partition(),
        "offset": message.offset(),
        "appended": datetime.fromtimestamp(message.timestamp()[1] / 1e3, UTC).isoformat(),
        "key": key,
    }
    if message.headers():
        line["headers"] = {name: (value or b"").decode() for name, value in message.headers()}
    if codec is None:
        return {**line, "bytes": message.value()}
    try:
        return {**line, "value": codec.decode(message.value())}
    except UndecodableValue as error:
        return {**line, "undecodable": str(error), "bytes": message.value()}
