"""Alerts to people, and the audit trail of their actions."""

from typing import Literal, TypedDict


class AuditEntry(TypedDict):
    """Who did what, when and why; each entry of a chain seals the one before it."""

    chain_id: str
    seq: int
    at_us: int
    actor: str
    action: str
    subject: str
    why: str
    detail: str
    previous_sha256: str
    sha256: str
    seal: int
    client: str
    persons: list[str]
    cameras: list[str]
    floors: list[str]
    from_us: int | None
    until_us: int | None


AlertState = Literal["UNKNOWN", "RAISED", "CLEARED"]
AlertTier = Literal["UNKNOWN", "NOTICE", "WARNING", "PAGE"]


class Alert(TypedDict):
    """Something that a person must know: raised once, and cleared when it is over."""

    alert_id: str
    seq: int
    at_us: int
    state: AlertState
    tier: AlertTier
    kind: str
    subject: str
    what: str
    since_us: int
    value: float
    threshold: float
    unit: str
    owner: str
    next_action: str
    suppressed: int
