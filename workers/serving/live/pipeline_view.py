"""The board's view of the pipeline: raised alerts, lag of each stage, and dead letters."""

import threading
from collections.abc import Mapping, Sequence
from typing import Final

from schemas.records.alerts import Alert
from workers.observation.findings import STAGES
from workers.observation.signs import StageSign
from workers.serving.live import answers as views
from workers.serving.live.recent_dead_letters import RecentDeadLetters

LATE_FROM_S: Final = 5.0
"""Lag from which a stage is late, seconds; less comes and goes, and is not pushed to browsers."""


class PipelineView:
    """Alerts and lags; written by one thread, read by others.

    Attributes:
        version: Number that rises with every change that browsers must get.
        error: Reason why the log cannot be read; empty while it can.
        dead_letters: Dead letters of the last hour.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alerts: list[Alert] = []
        self._signs: dict[str, StageSign] = {}
        self._late: list[tuple[str, int]] = []
        self._rates: dict[str, float] = {}
        self._signs_us: int | None = None
        self.version = 0
        self.error = ""
        self.dead_letters = RecentDeadLetters()

    def show_alerts(self, alerts: Sequence[Alert]) -> None:
        """Replace the raised alerts."""
        with self._lock:
            if list(alerts) != self._alerts:
                self._alerts = list(alerts)
                self.version += 1

    def show_lags(
        self,
        signs: Mapping[str, StageSign],
        rates: Mapping[str, float] | None = None,
        at_us: int | None = None,
    ) -> None:
        """Replace the lag of each stage.

        Args:
            signs: How far each stage has come.
            rates: Records per second that it takes in, where that was measured.
            at_us: When, UTC microseconds.
        """
        with self._lock:
            self._signs = dict(signs)
            self._rates = dict(rates or {})
            self._signs_us = at_us
            late = [(name, round(s.lag_s)) for name, s in signs.items() if s.lag_s >= LATE_FROM_S]
            if late != self._late:
                self._late = late
                self.version += 1

    def alerts(self) -> list[views.AlertView]:
        """Raised alerts, oldest first."""
        with self._lock:
            return [
                views.AlertView(**{name: alert[name] for name in views.AlertView.model_fields})  # type: ignore[literal-required]
                for alert in self._alerts
            ]

    def signs(self) -> tuple[dict[str, StageSign], dict[str, float], int | None]:
        """How far stages have come, their records per second, and when that was measured."""
        with self._lock:
            return dict(self._signs), dict(self._rates), self._signs_us

    def lags(self) -> list[views.LagView]:
        """Lag of every stage that ever ran, in the order of the pipeline."""
        with self._lock:
            return [
                views.LagView(
                    stage=stage,
                    what=message.late,
                    records=self._signs[stage].lag_records or 0,
                    seconds=round(self._signs[stage].lag_s, 1),
                    late=self._signs[stage].lag_s >= LATE_FROM_S,
                )
                for stage, message in STAGES.items()
                if stage in self._signs
            ]

    def answer(self, now_us: int) -> views.PipelineNow:
        """Alerts and lags as the API's answer."""
        return views.PipelineNow(
            now_us=now_us, alerts=self.alerts(), lags=self.lags(), error=self.error
        )
