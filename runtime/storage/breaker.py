"""Circuit breakers: a dependency that keeps failing is tried only now and then.

While closed, work goes through. After a number of failures in a row the breaker opens: work is
refused at once, instead of each piece waiting for its own timeout. After a pause it is half open:
one piece of work goes through as a probe, which closes the breaker or opens it for longer. Pauses
double up to a limit, with full jitter.

`CircuitBreaker` decides, and takes the time as an argument; `Guard` wraps work in one and exports
it as metrics. Written here because the libraries for it (pybreaker, purgatory) read the clock
themselves and wait a fixed time.
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from runtime.clock import Clock
from runtime.errors import Retry
from runtime.process.metrics import BREAKER_FAILURES, BREAKER_OPEN_SINCE, BREAKER_STATE
from runtime.retry import RetryPolicy

log = structlog.get_logger(__name__)

State = Literal["closed", "half_open", "open"]

LEVELS: Final[dict[State, int]] = {"closed": 0, "half_open": 1, "open": 2}
"""Values of the state metric."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BreakerPolicy:
    """When a breaker opens, and how long it stays open.

    Attributes:
        failures: Failures in a row that open it.
        first_pause_s: Upper bound of the first pause, s.
        max_pause_s: Upper bound of the longest pause, s.
    """

    failures: int = 3
    first_pause_s: float = 0.2
    max_pause_s: float = 5.0

    @property
    def pauses(self) -> RetryPolicy:
        """Backoff policy: pause before the next try, by failures in a row."""
        return RetryPolicy(first_s=self.first_pause_s, limit_s=self.max_pause_s, jitter=1.0)


class CircuitBreaker:
    """Decides whether a dependency may be tried; safe to use from several threads.

    Args:
        policy: When it opens and for how long.
        chance: Source of the jitter.

    Attributes:
        state: `closed`, `open`, or `half_open` while a probe is under way.
        opened_s: Monotonic time at which it last left `closed`, s; None while closed.
        failures: Failures in a row.
    """

    def __init__(self, policy: BreakerPolicy, chance: random.Random | None = None) -> None:
        self._policy = policy
        self._pauses = policy.pauses
        self._chance = chance or random.Random()
        self._lock = threading.Lock()
        self._again_s = 0.0
        self.state: State = "closed"
        self.opened_s: float | None = None
        self.failures = 0

    def admits(self, now_s: float) -> bool:
        """Whether a piece of work may be tried now; its outcome must be reported.

        Args:
            now_s: Monotonic seconds, here and below.
        """
        with self._lock:
            if self.state == "closed":
                return True
            if self.state == "open" and now_s >= self._again_s:
                self.state = "half_open"
                return True
            return False

    def due_in_s(self, now_s: float) -> float:
        """How long to wait before the next try, seconds; 0 when nothing failed last time."""
        return max(0.0, self._again_s - now_s)

    def succeeded(self) -> bool:
        """The dependency did its work; returns True when this closed the breaker."""
        with self._lock:
            closed = self.state != "closed"
            self.state = "closed"
            self.opened_s = None
            self.failures = 0
            self._again_s = 0.0
            return closed

    def failed(self, now_s: float) -> bool:
        """The dependency did not answer; returns True when this opened a closed breaker."""
        with self._lock:
            self.failures += 1
            self._again_s = now_s + self._pauses.pause_s(self.failures, self._chance)
            if self.state == "half_open":
                self.state = "open"
            elif self.state == "closed" and self.failures >= self._policy.failures:
                self.state = "open"
                self.opened_s = now_s
                return True
            return False

    def abandoned(self, now_s: float) -> None:
        """A piece of work ended without an answer, by no fault of the dependency."""
        with self._lock:
            if self.state == "half_open":
                self.state = "open"
                self._again_s = now_s


class BreakerOpen(Retry):
    """The breaker is open; the dependency was not called."""


class Guard:
    """Circuit breaker around work with one dependency, exported as metrics.

    Args:
        dependency: Name such as `timescale`; label of the metrics.
        clock: Source of the time.
        policy: When it opens and for how long.
        chance: Source of the jitter.

    Attributes:
        since_us: Wall clock at which it opened, UTC microseconds; None while closed.
    """

    def __init__(
        self,
        dependency: str,
        clock: Clock,
        policy: BreakerPolicy | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.dependency = dependency
        self.since_us: int | None = None
        self._clock = clock
        self._breaker = CircuitBreaker(policy or BreakerPolicy(), chance)
        self._show()

    @property
    def state(self) -> State:
        """`closed`, `half_open` or `open`."""
        return self._breaker.state

    @property
    def is_open(self) -> bool:
        """Whether the dependency counts as down; also while it is being probed."""
        return self._breaker.state != "closed"

    def due_in_s(self) -> float:
        """How long to wait before the next try, seconds."""
        return self._breaker.due_in_s(self._clock.monotonic_s())

    def open_for_s(self) -> float:
        """How long it has been open, seconds; 0 while closed."""
        opened_s = self._breaker.opened_s
        return 0.0 if opened_s is None else self._clock.monotonic_s() - opened_s

    @contextmanager
    def trying(self, failures: tuple[type[Exception], ...] = (Retry,)) -> Iterator[None]:
        """Guard a piece of work; `failures` mean that the dependency is down, other errors do not.

        Raises:
            BreakerOpen: The breaker is open, and the work was not started.
        """
        if not self._breaker.admits(self._clock.monotonic_s()):
            wait_s = self.due_in_s()
            raise BreakerOpen(
                f"{self.dependency} did not answer; the next try is due in {wait_s:.1f} s",
                retry_after_s=wait_s,
            )
        try:
            yield
        except failures as error:
            self.failed(error)
            raise
        except Exception:
            self.succeeded()  # it answered, if only to refuse
            raise
        except BaseException:
            self._breaker.abandoned(self._clock.monotonic_s())
            raise
        else:
            self.succeeded()

    def succeeded(self) -> None:
        """The dependency answered."""
        lasted_s = self.open_for_s()
        if self._breaker.succeeded():
            self.since_us = None
            self._show()
            log.info("breaker.closed", dependency=self.dependency, after_s=round(lasted_s, 1))

    def failed(self, error: Exception) -> None:
        """The dependency did not answer."""
        BREAKER_FAILURES.labels(self.dependency).inc()
        if self._breaker.failed(self._clock.monotonic_s()):
            self.since_us = self._clock.now_us()
            log.warning("breaker.open", dependency=self.dependency, error=str(error))
        self._show()

    def _show(self) -> None:
        BREAKER_STATE.labels(self.dependency).set(LEVELS[self._breaker.state])
        BREAKER_OPEN_SINCE.labels(self.dependency).set((self.since_us or 0) / 1e6)
