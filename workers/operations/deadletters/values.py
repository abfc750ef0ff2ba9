"""Find the value of a dead letter: inside it, in the object store, or still in its topic."""

from runtime.errors import DeadLetter
from runtime.kafka.cluster import Cluster
from runtime.kafka.dead_letter_log import DeadLetterRecord
from runtime.kafka.reader import read_record
from runtime.storage.objects import ObjectStore
from schemas.topics import TOPICS, Topic


def topic_of(dead_letter: DeadLetterRecord, prefix: str) -> Topic | None:
    """The topic that a dead letter was read from; None when it is not of this run."""
    name = dead_letter.topic
    if not name.startswith(prefix):
        return None
    return TOPICS.get(name.removeprefix(prefix))


def value_of(dead_letter: DeadLetterRecord, cluster: Cluster, objects_url: str) -> bytes | None:
    """The bytes that could not be processed; None for a tombstone.

    Raises:
        DeadLetter: The bytes are gone, or are not what was written.
        Retry: The object store or the broker is out of reach.
        Stop: The object store refuses us.
    """
    if dead_letter.value is not None:
        return dead_letter.value
    if "object_uri" in dead_letter.headers:
        store = ObjectStore(objects_url)
        return store.get(
            dead_letter.headers["object_uri"], dead_letter.headers.get("object_sha256", "")
        )
    if dead_letter.left_in_place is None:
        return None
    topic = topic_of(dead_letter, cluster.prefix)
    if topic is None or not 0 <= dead_letter.partition < topic.partitions or dead_letter.offset < 0:
        raise DeadLetter("foreign_record", f"{dead_letter.subject} is no position of this run")
    message = read_record(cluster, topic, dead_letter.partition, dead_letter.offset)
    if message is None:
        raise DeadLetter(
            "expired_record",
            f"its {dead_letter.left_in_place} bytes stayed in {dead_letter.topic}, "
            "which no longer has them",
        )
    value = message.value()
    if value is None or len(value) != dead_letter.left_in_place:
        raise DeadLetter("foreign_record", f"{dead_letter.subject} is another record by now")
    return value


def whereabouts(dead_letter: DeadLetterRecord) -> str:
    """Where a dead letter's value is, as a message."""
    if dead_letter.value is None and "object_uri" in dead_letter.headers:
        return f"in the object store: {dead_letter.headers['object_uri']}"
    if dead_letter.value is None and dead_letter.left_in_place is not None:
        position = (
            f"{dead_letter.topic} partition {dead_letter.partition} offset {dead_letter.offset}"
        )
        return f"left in its topic, too large for the dead letter: {position}"
    return "in the dead letter"
