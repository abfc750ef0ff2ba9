"""What became of one try to deliver a message: received, to be tried again, or never."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receiver has it.

    Attributes:
        at_us: When it said so, UTC microseconds.
        detail: What it said, such as `HTTP 204`.
    """

    at_us: int
    detail: str


@dataclass(frozen=True, slots=True)
class Retry:
    """It may be received later; try again with the same message.

    The receiver may have it all the same: its answer can be lost.

    Attributes:
        reason: What is wrong, for a person; holds no secret.
        after_s: Least pause that the receiver asks for, s; None for the usual one.
    """

    reason: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never be received as it is: a person must change the destination or the receiver.

    Attributes:
        reason: What is wrong, for a person; holds no secret.
    """

    reason: str


Outcome = Receipt | Retry | Refused
