"""What a sink says of itself while it cannot write: paused, since when, and how far behind."""

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
        sink: Its name.
        clock: Tells the time.
        health: Where `store` and `paused` are said.
        guard: The breaker of the store.
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
        self.since_us: int | None = None

    def begin(self, error: Retry) -> bool:
        """A write failed; returns True when nothing had failed before it."""
        self._error = str(error)
        if self.since_us is not None:
            return False
        self.since_us = self._clock.now_us()
        self._paused_since.set(self.since_us / 1e6)
        log.warning("sink.paused", error=self._error)
        return True

    def show(self, waiting: Iterable[Message]) -> None:
        """Say how things are; `waiting` are the messages in hand that are not written."""
        behind_s = self.age_s(waiting)
        self._behind_s.set(behind_s)
        if self.since_us is None:
            return
        lasted_s = (self._clock.now_us() - self.since_us) / 1e6
        self._health.detail["store"] = f"out of reach for {lasted_s:.0f} s: {self._error}"
        self._health.detail["paused"] = {
            "since_us": self.since_us,
            "breaker": self._guard.state,
            "behind_records": self._lag.records,
            "behind_s": round(behind_s, 1),
        }

    def age_s(self, waiting: Iterable[Message]) -> float:
        """Seconds since the oldest of some messages was appended; 0 when there is none."""
        oldest_ms = min((message.timestamp()[1] for message in waiting), default=None)
        return 0.0 if oldest_ms is None else max(0.0, self._clock.now_us() / 1e6 - oldest_ms / 1e3)

    def end(self) -> None:
        """What was in hand is written."""
        if self.since_us is None:
            return
        lasted_s = (self._clock.now_us() - self.since_us) / 1e6
        log.info("sink.goes_on", after_s=round(lasted_s, 1))
        self.since_us = None
        self._paused_since.set(0)
        self._behind_s.set(0)
        self._health.detail.pop("store", None)
        self._health.detail.pop("paused", None)
