"""What the API says of alerts of zones and floors, and of what was done about them."""

from typing import Final

from pydantic import BaseModel, Field

from workers.notifier.standing import State

_REASONS: Final = (
    "RESOLVED: DONE, NOT_TRUE, NOTHING_TO_DO, DUPLICATE. NOT_DELIVERED: OLD, PILOT_ELSEWHERE, "
    "NO_DESTINATION, REFUSED, GIVEN_UP. Null for others."
)


class AlertEvidenceView(BaseModel):
    """A record that an alert rests on."""

    topic: str = Field(description="Its topic.")
    key: str = Field(description="Its key.")
    as_of_us: int = Field(description="Its time, UTC microseconds.")


class AlertView(BaseModel):
    """An alert as it was decided last, as in zone-alerts.decided.v1."""

    alert_id: str = Field(
        description="Deduplication key and zone, floor or person; with opened_us the identity. "
        "Without the right to see people it ends before the person.",
        examples=["gap/zone/bay-2"],
    )
    opened_us: int = Field(description="When it was opened, UTC microseconds.")
    action: str = Field("UNKNOWN", description="OPENED, CHANGED or CLOSED.")
    cause: str = Field("UNKNOWN", description="Why that was decided.")
    decided_us: int = Field(0, description="When that was decided, UTC microseconds.")
    since_us: int = Field(0, description="Since when it is a breach, UTC microseconds.")
    rule_id: str = Field("", description="Rule that leads it.")
    rule_version: int = Field(0, description="Its version.")
    rule_name: str = Field("", description="What it is called.")
    kind: str = Field("UNKNOWN", description="What the rule watches.", examples=["COVERAGE_GAP"])
    tier: str = Field("UNKNOWN", description="NOTICE, WARNING or PAGE.")
    owner: str = Field("", description="Who is to act.")
    next_action: str = Field("", description="What they are to do first.")
    escalate_after_s: int | None = Field(
        None, description="How long it may stay without acknowledgement, s; null: for ever."
    )
    escalate_to: str = Field("", description="Who is asked then.")
    stage: str = Field("UNKNOWN", description="SILENT, PILOT or EVERYWHERE.")
    pilot_unit_ids: list[str] = Field([], description="Units in which a pilot pages.")
    zone_id: str = Field("", description="Where; empty for a whole floor.")
    role: str = Field("", description="Role that is short; empty in all.")
    person_ids: list[str] = Field(
        [], description="People who are meant or are there, to who sees them."
    )
    camera_ids: list[str] = Field([], description="Cameras that are meant.")
    figure_min: int = Field(0, description="Least that the figure of the rule may be.")
    figure_max: int = Field(0, description="Most that it may be.")
    threshold: int = Field(0, description="Threshold of the rule.")
    confidence: float = Field(1.0, description="Of the least sure identification, 0 to 1.")
    is_stale: bool = Field(False, description="Whether the zone is not watched now.")
    pages: bool = Field(False, description="Whether it may be delivered.")
    held_back_by: list[str] = Field([], description="Why it pages nobody; none where it does.")
    suppressed: int = Field(0, description="Breaches since it was closed before.")
    evidence: list[AlertEvidenceView] = Field([], description="Records that it rests on.")


class FloorAlertsNow(BaseModel):
    """The newest alerts of a floor in the live state."""

    floor_id: str
    decided: list[AlertView] = []
    open: list[AlertView] = []


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
    reason: str | None = Field(description=_REASONS)
    until_us: int | None = Field(description="Until when it is snoozed; null for others.")
    occasion: str | None = Field(
        description="What a message was about: OPENED, CHANGED, AGAIN, ESCALATED or CLOSED."
    )
    owner: str = Field(description="Whom a message or an escalation is for.")
    destination: str = Field(description="Name of the destination of a message.")


class ZoneAlertView(BaseModel):
    """An alert, how it stands, and what was done about it."""

    floor_id: str = Field(description="Its floor.")
    state: State = Field(
        description="open: nobody has seen to it. acknowledged: somebody sees to it. snoozed: "
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
    alert: AlertView = Field(description="As it was decided last.")
    actions: list[ActionView] = Field(description="What was done about it, oldest first.")


class ZoneAlertList(BaseModel):
    """Alerts of zones and floors."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    alerts: list[ZoneAlertView] = Field(description="Newest first, by when they were opened.")
    more: bool = Field(description="There are more: ask again with `before_us`, or for fewer.")
