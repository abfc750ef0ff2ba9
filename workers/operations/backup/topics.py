"""Restore records of topics that nothing else could give back: versions, checkpoints, audit.

Facts, decisions and audit are appended again byte for byte. A checkpoint names its position in its
input. When that input was lost with the broker, the checkpoint is changed to start with the new
input, so that its state and the `seq` of every key continue.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from runtime.checkpoints.codec import HEAD_KEY, Head, decode_head, encode_head
from runtime.errors import Stop
from runtime.facts.writer import CLAIM as FACTS_CLAIM
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import spans
from runtime.kafka.transactional import FencedProducer, Messages, Outgoing
from runtime.storage.objects import ObjectStore
from schemas.topics import (
    ALERT_ACTIONS,
    AUDIT,
    DETECTIONS,
    STREAM_CHECKPOINTS,
    VERSIONED_TOPICS,
    Topic,
)
from streams.stage import STAGE
from workers.notifier.process import CLAIM
from workers.operations.backup.entries import (
    COPIED,
    Entry,
    contents,
    copied_entries,
    held,
    topic_ids,
)
from workers.operations.backup.manifest import Manifest

WITHIN_S = 600.0
"""Time limit of a transaction, s: all facts, an audit chain or a checkpoint are one."""

_MESSAGES = Messages(
    refused="the broker does not let us write what is restored: {error}",
    nothing="nothing was written: {error}; run the restore again",
    rival="somebody else wrote at the same time, so nothing was written: end every process first",
    late="the broker did not take the records in time, so nothing was written; run it again",
    unknown="whether it was written is not known ({error}); run the restore again",
)


class TopicRestore:
    """Restores records of topics: checks everything first, then writes.

    Args:
        cluster: Cluster that holds the topics.
        manifest: Manifest of the backup.
        store: Store of its objects.
        replace: Replace existing checkpoints.
    """

    def __init__(
        self,
        cluster: Cluster,
        manifest: Manifest,
        store: ObjectStore,
        *,
        replace: bool,
    ) -> None:
        self._cluster = cluster
        self._manifest = manifest
        self._ids = topic_ids(cluster, [DETECTIONS])
        self._replace = replace
        self._entries = {
            topic.name: copied_entries(store, manifest.topic(topic.name)) for topic in COPIED
        }
        self.wanted: dict[str, int] = {}

    def find_missing(self) -> None:
        """Find the records to write, and keep them by topic in `wanted`.

        Raises:
            Stop: A topic holds records that are not those of the backup.
            Retry: The broker is out of reach.
        """
        for topic in (*VERSIONED_TOPICS, AUDIT):
            there = held(self._cluster, topic)
            copied = self._entries[topic.name]
            if copied and not there:
                self.wanted[topic.name] = len(copied)
            elif topic == AUDIT:
                refuse_other_audit(self._cluster, copied, there)
            elif not set(there).issuperset(copied):
                raise Stop(
                    f"{self._cluster.name(topic)} is not empty, and lacks records of "
                    "the backup: delete the topic if it is not the one that you want"
                )
        self._find_actions()
        self._check_checkpoints()

    def _find_actions(self) -> None:
        """A topic of actions that holds any goes on as it is: it came back, or began anew."""
        copied = self._entries[ALERT_ACTIONS.name]
        if copied and not held(self._cluster, ALERT_ACTIONS):
            self.wanted[ALERT_ACTIONS.name] = len(copied)

    def _check_checkpoints(self) -> None:
        copied = self._entries[STREAM_CHECKPOINTS.name]
        there = held(self._cluster, STREAM_CHECKPOINTS)
        goes_on = self._goes_on(there, copied)
        if there and not goes_on and not self._replace:
            raise Stop(
                f"{self._cluster.name(STREAM_CHECKPOINTS)} is not empty, and does not "
                "go on from the backup; --replace writes the backup's checkpoints over it"
            )
        if not goes_on:
            self.wanted[STREAM_CHECKPOINTS.name] = len(copied)

    def _goes_on(self, there: list[Entry], copied: list[Entry]) -> bool:
        """Whether checkpoints are of this input and cover everything that the backup's cover."""
        heads = _heads(there)
        input_id = self._ids.get(DETECTIONS.name, "")
        return all(
            partition in heads
            and heads[partition].input_id == input_id
            and heads[partition].entities.keys() >= head.entities.keys()
            and (head.input_id != input_id or heads[partition].next_offset >= head.next_offset)
            for partition, head in _heads(copied).items()
        )

    def write(self) -> None:
        """Write what `find_missing` found, each topic whole or not at all.

        Raises:
            Retry: The broker did not accept it; what was already written stays, and the next
                attempt finds it.
            Stop: A topic does not hold what the manifest says afterwards.
        """
        facts = [topic for topic in VERSIONED_TOPICS if topic.name in self.wanted]
        self._append(FACTS_CLAIM, [record for topic in facts for record in self._records(topic)])
        if AUDIT.name in self.wanted:
            chains: defaultdict[bytes, list[Outgoing]] = defaultdict(list)
            for record in self._records(AUDIT):
                chains[record.key].append(record)
            for chain, records in chains.items():
                self._append(f"audit-{chain.decode()}", records)
        if ALERT_ACTIONS.name in self.wanted:
            self._append(CLAIM, self._records(ALERT_ACTIONS))
        if STREAM_CHECKPOINTS.name in self.wanted:
            for partition, records in self._checkpoints().items():
                self._append(f"{STAGE}-{partition}", records)
        for topic in COPIED:
            if topic.name in self.wanted:
                found = contents(held(self._cluster, topic))
                if found != self._manifest.topic(topic.name).contents:
                    raise Stop(f"{topic.name} does not hold what the manifest says")

    def _append(self, claim: str, records: list[Outgoing]) -> None:
        if records:
            with FencedProducer(self._cluster, claim, _MESSAGES, WITHIN_S) as producer:
                producer.write(records)

    def _records(self, topic: Topic) -> list[Outgoing]:
        name = self._cluster.name(topic)
        return [Outgoing(name, *entry.raw) for entry in self._entries[topic.name]]

    def _checkpoints(self) -> dict[int, list[Outgoing]]:
        """Checkpoint records by partition, and tombstones for keys that are not in it."""
        name = self._cluster.name(STREAM_CHECKPOINTS)
        input_id = self._ids.get(DETECTIONS.name, "")
        starts = {number: start for number, (start, _) in spans(self._cluster, DETECTIONS).items()}
        found: defaultdict[int, dict[bytes, Outgoing]] = defaultdict(dict)
        for entry in held(self._cluster, STREAM_CHECKPOINTS):
            partition, key, _ = entry.raw
            found[partition][key] = Outgoing(name, partition, key, None)
        for entry in self._entries[STREAM_CHECKPOINTS.name]:
            partition, key, value = entry.raw
            if key == HEAD_KEY:
                head = decode_head(value)
                value = encode_head(_moved(head, input_id, starts.get(partition, 0)))
            found[partition][key] = Outgoing(name, partition, key, value)
        return {partition: list(records.values()) for partition, records in found.items()}


