"""From what is wrong now to what is told once: an alert is raised, and later cleared."""

from collections.abc import Collection, Iterable
from typing import Any, Literal, cast

from schemas.records import Alert
from workers.observation.findings import Finding

AlertState = Literal["RAISED", "CLEARED"]


def make_alert(finding: Finding, state: AlertState, at_us: int, owner: str) -> Alert:
    """An alert's record, all but its seq, which is the log's to give.

    Args:
        finding: What is told.
        state: Whether it begins or ends.
        at_us: When that was decided, UTC microseconds.
        owner: Who is to mend it.
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
        "owner": owner,
        "next_action": finding.next_action,
        "suppressed": finding.suppressed,
    }


class AlertBook:
    """Which alerts stand.

    Args:
        owner: Who is to mend them.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._standing: dict[str, Alert] = {}

    @property
    def standing(self) -> list[Alert]:
        """Alerts that are raised, oldest first."""
        return sorted(self._standing.values(), key=lambda a: (a["since_us"], a["alert_id"]))

    def adopt(self, raised: Iterable[Alert]) -> None:
        """Take over what an earlier process raised and never cleared."""
        for alert in raised:
            self._standing.setdefault(alert["alert_id"], alert)

    def hand_over(self, unwritten: Iterable[str], now_us: int) -> list[Alert]:
        """Give everything up to another dead man, who knows what the topic knows.

        Args:
            unwritten: Keys of alerts that never came into the topic.
            now_us: Wall clock, UTC microseconds.

        Returns:
            Those of them that were raised, cleared: nobody else would take them back.
        """
        taken_back = [
            self._clear(key, now_us) for key in sorted(self._standing.keys() & set(unwritten))
        ]
        self._standing.clear()
        return taken_back

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
        """What is to be told of a new judgement: alerts raised, then alerts cleared.

        An alert that another one explains now stands on: its trouble lasts.

        Args:
            findings: Everything that is wrong now.
            now_us: Wall clock, UTC microseconds.
            blind: The line cannot be seen (yet): nothing is known to be well again.
            unseen: Kinds of which that is so while the rest is seen.
        """
        found = {finding.key: finding for finding in findings}
        lasting = found.keys() | {key for one in found.values() for key in one.explains}
        told = []
        for key, finding in found.items():
            if key not in self._standing:
                self._standing[key] = make_alert(finding, "RAISED", now_us, self._owner)
                told.append(self._standing[key])
        if blind:
            return told
        over = sorted(self._standing.keys() - lasting)
        told += [
            self._clear(key, now_us) for key in over if self._standing[key]["kind"] not in unseen
        ]
        return told
