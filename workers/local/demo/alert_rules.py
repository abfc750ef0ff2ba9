"""Rules of alerts in the demo's ward."""

from typing import Any, Final

RULES: Final[tuple[dict[str, Any], ...]] = (
    {
        "rule_id": "staff-missing",
        "name": "Staff are missing",
        "kind": "coverage-gap",
        "open_after_s": 20,
        "close_after_s": 10,
        "tier": "page",
        "owner": "charge nurse",
        "next_action": "move somebody here who can be spared",
        "escalate_after_s": 120,
        "escalate_to": "house supervisor",
        "stage": "everywhere",
    },
    {
        "rule_id": "cameras-silent",
        "name": "Cameras do not report",
        "kind": "camera-missing",
        "open_after_s": 20,
        "close_after_s": 10,
        "tier": "warning",
        "owner": "charge nurse",
        "next_action": "go and look: the numbers of this floor are out of date",
        "stage": "everywhere",
    },
)
"""For every zone and floor, within the minute or two that a clip lasts."""
