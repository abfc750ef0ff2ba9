"""Turn findings into alerts: each is raised once, and cleared once."""

from collections.abc import Collection, Iterable
from typing import Any, Literal, cast

from schemas.records.alerts import Alert
from workers.observation.findings import Finding

AlertState = Literal["RAISED", "CLEARED"]


def make_alert(finding: Finding, state: AlertState, at_us: int, owner: str) -> Alert:
    """Make the record of an alert; its writer sets the seq.

    Args:
        finding: What the alert reports.
        state: Whether it is raised or cleared.
        at_us: When that was decided, UTC microseconds.
        owner: Who has to fix it, as named in the alert, where the finding names nobody.
    """
    return {
        "alert_id": finding.key,
        "seq": 0,
        "at_us": at_us,
        "state": state,
        "tier": finding.tier,
        "kind": finding.kind,
        "subject": finding.subject,
        "what": finding.what,
        "since_us": finding.since_us,
        "value": finding.value,
        "threshold": finding.threshold,
        "unit": finding.unit,
        "owner": finding.owner or owner,
        "next_action": finding.next_action,
        "suppressed": finding.suppressed,
    }


class AlertBook:
    """Keeps the alerts that stand.

    Args:
        owner: Who has to fix them, as named in the alerts.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._standing: dict[str, Alert] = {}

    @property
    def standing(self) -> list[Alert]:
        """Alerts that are raised, oldest first."""
        return sorted(self._standing.values(), key=lambda a: (a["since_us"], a["alert_id"]))

    def adopt(self, raised: Iterable[Alert]) -> None:
        """Take over the alerts that an earlier process raised and never cleared."""
        for alert in raised:
            self._standing.setdefault(alert["alert_id"], alert)

    def hand_over(self, unwritten: Iterable[str], now_us: int) -> list[Alert]:
        """Hand all alerts over to another watchdog, which knows those in the topic.

        Args:
            unwritten: Keys of alerts that were never written to the topic.
            now_us: Wall clock, UTC microseconds.

        Returns:
            The standing alerts among the unwritten, cleared: no other watchdog would clear them.
        """
        cleared = [
            self._clear(key, now_us) for key in sorted(self._standing.keys() & set(unwritten))
        ]
        self._standing.clear()
        return cleared

    def _clear(self, key: str, now_us: int) -> Alert:
        alert: Any = {**self._standing.pop(key), "state": "CLEARED"}
        alert["at_us"] = now_us
        alert["value"] = round((now_us - alert["since_us"]) / 1e6, 1)
        alert["unit"] = "s"
        return cast("Alert", alert)

    def update(
        self,
        findings: Iterable[Finding],
        now_us: int,
        *,
        blind: bool,
        unseen: Collection[str] = (),
    ) -> list[Alert]:
        """The alerts that new findings raise, then those that they clear.

        An alert that another one explains still stands: its cause lasts.

        Args:
            findings: Everything that is wrong now.
            now_us: Wall clock, UTC microseconds.
            blind: Whether the pipeline cannot be observed (yet), so that no alert can be cleared.
            unseen: Kinds of findings that cannot be observed while the others can.
        """
        found = {finding.key: finding for finding in findings}
        lasting = found.keys() | {key for one in found.values() for key in one.explains}
        changed = []
        for key, finding in found.items():
            if key not in self._standing:
                self._standing[key] = make_alert(finding, "RAISED", now_us, self._owner)
                changed.append(self._standing[key])
        if blind:
            return changed
        over = sorted(self._standing.keys() - lasting)
        changed += [
            self._clear(key, now_us) for key in over if self._standing[key]["kind"] not in unseen
        ]
        return changed
