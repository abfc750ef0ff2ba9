"""Checks of the stream processor's topics, before and while it folds."""

from runtime.checkpoints import CheckpointDamaged
from runtime.errors import EXIT_STOP, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.lag import LogProbe
from runtime.kafka.topic_watch import CHECK_S, TopicWatch
from runtime.retry import Tries, constant, retried
from schemas.topics import (
    BADGE_READS,
    DEAD_LETTERS,
    DETECTIONS,
    FOLDED_TOPICS,
    STREAM_CHECKPOINTS,
)
from streams.processor.fail_stop import ExitProcess, exit_now
from streams.stage import OUTPUTS

TOPICS = (
    *(DETECTIONS, BADGE_READS, *OUTPUTS),
    *(*FOLDED_TOPICS, STREAM_CHECKPOINTS, DEAD_LETTERS),
)
"""All topics that the stage reads or writes."""

_AGAIN = constant(0.2, deadline_s=30.0)


def refuse_lost_checkpoints(cluster: Cluster) -> None:
    """Refuse to start without a checkpoint where outputs show that the stage has run.

    A head is written before the first output of a partition, so outputs without one mean that the
    checkpoint was deleted. Folding from the beginning would number records from 1 again, and their
    bytes would differ from those sent if settings, facts or the release have changed since.

    Raises:
        CheckpointDamaged: A partition has outputs and no checkpoint.
        Retry: The broker is out of reach.
    """
    lost = retried(lambda: _lost(cluster), Tries(_AGAIN, cluster.clock))
    if lost:
        heads = cluster.name(STREAM_CHECKPOINTS)
        numbers = ", ".join(map(str, lost))
        raise CheckpointDamaged(
            f"{heads} holds no checkpoint of partition {numbers}, whose records were sent before: "
            "it was deleted or made again. Restore it, or have it made of the detections: "
            "`wardstream rebuild checkpoints`, see docs/runbooks/log-changed.md"
        )


def _lost(cluster: Cluster) -> list[int]:
    """Partitions with outputs and without a checkpoint.

    Raises:
        Retry: The broker is out of reach.
    """
    probe = LogProbe(cluster)
    names = {cluster.name(topic): topic.partitions for topic in OUTPUTS}
    written = {partition for _, partition in probe.ends(names)}
    # Read the heads last: the head of every output seen above was written before it.
    heads = cluster.name(STREAM_CHECKPOINTS)
    held = probe.spans({heads: STREAM_CHECKPOINTS.partitions})
    return sorted(p for p in written if held[heads, p].start >= held[heads, p].end)


def watch_topics(cluster: Cluster, exit_process: ExitProcess = exit_now) -> TopicWatch:
    """End the process, without a save, when a topic is no longer what it was.

    Raises:
        Retry: The broker is out of reach.
    """

    def end(reason: Stop) -> None:
        exit_process(EXIT_STOP, str(reason))

    watch = TopicWatch(cluster, TOPICS, end, CHECK_S)
    watch.start()
    return watch
