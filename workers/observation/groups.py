"""Consumer group and topics of each stage, from which its lag is measured."""

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
"""Group and topics by process name; without reference data, which hardly ever changes."""

RESUMED: Final = ("infer", "sink-redis", "sink-timescale")
"""Processes that resume at their committed offsets.

The stream processor resumes from its checkpoints: its committed offset is only a hint, and it ends
by itself where its input does not continue from them.
"""


class PipelineProbe:
    """Asks the broker how far each stage has come.

    Args:
        cluster: Where the topics are.
        answer_s: Longest wait for an answer, s.
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
        """Breaks between the committed offsets of stages and their input, by process name.

        Either retention deleted records before the stage read them, or the topic now ends before
        what the stage has read. Only stages that resume at their committed offsets are checked.

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
        # Asked afterwards: a record that was committed by then was in the topic.
        held = self._probe.spans(self._topics)
        found = []
        for stage, offsets in committed.items():
            for partition, offset in sorted(offsets.items()):
                start, end = held[partition]
                if offset < start:
                    found.append((stage, Break(*partition, GONE, offset, start)))
                elif offset > end:
                    found.append((stage, Break(*partition, SHORTENED, end, offset)))
        return found

    def reach(self) -> Mapping[str, tuple[int, int]]:
        """Summed end offsets and summed committed offsets of each stage that ever committed.

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