def refuse_other_audit(cluster: Cluster, copied: list[Entry], there: list[Entry]) -> None:
    """Refuse an audit that does not continue the copied one; its oldest entries may have expired.

    Raises:
        Stop: Entries of the copy are missing after one that is present, or all are missing.
    """
    known = set(there)
    present = [entry in known for entry in copied]
    if not copied or (any(present) and present == sorted(present)):
        return  # missing entries are all older than those present
    raise Stop(
        f"{cluster.name(AUDIT)} is not the one of the backup: it lacks entries that "
        "have not expired; keep it as it is, and restore into another broker"
    )


def _moved(head: Head, input_id: str, starts: int) -> Head:
    """The head of a checkpoint, changed to continue with this input.

    In a new input, the settings of the last fold apply from its start.
    """
    if head.input_id == input_id:
        return head
    spans_ = tuple(
        msgspec.structs.replace(span, from_offset=starts)
        for span in head.settings
        if span.from_offset <= head.next_offset
    )[-1:]
    return msgspec.structs.replace(
        head, input_id=input_id, next_offset=starts, side_offsets={}, settings=spans_
    )


def _heads(entries: Iterable[Entry]) -> dict[int, Head]:
    found = (entry.raw for entry in entries)
    return {partition: decode_head(value) for partition, key, value in found if key == HEAD_KEY}
