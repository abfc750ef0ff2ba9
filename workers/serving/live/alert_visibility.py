"""What a caller sees of an alert, the same in every answer and event: the one rule.

An alert is shown to who sees figures of its zone; that of a floor to who sees a part of the floor.
It names people to who sees people of that place one by one, and only while it is open.

An alert of one person has that person's id in its own id. Who is not told whom it is about gets a
code in its place: another for each alert, so that two alerts can be told apart, and no two alerts
can be put together. Nobody else can compute it, and it is another one after a restart of the board.
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from secrets import token_bytes
from typing import Any, Final

ALERT_FIGURES: Final = frozenset(
    {
        "alert_id", "opened_us", "action", "cause", "decided_us", "since_us", "rule_id",
        "rule_version", "rule_name", "kind", "tier", "owner", "next_action", "escalate_after_s",
        "escalate_to", "stage", "pilot_unit_ids", "zone_id", "role", "camera_ids", "figure_min",
        "figure_max", "threshold", "confidence", "is_stale", "pages", "held_back_by", "suppressed",
        "evidence",
    }
)  # fmt: skip
"""Fields that show no person; one that is added later names somebody until it is named here."""

_KEY: Final = token_bytes(32)

Judge = Callable[[str, str], bool]
"""Whether a caller sees something of a thing, given its kind and its id."""


def subject_of(alert: Mapping[str, Any], floor_id: str) -> tuple[str, str]:
    """Kind and id of what an alert is about: its zone, or the whole floor."""
    zone_id = alert.get("zone_id", "")
    return ("zone", zone_id) if zone_id else ("floor", floor_id)


def shown_alert(
    alert: Mapping[str, Any], floor_id: str, sees: Judge, names: Judge
) -> dict[str, Any] | None:
    """An alert as a caller sees it; None where it does not.

    Args:
        alert: An alert as `schemas/records/rules.py` has it.
        floor_id: Its floor.
        sees: Whether the caller sees figures of a thing.
        names: Whether it sees the people of a thing one by one.
    """
    subject = subject_of(alert, floor_id)
    if not sees(*subject):
        return None
    cameras = [one for one in alert.get("camera_ids", []) if sees("camera", one)]
    if alert.get("action") != "CLOSED" and names(*subject):
        return {**alert, "camera_ids": cameras}
    return {**of_nobody(alert, floor_id), "camera_ids": cameras}


def shown_alerts(
    alerts: Iterable[Mapping[str, Any]], floor_id: str, sees: Judge, names: Judge
) -> list[dict[str, Any]]:
    """Of a floor's alerts, those that a caller sees, each as in `shown_alert`."""
    found = (shown_alert(one, floor_id, sees, names) for one in alerts)
    return [one for one in found if one is not None]


def of_nobody(alert: Mapping[str, Any], floor_id: str) -> dict[str, Any]:
    """An alert without the people whom it names."""
    figures = {name: value for name, value in alert.items() if name in ALERT_FIGURES}
    kind, identity = subject_of(alert, floor_id)
    of_person = f"/{kind}/{identity}/person/"
    alert_id = figures.get("alert_id", "")
    key, is_of_person, _ = alert_id.rpartition(of_person)
    if is_of_person:
        whole = f"{floor_id}\n{alert_id}\n{figures.get('opened_us')}".encode()
        code = blake2b(whole, key=_KEY, digest_size=8).hexdigest()
        figures["alert_id"] = f"{key}{of_person}{code}"
    return figures
