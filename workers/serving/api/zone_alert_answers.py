"""What the API says of alerts of zones and floors, and of what was done about them."""

from typing import Final

from pydantic import BaseModel, Field

from workers.notifier.standing import State
from workers.serving.live.alert_records import ZoneAlert

_REASONS: Final = (
    "RESOLVED: DONE, NOT_TRUE, NOTHING_TO_DO, DUPLICATE. NOT_DELIVERED: OLD, PILOT_ELSEWHERE, "
    "NO_DESTINATION, REFUSED, GIVEN_UP. Null for others."
)


class ActionView(BaseModel):
    """What was done about an alert, as in alert-actions.taken.v1."""

    action_id: str = Field(description="Its id.")
    action: str = Field(
        description="ACKNOWLEDGED, SNOOZED or RESOLVED by somebody; DELIVERED, NOT_DELIVERED or "
        "ESCALATED by the notifier."
    )
    taken_at_us: int = Field(description="When, UTC microseconds.")
    decided_us: int = Field(description="decided_us of the decision that it rests on.")
    tier: str = Field(description="Tier of the alert by that decision.")
    taken_by: str = Field(
        description="Subject of the login, to who may act on the alert; empty for a process."
    )
    taken_by_name: str = Field(
        "", description="Its name, to the same, where this board knows it; else empty."
    )
    reason: str | None = Field(description=_REASONS)
    until_us: int | None = Field(description="Until when it is snoozed; null for others.")
    occasion: str | None = Field(
        description="What a message was about: OPENED, CHANGED, AGAIN, ESCALATED or CLOSED."
    )
    owner: str = Field(description="Whom a message or an escalation is for.")
    destination: str = Field(description="Name of the destination of a message.")


class DecisionView(BaseModel):
    """What was decided about an alert at one time."""

    decided_us: int = Field(description="When, UTC microseconds.")
    action: str = Field(description="OPENED, CHANGED or CLOSED.")
    cause: str = Field(description="Why.")
    tier: str = Field(description="How urgent it is by that.")
    pages: bool = Field(description="Whether it may be delivered since then.")


class ZoneAlertView(BaseModel):
    """An alert, how it stands, and what was done about it."""

    floor_id: str = Field(description="Its floor.")
    state: State = Field(
        description="open: nobody has it yet. acknowledged: somebody has it. snoozed: "
        "until `state_until_us`. resolved: somebody says that it is over. closed: the breach is "
        "over."
    )
    state_by: ActionView | None = Field(
        description="The action that this state rests on; of a closed one, what was done last."
    )
    state_until_us: int | None = Field(
        description="When the state ends by itself, UTC microseconds; null: it does not."
    )
    may_act: bool = Field(description="Whether the caller may acknowledge, snooze and resolve it.")
    alert: ZoneAlert = Field(description="As it was decided last.")
    decisions: list[DecisionView] = Field(description="What was decided about it, oldest first.")
    actions: list[ActionView] = Field(description="What was done about it, oldest first.")


class FloorDecided(BaseModel):
    """When alerts of a floor were decided last, by the live state."""

    floor_id: str = Field(description="The floor.")
    as_of_us: int = Field(description="End of the tick of its newest record, UTC microseconds.")


class ZoneAlertList(BaseModel):
    """Alerts of zones and floors."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    floors: list[FloorDecided] = Field(
        description="Floors of which the live state has alerts. While an alert is open its floor "
        "has a record a minute: one that is older, or missing, says that nobody confirms it now."
    )
    alerts: list[ZoneAlertView] = Field(description="Newest first, by when they were opened.")
    more: bool = Field(description="There are more: ask again with `before_us`, or for fewer.")
