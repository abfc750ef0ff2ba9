"""Errors of checkpointing, and whether a restart heals them."""

from runtime.errors import EXIT_REPLAY, Retry, Stop


class ReplayNeeded(Stop):
    """The state in memory can no longer be trusted; a restart resumes from the checkpoint.

    Raised when a newer owner fenced this one, an output was not acknowledged, or the
    consumer skipped records. Nothing is lost: the checkpoint is a true prefix of the log.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=EXIT_REPLAY)


class InputGone(Stop):
    """The input log no longer holds the records that follow the checkpoint.

    Retention passed the checkpoint, or the topic was deleted and re-created. Continuing
    would skip records without a trace.
    """


class CheckpointDamaged(Stop):
    """The checkpoint of a partition contradicts itself or was written by a later release."""


class RecordTooLarge(Stop):
    """The state of one entity does not fit into one record.

    The same records would give the same size again, so a restart does not help.
    """


class AssignmentChanged(Retry):
    """The partitions were reassigned while they were being loaded; load again."""
