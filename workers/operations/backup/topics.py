"""Records of topics that nothing else could give back: facts, checkpoints, audit.

Facts and audit are appended again byte for byte. A checkpoint names its position in its input;
where that input is gone with the broker, it is changed to start with the new one, so that its
state, and the `seq` of every key with it, goes on.
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
from schemas.topics import AUDIT, DETECTIONS, REFERENCE_TOPICS, STREAM_CHECKPOINTS, Topic
from streams.stage import STAGE
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
"""All facts, an audit chain or a checkpoint are one transaction, however many they are."""

_MESSAGES = Messages(
    refused="the broker does not let us write what is restored: {error}",
    nothing="nothing was written: {error}; run the restore again",
    rival="somebody else wrote at the same time, so nothing was written: end every process first",
    late="the broker did not take the records in time, so nothing was written; run it again",
    unknown="whether it was written is not known ({error}); run the restore again",
)


class TopicRestore:
    """Gives topics their records back; look first at everything, then write.

    Args:
        cluster: Where the topics are.
        manifest: Of the backup.
        store: Its objects.
        replace: Write checkpoints over those that are there.
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
        """Find out what must be written, by topic in `wanted`.

        Raises:
            Stop: A topic holds records that are not those of the backup.
            Retry: The broker is out of reach.
        """
        for topic in (*REFERENCE_TOPICS, AUDIT):
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
        self._check_checkpoints()

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
        """Whether checkpoints are of this input and know everything that the backup's know."""
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
        """Write what `find_missing` found wanting, each topic whole or not at all.

        Raises:
            Retry: The broker did not take it; what had been written stays, and is found there by
                the next attempt.
            Stop: Afterwards a topic does not hold what the manifest says.
        """
        facts = [topic for topic in REFERENCE_TOPICS if topic.name in self.wanted]
        self._append(FACTS_CLAIM, [record for topic in facts for record in self._records(topic)])
        if AUDIT.name in self.wanted:
            chains: defaultdict[bytes, list[Outgoing]] = defaultdict(list)
            for record in self._records(AUDIT):
                chains[record.key].append(record)
            for chain, records in chains.items():
                self._append(f"audit-{chain.decode()}", records)
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
        """By partition, the records of its checkpoint, and tombstones of what is none of it."""
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
    """Refuse an audit that does not go on from the copied one; its oldest entries may have expired.

    Raises:
        Stop: Entries of the copy are missing after one that is there, or none of them is there.
    """
    known = set(there)
    present = [entry in known for entry in copied]
    if not copied or (any(present) and present == sorted(present)):
        return  # what is missing lies before all that is there
    raise Stop(
        f"{cluster.name(AUDIT)} is not the one of the backup: it lacks entries that "
        "have not expired; keep it as it is, and restore into another broker"
    )


def _moved(head: Head, input_id: str, starts: int) -> Head:
    """The head of a checkpoint that goes on with this input.

    The settings of the last fold hold from the start of another input.
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
