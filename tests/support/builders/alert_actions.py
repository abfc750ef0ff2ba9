"""Decisions about an alert and actions on it, with a plain value in every field."""

from itertools import count
from typing import Any

from workers.notifier.standing import Decision

_numbers = count(1)


def decided(
    at_s: float,
    action: str = "CHANGED",
    cause: str = "WORSE",
    tier: str = "WARNING",
    pages: bool = True,
) -> Decision:
    """A decision about the alert, seconds after it was opened."""
    return Decision(round(at_s * 1e6), action, cause, tier, pages)


def zone_alert(at_s: float = 0.0, action: str = "OPENED", **fields: Any) -> Any:
    """A decision about the alert as the fold writes it, seconds after it was opened."""
    return {
        "alert_id": "rule/zone/zone",
        "opened_us": 0,
        "action": action,
        "cause": {"OPENED": "BREACH", "CHANGED": "WORSE"}.get(action, "CLEARED"),
        "decided_us": round(at_s * 1e6),
        "since_us": 0,
        "rule_id": "rule",
        "rule_version": 1,
        "rule_name": "Rule",
        "kind": "COVERAGE_GAP",
        "tier": "WARNING",
        "owner": "charge nurse",
        "next_action": "move a float",
        "escalate_after_s": None,
        "escalate_to": "",
        "stage": "EVERYWHERE",
        "pilot_unit_ids": [],
        "zone_id": "zone",
        "role": "",
        "person_ids": [],
        "camera_ids": [],
        "figure_min": 1,
        "figure_max": 2,
        "threshold": 1,
        "confidence": 1.0,
        "is_stale": False,
        "pages": True,
        "held_back_by": [],
        "suppressed": 0,
        "evidence": [],
        **fields,
    }


def acted(action: str, at_s: float = 1.0, **fields: Any) -> Any:
    """An action on the alert, seconds after it was opened, on what was decided until then."""
    at_us = round(at_s * 1e6)
    return {
        "floor_id": "floor",
        "action_id": f"a-{next(_numbers)}",
        "alert_id": "rule/zone/zone",
        "opened_us": 0,
        "taken_at_us": at_us,
        "action": action,
        "decided_us": at_us,
        "tier": "WARNING",
        "rule_id": "rule",
        "zone_id": "zone",
        "taken_by": "ann",
        "reason": None,
        "until_us": None,
        "occasion": None,
        "owner": "",
        "destination": "",
        "receipt_key": "",
        **fields,
    }
