"""Records of topics as lines, read from a topic or from a backup."""

import hashlib
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from runtime.checkpoints.codec import HEAD_KEY, assemble
from runtime.checkpoints.errors import CheckpointDamaged
from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic, spans
from runtime.kafka.topic_description import MISSING, describe_visible
from runtime.retry import Tries, constant
from runtime.storage.objects import ObjectStore
from schemas.topics import ALERT_ACTIONS, AUDIT, STREAM_CHECKPOINTS, VERSIONED_TOPICS, Topic
from workers.operations.backup.manifest import TopicCopy
from workers.operations.backup.objects import TextWriter, lines_of

COPIED: tuple[Topic, ...] = (*VERSIONED_TOPICS, AUDIT, ALERT_ACTIONS, STREAM_CHECKPOINTS)
"""Topics that a backup holds."""

_ANSWER_S = 30.0
_AGAIN = constant(0.1, deadline_s=60.0)
_ANY_VERSION = 255
"""Accepts a state of any version: a release checks the version when it loads the state."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A record as one line: its partition, and its key and value in base64."""

    partition: int
    key: str
    value: str

    @property
    def raw(self) -> tuple[int, bytes, bytes]:
        """Partition, key and value."""
        return self.partition, b64decode(self.key), b64decode(self.value)


def topic_ids(cluster: Cluster, topics: Iterable[Topic]) -> dict[str, str]:
    """Kafka's id of each topic that exists, by name without prefix.

    Raises:
        Retry: The broker is out of reach.
        Stop: A topic may not be seen.
    """
    names = {cluster.name(topic): topic.name for topic in topics}
    found = describe_visible(cluster, names, settings=False, answer_s=_ANSWER_S)
    return {names[name]: seen.id for name, seen in found.items() if seen != MISSING}


def copy_topic(cluster: Cluster, topic: Topic, store: ObjectStore) -> TopicCopy:
    """Write a topic's records into a backup; only the newest of each key if it is compacted.

    Raises:
        Retry: The broker or the store is out of reach.
        Stop: The store refuses us.
    """
    checkpoints = topic == STREAM_CHECKPOINTS
    return _put(topic, whole_checkpoints(cluster) if checkpoints else held(cluster, topic), store)


def _put(topic: Topic, entries: list[Entry], store: ObjectStore) -> TopicCopy:
    writer = TextWriter(store)
    for entry in entries:
        writer.write(msgspec.json.encode(entry) + b"\n")
    return TopicCopy(topic.name, writer.close(), contents(entries))


def copy_facts(cluster: Cluster, store: ObjectStore) -> list[TopicCopy]:
    """Write all facts and decisions into a backup, every edit whole.

    They are read again where somebody edits meanwhile.

    Raises:
        Retry: The broker or the store is out of reach, or somebody edits all the time.
        Stop: The store refuses us.
    """
    tries = Tries(_AGAIN, cluster.clock)
    while True:
        before = [spans(cluster, topic) for topic in VERSIONED_TOPICS]
        found = [(topic, held(cluster, topic)) for topic in VERSIONED_TOPICS]
        if before == [spans(cluster, topic) for topic in VERSIONED_TOPICS]:
            return [_put(topic, entries, store) for topic, entries in found]
        tries.failed(Retry("facts were appended each time they were read"))


def copied_entries(store: ObjectStore, copy: TopicCopy) -> list[Entry]:
    """Read the records of a topic from a backup.

    Raises:
        Stop: The backup is damaged.
        Retry: The store is out of reach.
    """
    try:
        entries = [msgspec.json.decode(line, type=Entry) for line in lines_of(store, copy.records)]
    except msgspec.MsgspecError as error:
        raise Stop(f"the backup's records of {copy.name} are none: {error}") from error
    if contents(entries) != copy.contents:
        raise Stop(f"the backup's records of {copy.name} are not those that were copied")
    return entries


def whole_checkpoints(cluster: Cluster) -> list[Entry]:
    """The newest checkpoint of each partition, never mixed with part of the next one.

    Reading may end within a transaction that is committed meanwhile: then some of its records
    are read and its head is not, and the partition is read again.

    Raises:
        Retry: The broker is out of reach, or a checkpoint stays damaged.
    """
    tries = Tries(_AGAIN, cluster.clock)
    found: defaultdict[int, list[Entry]] = defaultdict(list)
    for entry in held(cluster, STREAM_CHECKPOINTS):
        found[entry.partition].append(entry)
    for partition in found:
        while (fault := _tear(partition, found[partition])) is not None:
            tries.failed(
                Retry(f"the checkpoint of partition {partition} cannot be copied: {fault}")
            )
            found[partition] = held(cluster, STREAM_CHECKPOINTS, [partition])
    return [entry for _, entries in sorted(found.items()) for entry in entries]


def _tear(partition: int, entries: Iterable[Entry]) -> str | None:
    """Why records are no whole checkpoint of a partition; None when they are one."""
    records = {key: value for _, key, value in (one.raw for one in entries)}
    try:
        assemble(partition, records, max_version=_ANY_VERSION)
    except (CheckpointDamaged, KeyError) as error:
        return str(error)
    return None


def held(cluster: Cluster, topic: Topic, partitions: Sequence[int] | None = None) -> list[Entry]:
    """Read the records of a topic in order; only the newest of each key if it is compacted."""
    kept: dict[Any, Entry] = {}
    for number, message in enumerate(read_topic(cluster, topic, partitions)):
        key, value, partition = message.key() or b"", message.value(), message.partition() or 0
        identity = (partition, key) if topic.cleanup == "compact" else number
        kept.pop(identity, None)
        if value is not None:
            text = (b64encode(bytes(part)).decode() for part in (key, value))
            kept[identity] = Entry(partition, *text)
    return list(kept.values())


def contents(entries: Iterable[Entry]) -> str:
    """Digest over all records, by partition; without heads, which a restore may have to change."""
    by_partition: defaultdict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.raw[1] != HEAD_KEY:
            by_partition[entry.partition].append(entry)
    whole = hashlib.sha256()
    for _, some in sorted(by_partition.items()):
        for entry in some:
            whole.update(msgspec.json.encode(entry))
    return whole.hexdigest()
