"""When a watchdog reports: while it is the leader, or cannot learn which watchdog is."""

from typing import Final, Literal

Role = Literal["unknown", "standby", "leader"]

LEARN_S: Final = 30.0
"""A watchdog that cannot learn for this long which one leads reports anyway, s: two reports are
better than none."""


class ReportingRule:
    """Decides whether a watchdog reports what it finds; pure.

    Args:
        patience_s: Time for which Kafka's last confirmation of the role holds, s.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._unsure_since_s: float | None = None

    def may(
        self, now_s: float, role: Role, confirmed_s: float | None, *, adopted: bool, log_away: bool
    ) -> bool:
        """Whether to report what is found now.

        Args:
            now_s: Monotonic time, s.
            role: Role of this watchdog, as far as it knows.
            confirmed_s: Monotonic time of Kafka's last confirmation of the role, s; None before.
            adopted: Whether it knows what was reported before it led.
            log_away: Whether Kafka is out of reach.
        """
        # A process that was frozen wakes with an old role: another one may lead by now.
        confirmed = confirmed_s is not None and now_s - confirmed_s < self._patience_s
        if confirmed and (role == "standby" or (role == "leader" and adopted)):
            self._unsure_since_s = None
            return role == "leader"
        if self._unsure_since_s is None:
            self._unsure_since_s = now_s
        if role == "leader" and adopted and log_away:
            return True
        return now_s - self._unsure_since_s >= LEARN_S
