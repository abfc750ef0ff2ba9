"""Rules of alerts, and the alerts that they decide."""

from typing import Literal, TypedDict

from schemas.records.alerts import AlertTier

RuleKind = Literal[
    "UNKNOWN",
    "COVERAGE_GAP",
    "OVER_CAPACITY",
    "DWELL",
    "OFF_SHIFT",
    "ALONE",
    "BADGE_CONTRADICTION",
    "CAMERA_MISSING",
    "CAMERA_SUSPECT",
]
RuleBound = Literal["UNKNOWN", "SURE", "POSSIBLE"]
RuleSubject = Literal["UNKNOWN", "ZONE", "PERSON"]
RuleStage = Literal["UNKNOWN", "SILENT", "PILOT", "EVERYWHERE"]


class RuleWindow(TypedDict):
    """A weekly window of local time in which a rule holds."""

    weekdays: list[int]
    from_minute: int
    to_minute: int


class Rule(TypedDict):
    """A rule of alerts at one version."""

    rule_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    name: str
    kind: RuleKind
    zone_ids: list[str]
    floor_ids: list[str]
    one_per: RuleSubject
    roles: list[str]
    shift_statuses: list[str]
    bound: RuleBound
    threshold: int
    close_at: int | None
    open_after_s: int
    close_after_s: int
    repeat_after_s: int
    suppress_s: int
    deduplication_key: str
    schedule: list[RuleWindow]
    time_zone: str
    tier: AlertTier
    owner: str
    next_action: str
    escalate_after_s: int | None
    escalate_to: str
    stage: RuleStage
    pilot_unit_ids: list[str]
    min_confidence: float


AlertAction = Literal["UNKNOWN", "OPENED", "CHANGED", "CLOSED"]
AlertCause = Literal[
    "UNKNOWN",
    "BREACH",
    "WORSE",
    "OTHER_RULE",
    "OTHER_ROLE",
    "OTHER_DOUBTS",
    "RULE_EDITED",
    "CLEARED",
    "OUT_OF_SCHEDULE",
    "OUT_OF_SCOPE",
    "RULE_REMOVED",
]
AlertDoubt = Literal[
    "UNKNOWN",
    "SILENT_RULE",
    "NOT_SURE",
    "STALE",
    "LOW_CONFIDENCE",
    "COUNTS_DISAGREE",
    "CALIBRATION_SUSPECT",
]


class AlertEvidence(TypedDict):
    """A record that an alert rests on; a handover between releases may number it anew."""

    topic: str
    key: str
    as_of_us: int


class ZoneAlert(TypedDict):
    """What was decided about one alert."""

    alert_id: str
    opened_us: int
    action: AlertAction
    cause: AlertCause
    decided_us: int
    since_us: int
    rule_id: str
    rule_version: int
    rule_name: str
    kind: RuleKind
    tier: AlertTier
    owner: str
    next_action: str
    escalate_after_s: int | None
    escalate_to: str
    stage: RuleStage
    pilot_unit_ids: list[str]
    zone_id: str
    role: str
    person_ids: list[str]
    camera_ids: list[str]
    figure_min: int
    figure_max: int
    threshold: int
    confidence: float
    is_stale: bool
    pages: bool
    held_back_by: list[AlertDoubt]
    suppressed: int
    evidence: list[AlertEvidence]


AlertsReason = Literal["UNKNOWN", "CHANGE", "PERIODIC"]


class FloorAlerts(TypedDict):
    """What was decided about the alerts of a floor at a tick, and those that are open after it."""

    floor_id: str
    seq: int
    as_of_us: int
    inputs_through_us: int
    reason: AlertsReason
    decided: list[ZoneAlert]
    open: list[ZoneAlert]
