"""What a caller sees of the alerts of a floor: those of zones it sees, people only where it may.

An alert of one person has that person's id in its own id; who may not see people one by one gets
it without, so that two such alerts of a zone may carry the same id.
"""

from collections.abc import Callable, Iterable, Mapping
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
"""Fields that show no person; one that is added later is shown to nobody without `presence.read`
until it is named here."""


def shown_alerts(
    alerts: Iterable[Mapping[str, Any]],
    sees: Callable[[str, str], bool],
    sees_people: Callable[[str, str], bool],
    floor_id: str,
) -> list[dict[str, Any]]:
    """Of a floor's alerts, those that a caller sees.

    Args:
        alerts: Alerts as `schemas/records/rules.py` has them.
        sees: Whether the caller sees figures of a thing, given its kind and its id.
        sees_people: Whether it sees the people of a thing one by one.
        floor_id: The floor; an alert of no zone is its.
    """
    shown = []
    for alert in alerts:
        zone_id = alert.get("zone_id", "")
        kind, identity = ("zone", zone_id) if zone_id else ("floor", floor_id)
        if not sees(kind, identity):
            continue
        cameras = [one for one in alert.get("camera_ids", []) if sees("camera", one)]
        if sees_people(kind, identity):
            shown.append({**alert, "camera_ids": cameras})
            continue
        figures = {name: value for name, value in alert.items() if name in ALERT_FIGURES}
        subject = f"/{kind}/{identity}"
        key, _, person = figures.get("alert_id", "").partition(f"{subject}/person/")
        if person:
            figures["alert_id"] = f"{key}{subject}"
        shown.append({**figures, "camera_ids": cameras})
    return shown
