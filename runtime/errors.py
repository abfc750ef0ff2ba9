"""Error classes: the class alone decides what the process does next.

    WardstreamError
    ├── Retry        a dependency is out of reach; try again with backoff, lose nothing
    ├── DeadLetter   this one input can never be processed; send it to dead-letters.v1, continue
    └── Stop         continuing would be wrong; exit with `exit_code`

A supervisor restarts a process that exits with `EXIT_REPLAY` and leaves one that exits with
`EXIT_STOP` alone.
"""

EXIT_REPLAY = 75
"""sysexits EX_TEMPFAIL: restart me, I resume from the checkpoint or committed offset."""

EXIT_STOP = 78
"""sysexits EX_CONFIG: a person must act; a restart would fail the same way."""


class WardstreamError(Exception):
    """Root of every error that Wardstream raises on purpose."""


class Retry(WardstreamError):
    """A dependency is out of reach; the same work may succeed later.

    Attributes:
        retry_after_s: Hint from the dependency, seconds; None for the caller's own backoff.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DeadLetter(WardstreamError):
    """An input that can never be processed.

    Attributes:
        reason: Short stable word for counting and filtering, such as `corrupt_jpeg`.
        field: Field of the input that is at fault; empty when the whole input is.
    """

    def __init__(self, reason: str, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.field = field


class Stop(WardstreamError):
    """Continuing would be wrong or pointless; the process ends.

    Attributes:
        exit_code: `EXIT_STOP`, or `EXIT_REPLAY` when a restart heals it.
    """

    def __init__(self, message: str, *, exit_code: int = EXIT_STOP) -> None:
        super().__init__(message)
        self.exit_code = exit_code
