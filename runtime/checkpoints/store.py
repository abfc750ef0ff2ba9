"""Checkpoints of one stage: load on assignment, save in order, release on revocation.

The store blocks and knows nothing of the stream framework; any loop that reads the input
in offset order can drive it (ADR 0002). It is not thread-safe: `load`,
`claim`, `save`, `explains_gap` and `close` belong to one thread, `emit` and `poll` may be
called from a second one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec
from confluent_kafka import KafkaException

from runtime.checkpoints.claim import Claim
from runtime.checkpoints.codec import (
    HEAD_FORMAT,
    HEAD_KEY,
    Checkpoint,
    EntityState,
    assemble,
    checksum,
    empty_head,
    encode_entity,
    encode_head,
)
from runtime.checkpoints.errors import AssignmentChanged, InputGone, ReplayNeeded
from runtime.checkpoints.fold import FoldFactory, Inherit, PartitionProgress, Snapshot
from runtime.checkpoints.log import LogReader, OffsetRange
from runtime.checkpoints.outputs import HeldOutputs
from runtime.checkpoints.reading import newest_records, written_ms
from runtime.checkpoints.spans import take_over
from runtime.kafka.cluster import Cluster


@dataclass(frozen=True, kw_only=True)
class StageTopics:
    """A stage, its input topic and its checkpoint topic.

    Attributes:
        stage: Name of the stage; prefix of its transactional ids.
        input: Topic that the stage folds.
        checkpoints: Compacted topic with as many partitions as `input`.
    """

    stage: str
    input: str
    checkpoints: str


class CheckpointStore:
    """Loads and saves the checkpoints of the partitions that this process owns."""

    def __init__(
        self,
        cluster: Cluster,
        topics: StageTopics,
        fold_factory: FoldFactory,
        *,
        state_version: int,
        boot_id: str,
        settings: Mapping[str, Any] | None = None,
        fold_id: str | None = None,
        inherit: Inherit | None = None,
        parallel: int = 8,
    ) -> None:
        """Prepare the producers; nothing is claimed yet.

        Args:
            cluster: Cluster that holds the topics.
            topics: The stage and its topics.
            fold_factory: Makes the empty fold of a partition.
            state_version: Newest encoding of entity state that the folds read, 1 to 255.
            boot_id: Name of this process in the heads that it writes.
            settings: Settings of the folds, as JSON values. Where a checkpoint was made under
                others, those apply up to the input's end at the takeover. None for folds
                without settings.
            fold_id: Name of the folds; folds with the same name make the same bytes from the
                same records. None keeps the name in the checkpoint.
            inherit: Called when a checkpoint of a fold with another name is taken over.
            parallel: Partitions that are claimed, read or committed at the same time.
        """
        self.topics = topics
        self.outputs = HeldOutputs(cluster)
        self._cluster = cluster
        self._fold_factory = fold_factory
        self._state_version = state_version
        self._boot_id = boot_id
        self._settings = settings
        self._fold_id = fold_id
        self._inherit = inherit
        self._log = LogReader(cluster)
        self._claims: dict[int, Claim] = {}
        self._heads: dict[int, bytes] = {}
        self._workers = ThreadPoolExecutor(parallel, thread_name_prefix="checkpoint")

    def load(
        self, partitions: Iterable[int], *, wanted: Callable[[], bool] = lambda: True
    ) -> dict[int, PartitionProgress]:
        """Take over partitions: fence former owners, then read what they left.

        A partition without records and without a checkpoint is not claimed until its first
        record comes: most partitions of a stage are empty for their whole life, and
        a claim costs a producer.

        Args:
            partitions: All partitions that this process now owns; others are released.
            wanted: Called before each claim; False ends the load, because a late claim
                would fence the owner that came after.

        Raises:
            ReplayNeeded: The broker refused.
            AssignmentChanged: The load was no longer wanted.
            InputGone: The input does not continue from a checkpoint.
            CheckpointDamaged: A checkpoint contradicts itself.
        """
        self.release()
        mine = sorted(partitions)
        input_id = self._log.topic_id(self.topics.input)
        saved = self._log.ranges(self.topics.checkpoints, mine)
        received = self._log.ranges(self.topics.input, mine)

        def take(partition: int) -> PartitionProgress:
            empty = saved[partition].end == 0 and received[partition].end == 0
            if not empty and not wanted():
                raise AssignmentChanged(f"partition {partition} was not claimed")
            checkpoint = None
            if not empty:
                checkpoint = self._claim_and_read(partition)
                log = self._check_input(partition, checkpoint, input_id)
                checkpoint = self._agree(partition, checkpoint, input_id, log)
            return PartitionProgress(
                partition,
                self._fold_factory(partition, self.outputs.emit),
                input_id=input_id,
                claimed=not empty,
                checkpoint=checkpoint,
            )

        return {p.partition: p for p in self._workers.map(take, mine)}

    def claim(self, progress: PartitionProgress) -> None:
        """Claim a partition that was empty when it was loaded.

        Raises:
            ReplayNeeded: Another process has saved a checkpoint in the meantime.
        """
        if self._claim_and_read(progress.partition) is not None:
            raise ReplayNeeded(
                f"partition {progress.partition} was empty when it was assigned and has "
                "a checkpoint now: another owner was at work"
            )
        first = self._agree(progress.partition, None, progress.input_id, OffsetRange(0, 0))
        if first is not None:
            progress.settings, progress.fold_id = first.head.settings, first.head.fold
        progress.claimed = True

    def save(self, snapshots: Sequence[Snapshot]) -> None:
        """Commit checkpoints, after all outputs that they imply.

        Raises:
            ReplayNeeded: An output or a checkpoint was refused; the state in memory may
                be ahead of what others know.
        """
        self.outputs.flush()
        self.commit(snapshots)

    def commit(self, snapshots: Sequence[Snapshot]) -> None:
        """Commit checkpoints; all outputs that they imply must have been flushed before.

        This half of `save` may run while the loop folds further records.

        Raises:
            ReplayNeeded: A checkpoint was refused.
        """
        if len(snapshots) == 1:
            self._commit(snapshots[0])
            return
        for _ in self._workers.map(self._commit, snapshots):
            pass

    def confirm(self) -> None:
        """Confirm the claims, by writing the last head of each claimed partition again.

        Raises:
            ReplayNeeded: A claim is lost.
        """
        for partition, claim in self._claims.items():
            if partition in self._heads:
                claim.commit([(HEAD_KEY, self._heads[partition])])

    def snapshots(
        self, progress: Iterable[PartitionProgress], *, generation: int
    ) -> list[Snapshot]:
        """Take a checkpoint of each partition that has moved since its last one."""
        taken = (p.snapshot(generation=generation, boot_id=self._boot_id) for p in progress)
        return [snapshot for snapshot in taken if snapshot is not None]

    def explains_gap(self, partition: int, expected: int, received: int) -> bool:
        """Whether the log itself holds nothing between two offsets.

        Transaction markers and compaction leave such gaps. Records that retention deleted
        do not count: they were never folded.

        Raises:
            InputGone: The log now begins after `expected`.
        """
        start = self._log.ranges(self.topics.input, [partition])[partition].start
        if start > expected:
            raise InputGone(
                f"{self.topics.input}[{partition}] begins at {start}; {expected} comes next"
            )
        first = self._log.first_offset_from(self.topics.input, partition, expected)
        return first is not None and first >= received

    def release(self) -> None:
        """Give up all claims."""
        claims, self._claims, self._heads = self._claims, {}, {}
        for claim in claims.values():
            claim.close()

    def close(self) -> None:
        """Disconnect; unsaved state is lost, and the next owner folds it again."""
        self.release()
        self.outputs.close()
        self._workers.shutdown(wait=True)

    def _claim_and_read(self, partition: int) -> Checkpoint | None:
        """Fence, then read: after the claim, no former owner can write any more."""
        self._claims[partition] = Claim(
            self._cluster,
            self.topics.checkpoints,
            partition,
            f"{self.topics.stage}-{partition}",
        )
        return self._read(partition)

    def _commit(self, snapshot: Snapshot) -> None:
        self._claims[snapshot.partition].commit(snapshot.records)
        self._heads[snapshot.partition] = snapshot.whole[HEAD_KEY]

    def _read(self, partition: int) -> Checkpoint | None:
        """The newest checkpoint of a claimed partition, verified; None when there is none."""
        try:
            records = newest_records(self._log, self.topics.checkpoints, partition)
        except KafkaException as error:
            raise ReplayNeeded(f"checkpoint of {partition} not read: {error.args[0]}") from error
        if not records:
            return None
        self._heads[partition] = records[HEAD_KEY]
        return assemble(partition, records, max_version=self._state_version)

    def _agree(
        self, partition: int, checkpoint: Checkpoint | None, input_id: str, log: OffsetRange
    ) -> Checkpoint | None:
        """Write the settings by offset and the fold name to the checkpoint, if either changed."""
        if self._settings is None and self._fold_id is None:
            return checkpoint
        changed: Mapping[bytes, EntityState | None] = {}
        if checkpoint is None:
            checkpoint = Checkpoint(empty_head(partition, input_id, self._boot_id), {})
        elif self._fold_id not in (None, checkpoint.head.fold):
            changed = self._inherited(partition, checkpoint)
        known = checkpoint.head
        spans, fold = known.settings, known.fold if self._fold_id is None else self._fold_id
        if self._settings is not None:
            spans = take_over(spans, self._settings, log_start=log.start, log_end=log.end)
        if (spans, fold) == (known.settings, known.fold):
            return checkpoint
        entities = {**checkpoint.entities, **changed}
        held = {key: state for key, state in entities.items() if state is not None}
        head = msgspec.structs.replace(
            known,
            format=HEAD_FORMAT,
            boot_id=self._boot_id,
            settings=spans,
            fold=fold,
            entities={key.decode(): checksum(encode_entity(held[key])) for key in held},
        )
        records = [(k, None if s is None else encode_entity(s)) for k, s in changed.items()]
        self._heads[partition] = encode_head(head)
        self._claims[partition].commit([*records, (HEAD_KEY, self._heads[partition])])
        return Checkpoint(head, held)

    def _inherited(
        self, partition: int, checkpoint: Checkpoint
    ) -> Mapping[bytes, EntityState | None]:
        """Have the application reconcile with what the other fold sent after its checkpoint."""
        if self._inherit is None:
            return {}
        try:
            since_ms = written_ms(
                self._log, self.topics.checkpoints, partition, set(checkpoint.entities)
            )
            changed = self._inherit(partition, checkpoint, since_ms, self.outputs.emit)
        except KafkaException as error:
            raise ReplayNeeded(f"what was sent of {partition} not read: {error.args[0]}") from error
        self.outputs.flush()
        return changed

    def _check_input(
        self, partition: int, checkpoint: Checkpoint | None, input_id: str
    ) -> OffsetRange:
        """Offset range of the input; raises if it does not continue from the checkpoint."""
        where = f"{self.topics.input}[{partition}]"
        if checkpoint is not None and checkpoint.head.input_id != input_id:
            raise InputGone(
                f"{where} was made again (id {input_id}) after the checkpoint "
                f"(id {checkpoint.head.input_id}): `wardstream rebuild checkpoints`"
            )
        next_offset = 0 if checkpoint is None else checkpoint.head.next_offset
        # queried after the read: a former owner may have kept working until the claim
        log = self._log.ranges(self.topics.input, [partition])[partition]
        if not log.start <= next_offset <= log.end:
            raise InputGone(
                f"{where} holds offsets {log.start} to {log.end}, but {next_offset} comes next "
                "after the checkpoint: `wardstream rebuild checkpoints` lets the pipeline continue"
            )
        return log
