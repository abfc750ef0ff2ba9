"""What a rebuild folds: which partitions, from which checkpoint, up to where."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import msgspec
from confluent_kafka import KafkaException

from runtime.checkpoints import Checkpoint, CheckpointDamaged, SettingsSpan
from runtime.checkpoints.archive import Archived, CheckpointArchive
from runtime.checkpoints.log import LogReader
from runtime.checkpoints.reading import read_beside_owner
from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_record, spans
from runtime.storage.objects import ObjectStore
from schemas.topics import DETECTIONS, STREAM_CHECKPOINTS
from streams.stage import STAGE
from streams.state.progress import ProgressByKey, progress_of
from streams.state.reading import is_read
from streams.state.version import STATE_VERSION
from workers.operations.rebuild.start import Origin

AHEAD_MS: Final = 10_000
"""An event is appended at most this long before its own time; ingest and fold allow 5 s."""


class PartitionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Part of one partition that is folded.

    Attributes:
        partition: Partition of the detections.
        start: First offset that is folded.
        end: Offset before which the fold ends: how far the pipeline's own checkpoint reaches.
        appended_ms: When the first record was appended, UTC milliseconds.
        base: Path of the archived checkpoint that it begins from; None for a cold start.
        why_cold: Why there is no such checkpoint, in words; empty with one.
        spans: Settings that the pipeline folded by, by offset.
        before: How far the pipeline had come at `start`.
        after: How far the pipeline had come at `end`; None when it had folded nothing.
    """

    partition: int
    start: int = msgspec.field(name="begin")
    end: int
    appended_ms: int
    base: Archived | None
    why_cold: str
    spans: tuple[SettingsSpan, ...]
    before: ProgressByKey
    after: ProgressByKey | None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild folds.

    Attributes:
        partitions: Plan of each partition, in order.
        floors: Only these are compared and swapped; all floors of the partitions when None.
        facts: Offset of each topic of reference data up to which it is read.
    """

    partitions: tuple[PartitionPlan, ...]
    floors: frozenset[str] | None
    facts: dict[str, int]


class Planner:
    """Looks up where partitions can be begun, and how far the pipeline has come.

    Args:
        cluster: Where the topics are.
        archive_url: Where checkpoints are archived.
    """

    def __init__(self, cluster: Cluster, archive_url: str) -> None:
        self._cluster = cluster
        self._log = LogReader(cluster)
        self._archive = CheckpointArchive(ObjectStore(archive_url), cluster.prefix + STAGE)

    def partitions(
        self, origin: Origin, partitions: Sequence[int] | None = None
    ) -> tuple[PartitionPlan, ...]:
        """Plan the fold that gives everything from a time or place on again.

        Args:
            origin: Where to begin.
            partitions: Partitions to fold; all when None.

        Raises:
            Retry: The broker or the object store is out of reach.
            Stop: The pipeline's checkpoint cannot be read, or the place is not in the log.
        """
        whole = spans(self._cluster, DETECTIONS, partitions)
        if origin.at_us is None:
            assert origin.partition is not None
            start, end = whole.get(origin.partition, (0, 0))
            if not start <= origin.offset < end:
                raise Stop(
                    f"{origin.text}: partition {origin.partition} of {DETECTIONS.name} holds "
                    f"offsets {start} to {end}"
                )
            wanted = {origin.partition: origin.offset}
        else:
            since_ms = max(0, origin.at_us // 1000 - AHEAD_MS)
            held = spans(self._cluster, DETECTIONS, partitions, since_ms=since_ms)
            wanted = {partition: first for partition, (first, _) in held.items()}
        found = [
            self._partition(partition, offset, *whole[partition])
            for partition, offset in sorted(wanted.items())
        ]
        return tuple(plan for plan in found if plan.start < plan.end)

    def _partition(self, partition: int, offset: int, start: int, end: int) -> PartitionPlan:
        live = self._live(partition)
        after = None if live is None else progress_of(partition, live.entities)
        if live is not None:
            end = live.head.next_offset
        base, checkpoint, why_cold = self.base(partition, min(offset, end), start)
        first = start if checkpoint is None else checkpoint.head.next_offset
        newest = live or checkpoint
        return PartitionPlan(
            partition=partition,
            start=first,
            end=end,
            appended_ms=self._appended_ms(partition, first),
            base=base,
            why_cold=why_cold,
            spans=() if newest is None else newest.head.settings,
            before=ProgressByKey()
            if checkpoint is None
            else progress_of(partition, checkpoint.entities),
            after=after,
        )

    @cached_property
    def _input_id(self) -> str:
        return self._log.topic_id(self._cluster.name(DETECTIONS))

    def _live(self, partition: int) -> Checkpoint | None:
        name = self._cluster.name(STREAM_CHECKPOINTS)
        try:
            return read_beside_owner(
                self._log, name, partition, self._cluster.clock, max_version=STATE_VERSION
            )
        except KafkaException as error:
            raise Retry(f"{name}[{partition}]: {error.args[0].str()}") from error

    def base(
        self, partition: int, offset: int, start: int
    ) -> tuple[Archived | None, Checkpoint | None, str]:
        """The newest archived checkpoint at or before an offset that can be used.

        Args:
            partition: Partition of the detections.
            offset: First offset that the checkpoint must not contain.
            start: First offset that the log still holds.

        Returns:
            Its archive entry, the checkpoint and an empty text; or None, None and the reason.

        Raises:
            Retry: The object store is out of reach.
        """
        held = [one for one in self._archive.held(partition) if one.next_offset <= offset]
        why = "no checkpoint was archived before it"
        for one in reversed(held):
            if one.next_offset < start:
                why = f"the detections after the checkpoint at {one.next_offset} have expired"
                break
            try:
                checkpoint = self._archive.read(one, max_version=255)
            except CheckpointDamaged as error:
                why = str(error)
                continue
            if checkpoint.head.input_id != self._input_id:
                why = f"{DETECTIONS.name} was made again after the checkpoint at {one.next_offset}"
                continue
            if not all(map(is_read, checkpoint.entities.values())):
                why = f"the checkpoint at {one.next_offset} is of a release that is not read here"
                continue
            return one, checkpoint, ""
        return None, None, why

    def checkpoint(self, plan: PartitionPlan) -> Checkpoint | None:
        """The archived checkpoint that a plan begins from; None for a cold start.

        Raises:
            CheckpointDamaged: It was altered since the plan was made.
            Retry: The object store is out of reach.
        """
        if plan.base is None:
            return None
        return self._archive.read(plan.base, max_version=STATE_VERSION)

    def _appended_ms(self, partition: int, offset: int) -> int:
        message = read_record(self._cluster, DETECTIONS, partition, offset)
        return 0 if message is None else int(message.timestamp()[1])
