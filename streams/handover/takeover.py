"""Continue from another release's checkpoint, and keep what it sent after that checkpoint."""

from collections.abc import Iterator, Mapping

import structlog

from runtime.checkpoints import Checkpoint, Emit, EntityState, OutputRecord, ReplayNeeded
from runtime.checkpoints.log import LogReader
from runtime.kafka.cluster import Cluster
from runtime.retry import Tries, constant
from schemas.topics import TOPICS, Topic
from streams.handover.uncommitted import (
    Bases,
    Message,
    Record,
    Uncommitted,
    read_uncommitted,
    reconcile_mirrors,
    watermarks_of,
)
from streams.stage import OUTPUTS
from streams.state.fold_version import fold_id
from streams.state.progress import ProgressByKey, progress_of
from streams.state.published import HANDOVER_KEY, HandoverFilter
from streams.state.reading import open_handover

log = structlog.get_logger(__name__)

SETTLE_S = 2.0
"""How long to wait before looking again, s: a replaced sender continues until its next save."""

GIVE_UP_S = 30.0
"""How long another process may keep sending, s."""


class TakeOver:
    """An `Inherit` for the stream processor.

    Args:
        cluster: Kafka cluster that holds the topics.
        checkpoint_s: Interval at which a sender saves, s.
    """

    def __init__(self, cluster: Cluster, checkpoint_s: float) -> None:
        self._names = {topic.name: cluster.name(topic) for topic in OUTPUTS}
        self._readers = {topic.name: cluster.registry.reader(topic) for topic in OUTPUTS}
        self._writers = {topic.name: cluster.registry.writer(topic) for topic in OUTPUTS}
        self._log = LogReader(cluster)
        self._clock = cluster.clock
        self._settle_s = max(SETTLE_S, 2 * checkpoint_s)

    def __call__(
        self, partition: int, checkpoint: Checkpoint, since_ms: int | None, emit: Emit
    ) -> Mapping[bytes, EntityState | None]:
        """Find what was sent after the checkpoint, and set watermarks for it.

        Raises:
            Stop: A state was written by a version that this release does not read.
            ReplayNeeded: Another process keeps sending.
        """
        progress = progress_of(partition, checkpoint.entities)
        before = open_handover(partition, checkpoint.entities)
        tails = self._settled(partition, _bases(progress, before), since_ms)
        if not any(tails.values()):
            return {}

        def send(topic: Topic, key: str, record: Record) -> None:
            value = self._writers[topic.name].encode(record)
            emit(OutputRecord(self._names[topic.name], key.encode(), value, partition))

        reconcile_mirrors(tails, send)
        handover = HandoverFilter(watermarks_of(tails, before.watermarks))
        log.warning(
            "stream.handover",
            partition=partition,
            written_by=checkpoint.head.fold or "a release that gave no name",
            continued_by=fold_id(),
            next_offset=checkpoint.head.next_offset,
            uncommitted={
                topic: {key: f"{min(found)}-{max(found)}" for key, found in tail.items() if found}
                for topic, tail in tails.items()
                if TOPICS[topic].mirrors is None
            },
        )
        return {HANDOVER_KEY: handover.encode()}

    def _settled(
        self, partition: int, bases: Mapping[str, Bases], since_ms: int | None
    ) -> dict[str, Uncommitted]:
        """Uncommitted records by topic, once no more arrive."""
        tries = Tries(constant(self._settle_s, deadline_s=GIVE_UP_S), self._clock)
        tails = self._tails(partition, bases, since_ms)
        before: dict[str, Uncommitted] = {}
        while any(tails.values()) and tails != before:
            tries.failed(
                ReplayNeeded(f"another process goes on sending outputs of partition {partition}")
            )
            before, tails = tails, self._tails(partition, bases, since_ms)
        return tails

    def _tails(
        self, partition: int, bases: Mapping[str, Bases], since_ms: int | None
    ) -> dict[str, Uncommitted]:
        return {
            topic: read_uncommitted(
                self._windows(name, partition), self._readers[topic], bases[topic], since_ms
            )
            for topic, name in self._names.items()
        }

    def _windows(self, name: str, partition: int) -> Iterator[list[Message]]:
        for window in self._log.windows(name, partition):
            yield [
                Message(message.key().decode(), message.value(), message.timestamp()[1])
                for message in window
                if message.key() is not None and message.value() is not None
            ]


def _bases(progress: ProgressByKey, before: HandoverFilter) -> Mapping[str, Bases]:
    """The last seq by topic and key, from a checkpoint's progress and its open watermarks."""
    bases: dict[str, dict[str, int]] = {topic.name: {} for topic in OUTPUTS}
    for part in (progress.cameras, progress.floors, progress.zones):
        for key, one in part.items():
            for topic, seq in one.seqs.items():
                bases.setdefault(topic, {})[key] = seq
    for topic, by_key in before.watermarks.items():
        for key, watermark in by_key.items():
            bases[topic][key] = watermark.seq
    for output in OUTPUTS:
        if output.mirrors is not None:
            bases[output.name] = bases[output.mirrors.name]
    return bases
