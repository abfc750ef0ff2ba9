"""Alerts of zones as the API shows them: what the Redis sink wrote, field by field.

They mirror `schemas/records/rules.py` as `records.py` mirrors the others: a field that a newer
sink adds is ignored here, one that an older sink does not know has its default.
"""

from pydantic import BaseModel, Field


class AlertEvidence(BaseModel):
    """A record that an alert rests on."""

    topic: str = Field("", description="Topic.", examples=["zone.occupancy.v1"])
    key: str = Field("", description="Key: the zone, or the floor.", examples=["bay-2"])
    as_of_us: int = Field(0, description="Its time, UTC microseconds.")


class ZoneAlert(BaseModel):
    """What was decided last about one alert."""

    alert_id: str = Field(
        description="Deduplication key and place; with `opened_us` it is one alert.",
        examples=["gap/zone/bay-2"],
    )
    opened_us: int = Field(0, description="When it was opened, UTC microseconds.")
    action: str = Field("UNKNOWN", description="OPENED, CHANGED or CLOSED.")
    cause: str = Field("UNKNOWN", description="Why it was decided.", examples=["BREACH"])
    decided_us: int = Field(0, description="When that was decided, UTC microseconds.")
    since_us: int = Field(0, description="Since when it is a breach, UTC microseconds.")
    rule_id: str = Field("", description="Rule that leads it.", examples=["gap-at-night"])
    rule_version: int = Field(0, description="Version of the rule.")
    rule_name: str = Field("", description="Its name, for people.")
    kind: str = Field("UNKNOWN", description="Kind of the rule.", examples=["COVERAGE_GAP"])
    tier: str = Field("UNKNOWN", description="PAGE, WARNING or NOTICE.")
    owner: str = Field("", description="Who acts on it.", examples=["charge nurse"])
    next_action: str = Field("", description="What they do next.")
    escalate_after_s: int | None = Field(
        None, description="It goes on to `escalate_to` after this, s; null: never."
    )
    escalate_to: str = Field("", description="Who acts when nobody has acknowledged it.")
    stage: str = Field("UNKNOWN", description="Of the rule: SILENT, PILOT or EVERYWHERE.")
    pilot_unit_ids: list[str] = Field(default=[], description="Units of a pilot.")
    zone_id: str = Field("", description="Zone; empty where it is of the floor.")
    role: str = Field("", description="Staff role that it is about; empty where of none.")
    person_ids: list[str] = Field(
        default=[], description="Whom it is about; empty for who may not see people one by one."
    )
    camera_ids: list[str] = Field(default=[], description="Cameras that it is about.")
    figure_min: int = Field(0, description="Least that the figure may be.")
    figure_max: int = Field(0, description="Most that it may be.")
    threshold: int = Field(0, description="Threshold of the rule.")
    confidence: float = Field(1.0, description="Of the least sure identification, 0 to 1.")
    is_stale: bool = Field(default=False, description="Cameras that report do not see the zone.")
    pages: bool = Field(default=False, description="Whether it may be delivered to anybody.")
    held_back_by: list[str] = Field(
        default=[], description="Why it may not.", examples=[["NOT_SURE"]]
    )
    suppressed: int = Field(0, description="Breaches since it was closed last.")
    evidence: list[AlertEvidence] = Field(default=[], description="Records that it rests on.")


class FloorAlerts(BaseModel):
    """Alerts of one floor: what was decided last, and which are open after it."""

    floor_id: str = Field(description="Floor.", examples=["ward-3"])
    seq: int = Field(description="Rises by one per floor.")
    as_of_us: int = Field(description="End of the tick, UTC microseconds.")
    inputs_through_us: int = Field(0, description="Every reporting camera's input is in to here.")
    reason: str = Field("UNKNOWN", description="CHANGE or PERIODIC: why it was sent.")
    decided: list[ZoneAlert] = Field(default=[], description="Decided at this tick.")
    open: list[ZoneAlert] = Field(default=[], description="Open after it.")
