"""The oracle of a run: a one-process fold over that run's own detections.

The pipeline must have written what this fold writes, byte for byte, however many workers it had
and whatever crashed.
"""

from collections.abc import Sequence
from typing import Any, Final

from runtime.checkpoints import OutputRecord, SettingsSpan
from runtime.checkpoints.codec import HEAD_KEY, decode_head
from runtime.facts.log import FactLog
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic
from runtime.kafka.topic_partition import source_partition
from schemas.codec import HEADER_BYTES
from schemas.topics import DETECTIONS, FOLDED_TOPICS, STREAM_CHECKPOINTS, TOPICS, Topic
from streams.domain.settings import PipelineSettings
from streams.processor.evidence_source import EvidenceSource
from streams.processor.fact_source import FactSource
from streams.processor.pipeline_fold import Wire
from streams.processor.replay import Folds, PartitionReplay
from streams.stage import OUTPUTS
from workers.operations.verification.digests import distinct, read_items

_NAMED: Final = 3
"""So many fields of a difference are named."""

Fold = dict[str, list[bytes]]
"""Values of one topic without the wire header, in order of `seq`, by key."""


def fold_detections(
    cluster: Cluster, settings: PipelineSettings, partitions: Sequence[int] | None = None
) -> dict[str, Fold]:
    """Fold the detections log in this process; nothing is written anywhere.

    Args:
        cluster: Where the topics are.
        settings: Settings for a partition without a checkpoint; the others are folded with the
            settings in their checkpoints.
        partitions: Partitions of the detections; all when None.

    Returns:
        By topic name (without prefix), what the stage writes to it.

    Raises:
        Retry: Broker or registry are out of reach.
    """
    wire = Wire(cluster)
    facts_log = FactLog(cluster, FOLDED_TOPICS)
    facts = FactSource(facts_log, cluster.clock)
    facts.refresh()
    evidence = EvidenceSource(cluster)
    names = {name: topic for topic, (name, _) in wire.outputs.items()}
    written: dict[str, Fold] = {topic.name: {} for topic in OUTPUTS}

    def emit(record: OutputRecord) -> None:
        name, key, value = names.get(record.topic), record.key, record.value
        if name is not None and key is not None and value is not None:
            written[name].setdefault(key.decode(), []).append(value[HEADER_BYTES:])

    spans_by_partition = settings_by_partition(cluster, partitions)
    folds = Folds(wire=wire, facts=facts, evidence=evidence, settings=settings, clock=cluster.clock)
    replays: dict[int, PartitionReplay] = {}
    for message in read_topic(cluster, DETECTIONS, partitions):
        _, partition = source_partition(message)
        if partition not in replays:
            start, spans = message.offset() or 0, spans_by_partition.get(partition, ())
            replays[partition] = PartitionReplay(folds, partition, emit, start=start, spans=spans)
        replays[partition].advance(message)
    facts_log.close()
    evidence.close()
    return written


def settings_by_partition(
    cluster: Cluster, partitions: Sequence[int] | None = None
) -> dict[int, tuple[SettingsSpan, ...]]:
    """Settings by which the pipeline folded each partition, by offset, from its checkpoints.

    Raises:
        Retry: The broker is out of reach.
    """
    return {
        message.partition() or 0: decode_head(value).settings
        for message in read_topic(cluster, STREAM_CHECKPOINTS, partitions)
        if message.key() == HEAD_KEY and (value := message.value()) is not None
    }


def fold_topic(cluster: Cluster, topic: Topic) -> Fold:
    """What a subscriber of a topic keeps: each key's records in order of seq, duplicates dropped.

    Raises:
        Stop: A duplicate has other bytes.
        Retry: Broker or registry are out of reach.
    """
    by_key = distinct(read_items(cluster, topic))
    return {key: [item.value[HEADER_BYTES:] for item in items] for key, items in by_key.items()}


def first_difference(cluster: Cluster, topic_name: str, ours: Fold, theirs: Fold) -> str | None:
    """Say where two folds of a topic first differ, decoded; None when they are equal.

    Args:
        cluster: Where the schemas are.
        topic_name: Name without prefix.
        ours: The oracle's fold.
        theirs: The pipeline's.
    """
    if ours == theirs:
        return None
    registry = cluster.registry
    codec = registry.writer(TOPICS[topic_name])
    header = codec.header
    for key in sorted(ours.keys() | theirs.keys()):
        expected, actual = ours.get(key, []), theirs.get(key, [])
        for index in range(max(len(expected), len(actual))):
            one = expected[index] if index < len(expected) else None
            two = actual[index] if index < len(actual) else None
            if one != two:
                left, right = (
                    None if body is None else codec.decode(header + body) for body in (one, two)
                )
                apart = (
                    "" if left is None or right is None else f" {'; '.join(_apart(left, right))}"
                )
                shown = ["nothing" if each is None else repr(each) for each in (left, right)]
                return (
                    f"{topic_name} key {key}, record {index + 1} of {len(expected)} and "
                    f"{len(actual)}:{apart}\n  oracle: {shown[0]}\n  line:   {shown[1]}"
                )
    return None


def _apart(ours: Any, theirs: Any, where: str = "") -> list[str]:
    """The first fields in which two records differ, in words."""
    found: list[str] = []
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        for name in ours:
            found += _apart(ours[name], theirs[name], f"{where}.{name}" if where else name)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, two) in enumerate(zip(ours, theirs, strict=True)):
            found += _apart(one, two, f"{where}[{index}]")
    elif ours != theirs:
        found.append(f"{where} is {theirs!r}, must be {ours!r}")
    return found[:_NAMED]
