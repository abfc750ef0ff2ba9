"""What is known of the line as a whole: alerts that stand, and how far each stage is behind."""

import threading
from collections.abc import Mapping, Sequence
from typing import Final

from schemas.records import Alert
from workers.observation.findings import STAGES
from workers.observation.signs import StageSign
from workers.serving.live import answers as views

TOLD_FROM_S: Final = 5.0
"""Lag below this is how the line breathes, and is not pushed to browsers, s."""


class PipelineView:
    """Written by one thread, read by others.

    Attributes:
        version: Rises with every change that browsers are to be told.
        error: Why the log cannot be read; empty while it can.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alerts: list[Alert] = []
        self._signs: dict[str, StageSign] = {}
        self._told: list[tuple[str, int]] = []
        self.version = 0
        self.error = ""

    def stand(self, alerts: Sequence[Alert]) -> None:
        """These alerts are raised now."""
        with self._lock:
            if list(alerts) != self._alerts:
                self._alerts = list(alerts)
                self.version += 1

    def reached(self, signs: Mapping[str, StageSign]) -> None:
        """So far is each stage now."""
        with self._lock:
            self._signs = dict(signs)
            told = [(name, round(s.lag_s)) for name, s in signs.items() if s.lag_s >= TOLD_FROM_S]
            if told != self._told:
                self._told = told
                self.version += 1

    def alerts(self) -> list[views.AlertView]:
        """Alerts that stand, oldest first."""
        with self._lock:
            return [
                views.AlertView(**{name: alert[name] for name in views.AlertView.model_fields})  # type: ignore[literal-required]
                for alert in self._alerts
            ]

    def lags(self) -> list[views.LagView]:
        """Every stage that was ever at work, in the order of the line."""
        with self._lock:
            return [
                views.LagView(
                    stage=stage,
                    what=words.late,
                    records=self._signs[stage].lag_records or 0,
                    seconds=round(self._signs[stage].lag_s, 1),
                    late=self._signs[stage].lag_s >= TOLD_FROM_S,
                )
                for stage, words in STAGES.items()
                if stage in self._signs
            ]

    def line(self, now_us: int) -> views.Line:
        """Both, as the API gives them."""
        return views.Line(now_us=now_us, alerts=self.alerts(), lags=self.lags(), error=self.error)
