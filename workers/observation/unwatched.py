"""Notice that nobody watches the line any more, for the board: a dead man cannot tell it himself.

Only of a line that a dead man has watched: whoever never started one needs no reminder on a board.
"""

from typing import Final

from runtime.kafka.cluster import Cluster
from runtime.process.settings import DeadmanSettings
from schemas.records import Alert
from workers.observation.alerts import make_alert
from workers.observation.findings import Finding
from workers.observation.lease_log import Beat, Stillness, WatchReader

UNWATCHED_S: Final = 30.0
"""Longer than whoever stands by takes to take over."""

_ANSWER_S: Final = 5.0


class Lookout:
    """Looks from time to time whether somebody has the watch.

    Args:
        cluster: Where the topics are.
        settings: When somebody else takes over, and who is named.
        every_s: Pause between two looks, s.
    """

    def __init__(self, cluster: Cluster, settings: DeadmanSettings, every_s: float) -> None:
        self._settings = settings
        self._clock = cluster.clock
        self._reader = WatchReader(cluster, _ANSWER_S)
        self._stillness = Stillness(4 * every_s)
        self._limit_s = max(UNWATCHED_S, 2 * settings.takeover_s)
        self._beat: Beat | None = None
        self._alert: Alert | None = None

    def look(self) -> Alert | None:
        """What the board is to say; None while somebody watches.

        Raises:
            Retry: The broker is out of reach.
        """
        beat = self._reader.look()
        still_s = self._stillness.look(beat, self._clock.monotonic_s())
        if beat != self._beat or beat is None:
            self._beat, self._alert = beat, None
        elif still_s >= self._limit_s and self._alert is None:
            now_us = self._clock.now_us()
            finding = Finding(
                key="silence/deadman",
                tier="WARNING",
                what="Nobody watches the line: what falls silent is not told",
                since_us=now_us - round(still_s * 1e6),
                value=round(still_s, 1),
                threshold=self._limit_s,
                unit="s",
                next_action=f"start `wardstream watchdog` again; the last was {beat.who}",
            )
            self._alert = make_alert(finding, "RAISED", now_us, self._settings.owner)
        return self._alert
