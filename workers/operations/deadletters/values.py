"""The value of a dead letter, wherever it lies: in the letter, beside it, or in its old place."""

from runtime.errors import DeadLetter
from runtime.kafka.cluster import Cluster
from runtime.kafka.dead_letter_log import Letter
from runtime.kafka.reader import read_record
from runtime.storage.objects import ObjectStore
from schemas.topics import TOPICS, Topic


def topic_of(letter: Letter, prefix: str) -> Topic | None:
    """The topic that a letter was read from; None when it is none of this run."""
    name = letter.topic
    if not name.startswith(prefix):
        return None
    return TOPICS.get(name.removeprefix(prefix))


def value_of(letter: Letter, cluster: Cluster, objects_url: str) -> bytes | None:
    """The bytes that could not be processed; None for a tombstone.

    Raises:
        DeadLetter: They are gone, or are not what was written.
        Retry: Where they lie is out of reach.
        Stop: The object store refuses us.
    """
    if letter.value is not None:
        return letter.value
    if "object_uri" in letter.headers:
        store = ObjectStore(objects_url)
        return store.get(letter.headers["object_uri"], letter.headers.get("object_sha256", ""))
    if letter.left_in_place is None:
        return None
    topic = topic_of(letter, cluster.prefix)
    if topic is None or not 0 <= letter.partition < topic.partitions or letter.offset < 0:
        raise DeadLetter("foreign_record", f"{letter.subject} is no place of this run")
    message = read_record(cluster, topic, letter.partition, letter.offset)
    if message is None:
        msg = f"its {letter.left_in_place} bytes stayed in {letter.topic}, which no longer has them"
        raise DeadLetter("expired_record", msg)
    value = message.value()
    if value is None or len(value) != letter.left_in_place:
        raise DeadLetter("foreign_record", f"{letter.subject} is another record by now")
    return value


def whereabouts(letter: Letter) -> str:
    """Where a letter's value is, in words."""
    if letter.value is None and "object_uri" in letter.headers:
        return f"in the object store: {letter.headers['object_uri']}"
    if letter.value is None and letter.left_in_place is not None:
        place = f"{letter.topic} partition {letter.partition} offset {letter.offset}"
        return f"left in its topic, too large for the letter: {place}"
    return "in the letter"
