"""What a sink reports while it cannot write: what is out of reach, since when, and the lag."""

from collections.abc import Iterable

import structlog
from confluent_kafka import Message

from runtime.clock import Clock
from runtime.errors import Retry
from runtime.kafka.lag import LagWatch
from runtime.process.health import Health
from runtime.process.metrics import LAG_SECONDS, SINK_PAUSED_SINCE
from runtime.storage.breaker import Guard

log = structlog.get_logger(__name__)


class Outage:
    """Shows in health and metrics that a sink has paused its consumption.

    Args:
        sink: Name of the sink.
        clock: Gives the time.
        health: Shows `paused`, and the reason under the name of the dependency.
        guard: Circuit breaker of the store.
        lag: Knows how many records wait.

    Attributes:
        since_us: When it paused, UTC microseconds; None while it consumes.
    """

    def __init__(
        self, sink: str, clock: Clock, health: Health, guard: Guard, lag: LagWatch
    ) -> None:
        self._clock = clock
        self._health = health
        self._guard = guard
        self._lag = lag
        self._paused_since = SINK_PAUSED_SINCE.labels(sink)
        self._behind_s = LAG_SECONDS.labels(f"sink-{sink}")
        self._error = ""
        self._dependency = "store"
        self.since_us: int | None = None

    def expect(self, error: Retry) -> None:
        """Note that the store is out of reach before there is anything to write."""
        self._health.detail["store"] = str(error)

    def start(self, dependency: str, error: Retry) -> None:
        """Note that the sink cannot go on.

        Args:
            dependency: What is out of reach: `store`, `registry` or `broker`.
            error: How that was noticed.
        """
        self._error = str(error)
        if dependency != self._dependency:
            self._health.detail.pop(self._dependency, None)
            self._dependency = dependency
        if self.since_us is None:
            self.since_us = self._clock.now_us()
            self._paused_since.set(self.since_us / 1e6)
            log.warning("sink.paused", dependency=dependency, error=self._error)

    def show(self, waiting: Iterable[Message]) -> None:
        """Update health and metrics; `waiting` are the messages that are read and not written."""
        behind_s = self.age_s(waiting)
        self._behind_s.set(behind_s)
        if self.since_us is None:
            return
        lasted_s = (self._clock.now_us() - self.since_us) / 1e6
        self._health.detail[self._dependency] = f"out of reach for {lasted_s:.0f} s: {self._error}"
        self._health.detail["paused"] = {
            "since_us": self.since_us,
            "waits_for": self._dependency,
            "breaker": self._guard.state,
            "behind_records": self._lag.records,
            "behind_s": round(behind_s, 1),
        }

    def age_s(self, waiting: Iterable[Message]) -> float:
        """Seconds since the oldest of some messages was appended; 0 when there is none."""
        oldest_ms = min((message.timestamp()[1] for message in waiting), default=None)
        return 0.0 if oldest_ms is None else max(0.0, self._clock.now_us() / 1e6 - oldest_ms / 1e3)

    def end(self) -> None:
        """Note that the store has answered."""
        self._health.detail.pop("store", None)
        if self.since_us is None:
            return
        lasted_s = (self._clock.now_us() - self.since_us) / 1e6
        log.info("sink.resumed", after_s=round(lasted_s, 1))
        self.since_us = None
        self._paused_since.set(0)
        self._behind_s.set(0)
        self._health.detail.pop(self._dependency, None)
        self._health.detail.pop("paused", None)
