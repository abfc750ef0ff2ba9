"""Make checkpoints that the pipeline can continue from, where its own are unreadable or lost.

The detections are folded with the code of this release up to where the old checkpoint ended, and
nothing is sent. Seqs continue above everything that was sent, so that no reader takes what follows
for a duplicate. What was sent before stays as it was; `rebuild run` compares it on request.
"""

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from runtime.audit import Act
from runtime.checkpoints import Checkpoint, EntityState, OutputRecord, SettingsSpan
from runtime.checkpoints.claim import Claim
from runtime.checkpoints.codec import HEAD_FORMAT, HEAD_KEY, Head, checksum, encode_head
from runtime.checkpoints.log import LogReader, OffsetRange
from runtime.checkpoints.reading import read_beside_owner, read_head
from runtime.errors import Stop
from runtime.facts.log import FactLog
from runtime.kafka.reader import read_between
from schemas.topics import DETECTIONS, FOLDED_TOPICS, STREAM_CHECKPOINTS
from streams.domain.settings import PipelineSettings
from streams.processor.evidence_source import EvidenceSource
from streams.processor.fact_source import FactSource
from streams.processor.pipeline_fold import Wire
from streams.processor.replay import Folds, PartitionReplay
from streams.stage import STAGE
from streams.state.fold_version import fold_id
from streams.state.progress import progress_of
from streams.state.reading import without_handover
from streams.state.settings_by_offset import SettingsByOffset, to_values
from streams.state.version import STATE_VERSION
from workers.operations.deadletters.audit import AuditWriter
from workers.operations.installation import Installation
from workers.operations.rebuild.lost import broken_off, deleted_head, moved, was_at_work
from workers.operations.rebuild.opening import open_ledger
from workers.operations.rebuild.plan import Planner
from workers.operations.rebuild.sent import Sent

REMADE = "checkpoint.remade"


def remake(installation: Installation, by: str, why: str) -> Iterator[str]:
    """Remake every checkpoint that the pipeline cannot continue from; yields what was done.

    A stream processor that still runs is fenced: it ends at its next save.

    Args:
        installation: Where everything is.
        by: Who does it.
        why: Their reason.

    Raises:
        Retry: Something is out of reach; a repeated call does the remaining partitions.
        Stop: Another rebuild is under way.
    """
    with open_ledger(installation):
        remaking = _Remaking(installation)
        for partition, held in remaking.held():
            need = remaking.need(partition, held)
            if need is None:
                if held.end > held.start:
                    yield f"partition {partition}: its checkpoint is read, nothing to do"
                continue
            done = remaking.make(partition, held, need)
            act = Act(REMADE, f"{remaking.heads}/{partition}", f"{need.reason}: {done}")
            with AuditWriter(installation.cluster, "revisions") as writer:
                writer.history()
                writer.append([act], actor=by, why=why)
            yield f"partition {partition}: {done}"


class _Need(NamedTuple):
    """Why a partition needs another checkpoint.

    Attributes:
        reason: What is wrong with the one that is there.
        checkpoint: The one that is there and readable, when only its place in the log is lost;
            None when cameras and floors have to be made again.
    """

    reason: str
    checkpoint: Checkpoint | None = None


