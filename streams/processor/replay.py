"""Fold a partition of the detections again, outside the live stage.

A rebuild, new checkpoints and the oracle fold records that the stage has folded. The stage itself
folds through `Checkpointing`, which saves as it goes; both make their folds with `Folds`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import Message

from runtime.checkpoints import (
    Checkpoint,
    Emit,
    EntityState,
    SettingsSpan,
    record_of,
)
from runtime.clock import Clock
from runtime.kafka.dead_letters import DeadLetterLimit
from streams.domain.settings import PipelineSettings
from streams.processor.pipeline_fold import CompleteFacts, Evidence, PipelineFold, Wire
from streams.state.published import HANDOVER_KEY
from streams.state.reading import without_handover


@dataclass(frozen=True, kw_only=True, slots=True)
class Folds:
    """Makes the fold of each partition of one process.

    Attributes:
        wire: Codecs and names of the topics.
        facts: Reference data.
        evidence: Reads of badges.
        settings: Settings of a fold whose checkpoint names none.
        clock: Clock for metrics.
        limit: Dead-letter limit of the process, shared by its partitions; None for no limit.
    """

    wire: Wire
    facts: CompleteFacts
    evidence: Evidence
    settings: PipelineSettings
    clock: Clock
    limit: DeadLetterLimit | None = None

    def __call__(self, partition: int, emit: Emit) -> PipelineFold:
        """The empty fold of a partition."""
        return PipelineFold(
            partition,
            emit,
            wire=self.wire,
            facts=self.facts,
            evidence=self.evidence,
            settings=self.settings,
            clock=self.clock,
            limit=self.limit,
        )


class PartitionReplay:
    """The fold of one partition over records that are read from the log.

    It makes all outputs again: it ignores a handover that is open in the checkpoint.

    Args:
        folds: Factory of the fold.
        partition: Partition of the detections.
        emit: Called with each output.
        start: First offset to fold.
        checkpoint: State at `start`; None starts with empty state.
        spans: Settings by offset; those of `folds` hold for offsets that no span covers.

    Attributes:
        next_offset: First offset that is not folded yet.

    Raises:
        Stop: State or settings were written by a version that this release does not read.
    """

    def __init__(
        self,
        folds: Callable[[int, Emit], PipelineFold],
        partition: int,
        emit: Emit,
        *,
        start: int,
        checkpoint: Checkpoint | None = None,
        spans: Sequence[SettingsSpan] = (),
    ) -> None:
        self.next_offset = start
        self._fold = folds(partition, emit)
        self._states: dict[bytes, EntityState] = {}
        if checkpoint is not None:
            checkpoint = without_handover(checkpoint)
            self._fold.restore(checkpoint)
            self._states.update(checkpoint.entities)
        self._fold.follow(spans, start)

    def advance(self, message: Message) -> None:
        """Fold the next record of the log."""
        record = record_of(message)
        self._fold.advance(record)
        self.next_offset = record.offset + 1

    def states(self) -> Mapping[bytes, EntityState]:
        """Encoded current state of every camera and floor."""
        for key, state in self._fold.changed().items():
            if state is not None and key != HANDOVER_KEY:
                self._states[key] = state
        return self._states

    def side_offsets(self) -> Mapping[str, int]:
        """Next offset of each topic of reference data, and of the partition's reads of badges."""
        return self._fold.side_offsets()
