"""The rows of what a zone should have: roles, requirements and census."""

from datetime import UTC, datetime, time
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from schemas.topics import CENSUS, REQUIREMENTS, ROLES
from workers.registry import text, values
from workers.registry.row import Identity, Row, TimeZone, Whole

_DAY_MINUTES = 24 * 60


class RoleRow(Row):
    """A role: for which it may stand in, how urgent its places are, whether it is staff's."""

    topic = ROLES
    role: Identity
    covers: Annotated[list[Identity], BeforeValidator(values.listed), Field(max_length=100)] = []
    priority: Whole | None = Field(None, ge=1, le=1000)
    is_staff: Annotated[bool, BeforeValidator(values.yes_or_no)] = True

    @model_validator(mode="after")
    def _covers_others(self) -> "RoleRow":
        if self.role in self.covers:
            raise ValueError(f"covers: {self.role} fills its own places anyway: leave it out")
        for name, given in (("covers", self.covers), ("priority", self.priority)):
            if given and not self.is_staff:
                raise ValueError(f"{name}: is for staff alone, and is_staff says that it is not")
        return self

    def fields(self, time_zone: str | None = None) -> dict[str, Any]:  # noqa: ARG002 - has no time
        """Avro fields."""
        return {**self.model_dump(), "covers": sorted(self.covers)}


class RequirementRow(Row):
    """How many of a role a zone needs, on which weekdays and between which local times.

    With a basis it is a ratio: `count` for each `per` people of the zone's census, or of those who
    are present and are not identified as staff.
    """

    topic = REQUIREMENTS
    NEVER_BLANK = frozenset({"weekdays", "starts", "ends"})
    requirement_id: Identity
    zone_id: Identity
    role: Identity
    count: Whole = Field(ge=0, le=1000)
    weekdays: Annotated[list[int], BeforeValidator(values.weekdays)] = [1, 2, 3, 4, 5, 6, 7]
    starts: Annotated[time, BeforeValidator(values.time_of_day)] = time(0, 0)
    ends: Annotated[time, BeforeValidator(partial(values.time_of_day, end=True))] = time(0, 0)
    time_zone: TimeZone | None = None
    basis: Annotated[Literal["FIXED", "CENSUS", "PRESENT"], BeforeValidator(text.basis)] = "FIXED"
    per: Whole | None = Field(None, ge=1, le=1000)
    at_least: Whole | None = Field(None, ge=0, le=1000)

    @model_validator(mode="after")
    def _has_both_times_or_none(self) -> "RequirementRow":
        if len(self.model_fields_set & {"starts", "ends"}) == 1:
            raise ValueError("give starts and ends, or neither for the whole day")
        return self

    @model_validator(mode="after")
    def _is_a_number_or_a_ratio(self) -> "RequirementRow":
        if self.basis != "FIXED" and self.per is None:
            raise ValueError("per: is missing: for how many people is count?")
        for name, given in (("per", self.per), ("at_least", self.at_least)):
            if self.basis == "FIXED" and given is not None:
                raise ValueError(
                    f"basis: is missing: {name} belongs to a ratio; write census or present"
                )
        return self

    def fields(self, time_zone: str | None = None) -> dict[str, Any]:
        """Avro fields: minutes of the local day; `to` at or before `from` is the next day."""
        kept = self.model_dump(include={"requirement_id", "zone_id", "role", "count", "weekdays"})
        to_minute = self.ends.hour * 60 + self.ends.minute
        return {
            **kept,
            "from_minute": self.starts.hour * 60 + self.starts.minute,
            "to_minute": to_minute or _DAY_MINUTES,
            "time_zone": self.time_zone or time_zone or "UTC",
            "basis": self.basis,
            "per": self.per or 0,
            "at_least": self.at_least or 0,
        }


class CensusRow(Row):
    """How many people there are to care for in a zone from a time on.

    Without an id it is named by zone and time, so the same count written again changes it.
    """

    topic = CENSUS
    census_id: Identity
    zone_id: Identity
    people: Whole = Field(ge=0, le=10_000)
    starts: Annotated[datetime, BeforeValidator(values.moment)]
    time_zone: TimeZone | None = None

    @model_validator(mode="before")
    @classmethod
    def _named_by_zone_and_time(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("census_id") not in (None, ""):
            return given
        name = str(given.get("zone_id") or "census")
        try:
            at = values.moment(given.get("starts"))
        except ValueError:
            return {**given, "census_id": name}  # the row is refused for its time
        form = "%Y-%m-%d.%H%M" if at.second == at.microsecond == 0 else "%Y-%m-%d.%H%M%S"
        if at.tzinfo is not None:
            at, form = at.astimezone(UTC), f"{form}Z"
        return {**given, "census_id": f"{name}.{at.strftime(form)}"}

    def fields(self, time_zone: str | None = None) -> dict[str, Any]:
        """Avro fields, in UTC.

        Raises:
            ValueError: The time does not exist in the time zone.
        """
        zone = self.time_zone or time_zone or "UTC"
        try:
            starts_us = values.utc_us(self.starts, zone)
        except ValueError as error:
            raise ValueError(f"starts: {error}") from error
        kept = self.model_dump(include={"census_id", "zone_id", "people"})
        return {**kept, "starts_us": starts_us, "time_zone": zone}