class _Remaking:
    """New checkpoints for the partitions of one installation.

    Attributes:
        heads: Topic of the checkpoints on the broker.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._cluster = installation.cluster
        self._log = LogReader(self._cluster)
        self.heads = self._cluster.name(STREAM_CHECKPOINTS)
        self._detections = self._cluster.name(DETECTIONS)
        self._input_id = self._log.topic_id(self._detections)

    def held(self) -> list[tuple[int, OffsetRange]]:
        """What the log holds of each partition of the detections."""
        partitions = list(range(DETECTIONS.partitions))
        return sorted(self._log.ranges(self._detections, partitions).items())

    def need(self, partition: int, held: OffsetRange) -> _Need | None:
        """Why a partition needs another checkpoint; None when its own is good, or it has none."""
        clock = self._cluster.clock
        try:
            checkpoint = read_beside_owner(
                self._log, self.heads, partition, clock, max_version=STATE_VERSION
            )
            if checkpoint is not None:
                progress_of(partition, checkpoint.entities)
                SettingsByOffset(self._installation.pipeline).follow(checkpoint.head.settings, 0)
        except Stop as error:  # CheckpointDamaged is one
            return _Need(str(error))
        if checkpoint is None:
            lost = was_at_work(self._cluster, self._log, partition)
            return _Need("its checkpoint was deleted") if lost else None
        reason = broken_off(checkpoint, held, self._input_id)
        return None if reason is None else _Need(reason, checkpoint)

    def make(self, partition: int, held: OffsetRange, need: _Need) -> str:
        """Write a checkpoint, as its owner; returns what was done."""
        transactional_id = f"{self._cluster.prefix}{STAGE}-{partition}"
        claim = Claim(self._cluster, self.heads, partition, transactional_id)
        try:
            if need.checkpoint is not None:
                return self._move(claim, partition, held, need.checkpoint)
            return self._fold(claim, partition, held)
        finally:
            claim.close()

    def _move(self, claim: Claim, partition: int, held: OffsetRange, checkpoint: Checkpoint) -> str:
        """Let the existing state continue after the detections that were lost."""
        old = checkpoint.head
        states = without_handover(checkpoint).entities
        head = moved(old, held, self._input_id)
        self._commit(claim, old, head, partition, states)
        return f"goes on at {head.next_offset} with the state of {old.next_offset}"

    def _fold(self, claim: Claim, partition: int, held: OffsetRange) -> str:
        """Fold the detections up to where the old checkpoint ended, and what was sent after it."""
        old = self._old_head(partition, held)
        planner = Planner(self._cluster, self._installation.archive_url)
        base, checkpoint, why_cold = planner.base(partition, old.next_offset, held.start)
        start = held.start if checkpoint is None else checkpoint.head.next_offset
        spans = _readable_settings(self._installation.pipeline, old.settings)
        replay = PartitionReplay(
            self._folds(), partition, _drop, start=start, checkpoint=checkpoint, spans=spans
        )
        sent = Sent(self._cluster, self._log, partition)
        for message in read_between(self._cluster, DETECTIONS, partition, start, held.end):
            is_new = (message.offset() or 0) >= old.next_offset
            if is_new and not sent.is_ahead_of(replay.states()):
                break
            replay.advance(message)
        head = Head(
            format=HEAD_FORMAT,
            partition=partition,
            input_id=self._input_id,
            next_offset=max(replay.next_offset, old.next_offset),
            side_offsets=dict(replay.side_offsets()),
            generation=0,
            boot_id=f"{os.uname().nodename}-{os.getpid()}",
            entities={},
            settings=spans,
        )
        self._commit(claim, old, head, partition, replay.states(), sent)
        origin = (
            f"from the checkpoint archived at {start}"
            if base
            else f"cold from {start} ({why_cold})"
        )
        return f"folded {origin} to {head.next_offset}, and written"

    def _old_head(self, partition: int, held: OffsetRange) -> Head:
        """The head of the checkpoint that is there, or what is known of a deleted one."""
        old = read_head(self._log, self.heads, partition)
        if old is not None:
            return old
        archive_url = self._installation.archive_url
        return deleted_head(self._cluster, archive_url, partition, held, self._input_id)

    def _folds(self) -> Folds:
        facts = FactSource(FactLog(self._cluster, FOLDED_TOPICS), self._cluster.clock)
        facts.refresh()
        return Folds(
            wire=Wire(self._cluster),
            facts=facts,
            evidence=EvidenceSource(self._cluster),
            settings=self._installation.pipeline,
            clock=self._cluster.clock,
        )

    def _commit(
        self,
        claim: Claim,
        old: Head,
        head: Head,
        partition: int,
        states: Mapping[bytes, EntityState],
        sent: Sent | None = None,
    ) -> None:
        """Write states with seqs above what was sent; remove what only the old head has."""
        sent = sent or Sent(self._cluster, self._log, partition)
        records = sent.renumbered(states)
        whole = msgspec.structs.replace(
            head,
            entities={key.decode(): checksum(value) for key, value in records.items()},
            fold=fold_id(),
        )
        gone = [key for key in map(str.encode, old.entities) if key not in records]
        claim.commit(
            [*((key, None) for key in gone), *records.items(), (HEAD_KEY, encode_head(whole))]
        )


def _drop(_record: OutputRecord) -> None:
    """Send nothing: it was all sent before."""


def _readable_settings(
    own: PipelineSettings, spans: tuple[SettingsSpan, ...]
) -> tuple[SettingsSpan, ...]:
    """The settings of the old checkpoint; where this release cannot read those, its own."""
    try:
        SettingsByOffset(own).follow(spans, 0)
        for span in spans:
            SettingsByOffset(own).follow([span], span.from_offset)
    except Stop:
        return (SettingsSpan(0, to_values(own)),)
    return spans
