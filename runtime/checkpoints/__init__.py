"""State that survives: one compacted topic per stage, written after the outputs.

Order, always: outputs acknowledged, then the checkpoint committed in one transaction that
the broker refuses to a former owner. See ADR 0002.
"""

from runtime.checkpoints.codec import Checkpoint, EntityState, Head, SettingsSpan
from runtime.checkpoints.errors import (
    AssignmentChanged,
    CheckpointDamaged,
    InputGone,
    RecordTooLarge,
    ReplayNeeded,
)
from runtime.checkpoints.fold import (
    Emit,
    FoldFactory,
    Inherit,
    OutputRecord,
    PartitionFold,
    PartitionProgress,
    Record,
    Snapshot,
    Step,
    record_of,
)
from runtime.checkpoints.store import CheckpointStore, StageTopics

__all__ = [
    "AssignmentChanged",
    "Checkpoint",
    "CheckpointDamaged",
    "CheckpointStore",
    "Emit",
    "EntityState",
    "FoldFactory",
    "Head",
    "Inherit",
    "InputGone",
    "OutputRecord",
    "PartitionFold",
    "PartitionProgress",
    "Record",
    "RecordTooLarge",
    "ReplayNeeded",
    "SettingsSpan",
    "Snapshot",
    "StageTopics",
    "Step",
    "record_of",
]
