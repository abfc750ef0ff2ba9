"""Show on the board that no watchdog runs any more: a watchdog cannot report its own end.

Only where one has run before: a pipeline without a watchdog needs no reminder on the board.
"""

from typing import Final

from runtime.kafka.cluster import Cluster
from runtime.process.sections import WatchdogSettings
from schemas.records.alerts import Alert
from workers.observation.alerts import make_alert
from workers.observation.findings import Finding
from workers.observation.lease_log import Beat, BeatAge, LeaseReader

UNWATCHED_S: Final = 30.0
"""Silence after which no watchdog runs, s; longer than a standby watchdog takes to take over."""

_ANSWER_S: Final = 5.0


class UnwatchedCheck:
    """Checks from time to time whether a watchdog leads.

    Args:
        cluster: Where the topics are.
        settings: Takeover time of a watchdog, and the owner named in the alert.
        every_s: Pause between two checks, s.
    """

    def __init__(self, cluster: Cluster, settings: WatchdogSettings, every_s: float) -> None:
        self._settings = settings
        self._clock = cluster.clock
        self._reader = LeaseReader(cluster, _ANSWER_S)
        self._age = BeatAge(4 * every_s)
        self._limit_s = max(UNWATCHED_S, 2 * settings.takeover_s)
        self._beat: Beat | None = None
        self._alert: Alert | None = None

    def check(self) -> Alert | None:
        """The alert that the board shows; None while a watchdog runs or if none ever ran.

        Raises:
            Retry: The broker is out of reach.
        """
        beat = self._reader.read()
        still_s = self._age.update(beat, self._clock.monotonic_s())
        if beat != self._beat or beat is None:
            self._beat, self._alert = beat, None
        elif still_s >= self._limit_s and self._alert is None:
            now_us = self._clock.now_us()
            finding = Finding(
                key="silence/deadman",  # stored in alerts, so it keeps its name
                tier="WARNING",
                what="No watchdog runs: silence of the pipeline would not be reported",
                since_us=now_us - round(still_s * 1e6),
                value=round(still_s, 1),
                threshold=self._limit_s,
                unit="s",
                next_action=f"start `wardstream watchdog` again; the last one was {beat.who}",
            )
            self._alert = make_alert(finding, "RAISED", now_us, self._settings.owner)
        return self._alert
