"""Checkpoints of a fold: one compacted topic per stage, written after the outputs.

The order is fixed: outputs are acknowledged first, then the checkpoint is committed in one
transaction, which the broker refuses from a former owner. See ADR 0002.
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
