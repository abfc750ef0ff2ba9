"""Committed offsets of the TimescaleDB sink: read them, and set them back."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition

from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import answer
from runtime.kafka.reader import spans
from schemas.topics import (
    ALERT_ACTIONS,
    AUDIT,
    DERIVED_TOPICS,
    FEEDBACK,
    TOPICS,
    VERSIONED_TOPICS,
    Topic,
)
from workers.operations.verification.committed import committed_offsets
from workers.stages import SINK_TIMESCALE

_ANSWER_S = 30.0
_LOST_S = 40.0

SUNK: Final = (*VERSIONED_TOPICS, *DERIVED_TOPICS, FEEDBACK, ALERT_ACTIONS, AUDIT)
"""Topics that the TimescaleDB sink keeps."""

Offsets = Mapping[str, Mapping[int, int]]
"""Next offset by topic (without prefix) and partition."""


def committed(cluster: Cluster, topics: Iterable[Topic]) -> dict[str, dict[int, int]]:
    """Offsets that the TimescaleDB sink has committed.

    Raises:
        Retry: The broker is out of reach.
    """
    found: defaultdict[str, dict[int, int]] = defaultdict(dict)
    positions = committed_offsets(cluster, SINK_TIMESCALE, tuple(topics))
    for (topic, partition), offset in positions.items():
        found[topic][partition] = offset
    return dict(found)


def members(cluster: Cluster, stages: Iterable[str]) -> list[str]:
    """Stages that have a running process.

    Raises:
        Retry: The broker is out of reach.
    """
    groups = {cluster.group(stage): stage for stage in stages}
    admin = cluster.admin()
    try:
        asked = admin.describe_consumer_groups(list(groups), request_timeout=_ANSWER_S)
        return [groups[name] for name, one in asked.items() if answer(one, _LOST_S).members]
    except KafkaException as error:
        raise Retry(f"consumer groups: {error.args[0].str()}") from error


class Way(NamedTuple):
    """The records from a backup's offsets to the ends of its topics.

    Attributes:
        wanted: Positions from which the TimescaleDB sink must continue.
        again: Number of records that the sink will read again.
        gone: Number of records since the backup that the topics no longer hold.
    """

    wanted: list[TopicPartition]
    again: int
    gone: int


def way_back(cluster: Cluster, offsets: Offsets, same: AbstractSet[str]) -> Way:
    """Find the records after a backup that the TimescaleDB sink must read again.

    Args:
        cluster: Cluster that holds the topics.
        offsets: Result of `committed` at the time of the backup; a topic without any is read from
            its beginning.
        same: Names of topics that are still the same; others are read from their beginning.

    Raises:
        Retry: The broker is out of reach.
    """
    wanted, again, gone = [], 0, 0
    for name, positions in offsets.items():
        topic = TOPICS[name]
        held = spans(cluster, topic)
        for partition, was in (positions or {p: start for p, (start, _) in held.items()}).items():
            offset = was if name in same else 0
            start, end = held.get(partition, (offset, offset))
            again += max(0, end - max(offset, start))
            gone += max(0, start - offset) if name in same and topic.cleanup == "delete" else 0
            wanted.append(TopicPartition(cluster.name(topic), partition, offset))
    return Way(wanted, again, gone)


def set_back(cluster: Cluster, wanted: list[TopicPartition]) -> None:
    """Make the TimescaleDB sink continue from these positions.

    Raises:
        Retry: The broker is out of reach.
        Stop: The broker refuses, because a sink is running.
    """
    if not wanted:
        return
    group = cluster.group(SINK_TIMESCALE)
    admin = cluster.admin()
    request = [ConsumerGroupTopicPartitions(group, wanted)]
    try:
        asked = admin.alter_consumer_group_offsets(request, request_timeout=_ANSWER_S)
        answer(asked[group], _LOST_S)
    except KafkaException as error:
        cause = error.args[0]
        msg = f"offsets of {group} cannot be set back: {cause.str()}"
        raise (Retry(msg) if cause.retriable() else Stop(msg)) from error
