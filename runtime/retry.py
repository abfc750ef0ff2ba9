"""Backoff: how long to wait before retrying failed work, and when to give up."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from runtime.clock import Clock
from runtime.errors import Retry

Result = TypeVar("Result")

_MOST_STEPS: Final = 32
"""Pauses stop growing after this many steps, so that no power of `factor` overflows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """Pauses that grow from `first_s` to `limit_s`; pure.

    >>> policy = RetryPolicy(first_s=0.2, limit_s=1.0)
    >>> [policy.pause_s(failures) for failures in (1, 2, 3, 4)]
    [0.2, 0.4, 0.8, 1.0]

    Attributes:
        first_s: Pause after the first failure, s.
        limit_s: Longest pause, s.
        factor: Ratio of each pause to the one before.
        jitter: Random share of each pause, 0 to 1. It keeps clients of one dependency from
            retrying in step (Brooker, "Exponential Backoff And Jitter", AWS 2015).
        deadline_s: Time after which to give up, s; None sets no such limit.
        most_failures: Failures in a row after which to give up; None sets no such limit.
    """

    first_s: float
    limit_s: float
    factor: float = 2.0
    jitter: float = 0.0
    deadline_s: float | None = None
    most_failures: int | None = None

    def pause_s(self, failures: int, chance: random.Random | None = None) -> float:
        """Pause before the next try, s.

        Args:
            failures: Failures in a row, the last one included; at least 1.
            chance: Source of the jitter; None takes the longest pause.
        """
        steps = min(failures - 1, _MOST_STEPS)
        longest_s = min(self.limit_s, self.first_s * self.factor**steps)
        if chance is None or not self.jitter:
            return longest_s
        return chance.uniform(longest_s * (1.0 - self.jitter), longest_s)

    def gives_up(self, waited_s: float, failures: int = 0) -> bool:
        """Whether to give up after `waited_s` seconds of trying and `failures` in a row."""
        late = self.deadline_s is not None and waited_s >= self.deadline_s
        return late or (self.most_failures is not None and failures >= self.most_failures)


def constant(
    pause_s: float, *, deadline_s: float | None = None, most_failures: int | None = None
) -> RetryPolicy:
    """A policy whose pauses are all equal."""
    return RetryPolicy(
        first_s=pause_s, limit_s=pause_s, deadline_s=deadline_s, most_failures=most_failures
    )


class Tries:
    """Retries of one piece of work: waits between the tries and gives up at the deadline.

    Args:
        policy: How long to wait, and when to give up.
        clock: Measures the time since this object was made, or since the last progress.
        wait: Waits for the given seconds and returns True when the process must end, such as
            `Event.wait`; None sleeps on `clock`.
        chance: Source of the jitter.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        clock: Clock,
        wait: Callable[[float], bool] | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._wait = wait
        self._chance = chance
        self._started_s = clock.monotonic_s()
        self._failures = 0

    @property
    def over(self) -> bool:
        """Whether to give up; for work that waits by itself, such as a poll."""
        return self._policy.gives_up(self._clock.monotonic_s() - self._started_s, self._failures)

    def progressed(self) -> None:
        """Start again: the work has not succeeded yet, but part of it has."""
        self._started_s = self._clock.monotonic_s()
        self._failures = 0

    def failed(self, error: Exception) -> None:
        """Wait before the next try, at least as long as a `Retry` asks for.

        Raises:
            Exception: `error`, when the policy gives up or the process must end.
        """
        self._failures += 1
        if self.over:
            raise error
        pause_s = self._policy.pause_s(self._failures, self._chance)
        if isinstance(error, Retry):
            pause_s = max(pause_s, error.retry_after_s or 0.0)
        if self._wait is None:
            self._clock.sleep(pause_s)
        elif self._wait(pause_s):
            raise error


def retried(
    work: Callable[[], Result],
    tries: Tries,
    failures: tuple[type[Exception], ...] = (Retry,),
    *,
    may_pass: Callable[[Exception], bool] = lambda _error: True,
) -> Result:
    """Try work until it succeeds or `tries` gives up.

    Args:
        work: Called once per try.
        tries: Waits between the tries.
        failures: Errors that are retried.
        may_pass: Whether such an error may heal by itself; if not, it is raised at once.

    Raises:
        Exception: The error of the last try.
    """
    while True:
        try:
            return work()
        except failures as error:
            if not may_pass(error):
                raise
            tries.failed(error)


class _NotYet(Exception):
    """A condition does not hold yet."""


def comes_true(condition: Callable[[], bool], tries: Tries) -> bool:
    """Ask until a condition holds or `tries` gives up; returns whether it holds.

    Args:
        condition: Called once per try; what it raises is raised at once.
        tries: Waits between the tries.
    """

    def ask() -> None:
        if not condition():
            raise _NotYet

    try:
        retried(ask, tries, (_NotYet,))
    except _NotYet:
        return False
    return True
