"""What ends a process that keeps checkpoints, and whether a restart heals it."""

from runtime.errors import EXIT_REPLAY, Retry, Stop


class ReplayNeeded(Stop):
    """The state in memory may no longer be trusted; a restart folds on from the checkpoint.

    Raised when a newer owner fenced this one, an output was not acknowledged, or the
    consumer left records out. Nothing is lost: the checkpoint is a true prefix of the log.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=EXIT_REPLAY)


class InputGone(Stop):
    """The input log does not hold the records that come after the checkpoint.

    Retention passed the checkpoint, or the topic was deleted and made again. Going on
    would leave records out without a trace.
    """


class CheckpointDamaged(Stop):
    """The checkpoint of a partition contradicts itself or was written by a later release."""


class RecordTooLarge(Stop):
    """An output or the state of one entity does not fit into one record.

    The same records would lead to the same size again, so a restart does not heal it.
    """


class AssignmentChanged(Retry):
    """The partitions were handed out again while they were being loaded; load again."""
