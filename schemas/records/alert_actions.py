"""What was done about alerts of zones: by people, and by the notifier."""

from typing import Literal, TypedDict

from schemas.records.alerts import AlertTier

TakenAction = Literal[
    "UNKNOWN",
    "ACKNOWLEDGED",
    "SNOOZED",
    "RESOLVED",
    "DELIVERED",
    "NOT_DELIVERED",
    "ESCALATED",
]
ActionReason = Literal[
    "UNKNOWN",
    "DONE",
    "NOT_TRUE",
    "NOTHING_TO_DO",
    "DUPLICATE",
    "OLD",
    "PILOT_ELSEWHERE",
    "NO_DESTINATION",
    "REFUSED",
    "GIVEN_UP",
]
Occasion = Literal["UNKNOWN", "OPENED", "CHANGED", "AGAIN", "ESCALATED", "CLOSED"]


class ActionTaken(TypedDict):
    """Something was done about an alert."""

    floor_id: str
    action_id: str
    alert_id: str
    opened_us: int
    taken_at_us: int
    action: TakenAction
    decided_us: int
    tier: AlertTier
    rule_id: str
    zone_id: str
    taken_by: str
    reason: ActionReason | None
    until_us: int | None
    occasion: Occasion | None
    owner: str
    destination: str
    receipt_key: str
