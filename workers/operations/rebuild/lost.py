"""Let the pipeline continue after its log lost detections or a checkpoint was deleted.

What is lost can no longer be folded. Either the state is kept and continues with the first
detection in the log, or it is made from the detections that are left.
"""

from collections.abc import Sequence

import msgspec

from runtime.checkpoints import Checkpoint
from runtime.checkpoints.codec import Head, empty_head
from runtime.checkpoints.log import LogReader, OffsetRange
from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.lag import LogProbe
from runtime.kafka.reader import read_record, spans
from schemas.topics import DETECTIONS
from streams.stage import OUTPUTS, STAGE
from workers.operations.rebuild.plan import Planner

BEFORE_MS = 10_000
"""What was committed so long ago had surely been sent, ms: a group may commit ahead of that."""


def broken_off(checkpoint: Checkpoint, log: OffsetRange, input_id: str) -> str | None:
    """Why the detections do not continue from a checkpoint; None when they do.

    Args:
        checkpoint: Checkpoint of the partition.
        log: What the partition holds.
        input_id: Kafka's id of the detections.
    """
    head = checkpoint.head
    if head.input_id != input_id:
        return f"the detections were made again after the checkpoint at {head.next_offset}"
    if head.next_offset < log.start:
        return f"detections {head.next_offset} to {log.start - 1} expired before they were folded"
    if head.next_offset > log.end:
        return f"the detections end at {log.end}, and were folded up to {head.next_offset}"
    return None


def moved(head: Head, log: OffsetRange, input_id: str) -> Head:
    """Head of the same state that continues with the detections in the log now."""
    if head.input_id == input_id:
        return msgspec.structs.replace(
            head, next_offset=min(max(head.next_offset, log.start), log.end)
        )
    # The record folded last gives the settings; in another input they hold from its start.
    last = [span for span in head.settings if span.from_offset <= head.next_offset][-1:]
    settings = tuple(msgspec.structs.replace(span, from_offset=log.start) for span in last)
    return msgspec.structs.replace(
        head, input_id=input_id, next_offset=log.start, side_offsets={}, settings=settings
    )


def was_at_work(cluster: Cluster, log: LogReader, partition: int) -> bool:
    """Whether anything was ever sent for a partition."""
    names: Sequence[str] = [cluster.name(topic) for topic in OUTPUTS]
    return any(log.ranges(name, [partition])[partition].end > 0 for name in names)


def deleted_head(
    cluster: Cluster, archive_url: str, partition: int, log: OffsetRange, input_id: str
) -> Head:
    """Head for a deleted checkpoint, at the offset up to which everything was surely sent.

    That is the offset the group had committed a while before its last commit. It is only a hint
    while checkpoints exist; without them there is nothing else.

    Args:
        cluster: Where the topics are.
        archive_url: Where checkpoints are archived.
        partition: Partition of the detections.
        log: What the partition of the detections holds.
        input_id: Kafka's id of the detections.

    Raises:
        Stop: Nothing says how far the pipeline had come.
        Retry: The broker or the store of archived checkpoints is out of reach.
    """
    name = cluster.name(DETECTIONS)
    wanted = (name, partition)
    committed = LogProbe(cluster).committed(cluster.group(STAGE), [wanted]).get(wanted)
    if committed is None or not log.start < committed <= log.end:
        raise Stop(
            f"{name}[{partition}]: its checkpoint was deleted, and the group's offset does not say "
            "how far the pipeline had come: restore a backup, or start again under another "
            "WARDSTREAM_TOPIC_PREFIX"
        )
    last = read_record(cluster, DETECTIONS, partition, committed - 1)
    next_offset = log.start
    if last is not None:
        since_ms = last.timestamp()[1] - BEFORE_MS
        held = spans(cluster, DETECTIONS, [partition], since_ms=since_ms)
        next_offset = max(log.start, min(committed, held.get(partition, (log.start, 0))[0]))
    _, archived, _ = Planner(cluster, archive_url).base(partition, next_offset, log.start)
    known_spans = () if archived is None else archived.head.settings
    head = empty_head(partition, input_id, "")
    return msgspec.structs.replace(head, next_offset=next_offset, settings=known_spans)
