"""When brokers that do not let a process in have said so often enough to be believed.

A broker that starts, or stops, refuses for a moment what it takes a moment later, and a connection
that it drops during the handshake is reported like a wrong password.
"""

from typing import Final

from confluent_kafka import KafkaError

REPEATED_S: Final = 5.0
"""Time over which a refusal must repeat before it is final, s."""

LONGEST_PAUSE_S: Final = 3.0
"""Longest pause between two refusals of one series, s; the client tries again within 1 s."""

_NOT_LET_IN: Final = {KafkaError._AUTHENTICATION, KafkaError._SSL}
_CONNECTION_LOST: Final = (
    "disconnected",
    "transport failure",
    "connection reset",
    "timed out",
    "unexpected eof",
)


def is_not_let_in(error: KafkaError) -> bool:
    """Whether a broker refused the process, or was refused by it; a lost connection is neither."""
    text = error.str().lower()
    return error.code() in _NOT_LET_IN and not any(part in text for part in _CONNECTION_LOST)


class Refusals:
    """The refusals that a client has met without a success in between; pure.

    Attributes:
        last: The newest refusal; None before the first.
    """

    def __init__(self) -> None:
        self.last: KafkaError | None = None
        self._first_s = 0.0
        self._last_s = 0.0

    def note(self, error: KafkaError, at_s: float) -> None:
        """Take in an error of a connection.

        Args:
            error: The error; one of a lost connection does not count.
            at_s: When it was met, monotonic s.
        """
        if not is_not_let_in(error):
            return
        if not self.repeating(at_s):
            self._first_s = at_s
        self.last, self._last_s = error, at_s

    def repeating(self, now_s: float) -> bool:
        """Whether a series of refusals goes on at a time, monotonic s."""
        return self.last is not None and now_s - self._last_s <= LONGEST_PAUSE_S

    @property
    def final(self) -> KafkaError | None:
        """The refusal that has repeated for long enough; None while there is none."""
        return self.last if self._last_s - self._first_s >= REPEATED_S else None
