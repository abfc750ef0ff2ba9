"""Which consumer group each stage is, and what it reads: by these its lag is told from outside."""

from collections.abc import Mapping
from typing import Final

from runtime.kafka.cluster import Cluster
from runtime.kafka.continuity import GONE, SHORTENED, Break
from runtime.kafka.lag import LogProbe, ends_of
from runtime.kafka.topic_partition import Partition
from schemas.topics import DERIVED_TOPICS, DETECTIONS, FRAMES, LIVE_TOPICS, Topic
from streams.stage import STAGE
from workers import stages

CONSUMED: Final[dict[str, tuple[str, tuple[Topic, ...]]]] = {
    "infer": (stages.INFERENCE, (FRAMES,)),
    "stream": (STAGE, (DETECTIONS,)),
    "sink-redis": (stages.SINK_REDIS, LIVE_TOPICS),
    "sink-timescale": (stages.SINK_TIMESCALE, DERIVED_TOPICS),
}
"""Group and topics by name of the process; facts are left out, as they hardly ever come."""


RESUMED: Final = ("infer", "sink-redis", "sink-timescale")
"""Processes that go on at their committed offsets.

The stream processor goes by its checkpoints: what it commits is only a hint, and it ends by itself
where its input does not go on from them.
"""


class PipelineProbe:
    """Asks the broker how far each stage is.

    Args:
        cluster: Where the topics are.
        answer_s: How long it may take to answer, s.
    """

    def __init__(self, cluster: Cluster, answer_s: float) -> None:
        self._cluster = cluster
        self._probe = LogProbe(cluster, answer_s)
        topics = {topic for _, consumed in CONSUMED.values() for topic in consumed}
        self._topics = {cluster.name(topic): topic.partitions for topic in topics}

    def pictures_us(self) -> int | None:
        """When anything was last appended to the frames, UTC microseconds; None when empty.

        Raises:
            Retry: The broker is out of reach.
        """
        name = self._cluster.name(FRAMES)
        return self._probe.newest_us({name: FRAMES.partitions}).get(name)

    def breaks(self) -> list[tuple[str, Break]]:
        """Where a stage's committed offset is not in its input any more, by name of the process.

        What retention took before the stage read it, and what a log lacks that was read of it; of
        stages that go on at their committed offsets.

        Raises:
            Retry: The broker is out of reach.
        """
        committed = {}
        for stage in RESUMED:
            group, topics = CONSUMED[stage]
            committed[stage] = self._probe.committed(
                self._cluster.group(group),
                [
                    (self._cluster.name(topic), number)
                    for topic in topics
                    for number in range(topic.partitions)
                ],
            )
        # Asked afterwards: what was committed by then was in the log.
        held = self._probe.spans(self._topics)
        found = []
        for stage, offsets in committed.items():
            for place, offset in sorted(offsets.items()):
                start, end = held[place]
                if offset < start:
                    found.append((stage, Break(*place, GONE, offset, start)))
                elif offset > end:
                    found.append((stage, Break(*place, SHORTENED, end, offset)))
        return found

    def reach(self) -> Mapping[str, tuple[int, int]]:
        """Of each stage that ever committed: ends of its input, and what it committed, summed up.

        Raises:
            Retry: The broker is out of reach.
        """
        ends = self._probe.ends(self._topics)
        found = {}
        for stage, (group, topics) in CONSUMED.items():
            names = [self._cluster.name(topic) for topic in topics]
            consumed: dict[Partition, int] = ends_of(ends, names)
            end = sum(consumed.values())
            lag = self._probe.lag(self._cluster.group(group), consumed)
            if lag is not None:
                found[stage] = (end, end - lag)
        return found
