"""The row of a rule of alerts."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from schemas.records.rules import RuleKind
from schemas.topics import RULES
from streams.domain.alerts.rule import check_rule
from streams.domain.staffing.status import DutyStatus
from workers.registry import values
from workers.registry.row import Identities, Identity, Name, Row, TimeZone, Whole
from workers.registry.text import one_of
from workers.registry.windows import windows

_MOST: Final = 1_000_000
_NEEDS_THRESHOLD: Final = frozenset({"OVER_CAPACITY", "DWELL"})
_KINDS: Final = (
    *("COVERAGE_GAP", "OVER_CAPACITY", "DWELL", "OFF_SHIFT", "ALONE", "BADGE_CONTRADICTION"),
    *("CAMERA_MISSING", "CAMERA_SUSPECT"),
)


def _statuses(value: Any) -> list[str]:
    read = one_of("a duty status", *DutyStatus)
    return [read(one) for one in values.listed(value)]


class RuleRow(Row):
    """A rule of alerts: what is a breach, how long it lasts, when that holds, who does what.

    `threshold` is a figure of the rule's kind; a rule of a capacity or of stays has no usual one.
    """

    topic = RULES
    rule_id: Identity
    name: Name = ""
    kind: Annotated[RuleKind, BeforeValidator(one_of("a kind of rule", *_KINDS))]
    zone_ids: Identities = []
    floor_ids: Identities = []
    one_per: Annotated[
        Literal["ZONE", "PERSON"], BeforeValidator(one_of("a subject", "ZONE", "PERSON"))
    ] = "ZONE"
    roles: Identities = []
    shift_statuses: Annotated[list[str], BeforeValidator(_statuses)] = []
    bound: Annotated[
        Literal["SURE", "POSSIBLE"], BeforeValidator(one_of("a bound", "SURE", "POSSIBLE"))
    ] = "SURE"
    threshold: Whole = Field(1, ge=0, le=_MOST)
    close_at: Whole | None = Field(None, ge=0, le=_MOST)
    open_after_s: Whole = 60
    close_after_s: Whole = 30
    repeat_after_s: Whole = 60
    suppress_s: Whole = 0
    deduplication_key: Identity | None = None
    schedule: Annotated[list[dict[str, Any]], BeforeValidator(windows), Field(max_length=100)] = []
    time_zone: TimeZone | None = None
    tier: Annotated[
        Literal["NOTICE", "WARNING", "PAGE"],
        BeforeValidator(one_of("a tier", "NOTICE", "WARNING", "PAGE")),
    ] = "NOTICE"
    owner: Name = Field(min_length=1)
    next_action: Name = Field(min_length=1)
    escalate_after_s: Whole | None = None
    escalate_to: Name = ""
    stage: Annotated[
        Literal["SILENT", "PILOT", "EVERYWHERE"],
        BeforeValidator(one_of("a stage", "SILENT", "PILOT", "EVERYWHERE")),
    ] = "SILENT"
    pilot_unit_ids: Identities = []
    min_confidence: Annotated[float, BeforeValidator(values.number)] = 0.0

    @model_validator(mode="after")
    def _means_something(self) -> "RuleRow":
        if self.kind in _NEEDS_THRESHOLD and "threshold" not in self.model_fields_set:
            raise ValueError("threshold: is missing")
        if (self.stage == "PILOT") != bool(self.pilot_unit_ids):
            raise ValueError("pilot_unit_ids: a pilot names its units, and no other stage does")
        if (self.escalate_after_s is None) != (not self.escalate_to):
            raise ValueError("escalate_to: goes with escalate_after_s; give both or neither")
        try:
            check_rule(self.fields())
        except ValueError as error:
            field, _, rest = str(error).partition(" ")
            raise ValueError(f"{field.rstrip(':')}: {rest}") from error
        return self

    def fields(self, time_zone: str | None = None) -> dict[str, Any]:  # noqa: ARG002 - the floor's
        """Avro fields; without a time zone of its own the rule follows each floor's."""
        return {
            **self.model_dump(),
            "zone_ids": sorted(self.zone_ids),
            "floor_ids": sorted(self.floor_ids),
            "roles": sorted(self.roles),
            "shift_statuses": sorted(self.shift_statuses),
            "pilot_unit_ids": sorted(self.pilot_unit_ids),
            "deduplication_key": self.deduplication_key or "",
            "time_zone": self.time_zone or "",
        }
