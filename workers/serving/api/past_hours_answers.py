"""How zones were covered by hour of the week, as the API gives it. A field is only ever added."""

from pydantic import BaseModel, Field


class HourCovered(BaseModel):
    """An hour of the week: how many of its minutes were in which state."""

    weekday: int = Field(description="1 is Monday, 7 Sunday, on the floor's clock.")
    hour: int = Field(description="0 to 23, on the floor's clock.")
    short_min: int = Field(description="Minutes in which staff was surely missing.")
    possible_min: int = Field(description="Minutes in which staff may have been missing.")
    covered_min: int = Field(description="Minutes in which nothing was missing.")
    not_watched_min: int = Field(description="Minutes of which less than half has figures.")
    short_share: float | None = Field(
        description="`short_min` by the watched minutes; null where none was watched."
    )
    possible_share: float | None = Field(description="The same of `possible_min`.")
    not_watched_share: float = Field(description="`not_watched_min` by all minutes.")


class RoleShort(BaseModel):
    """How long a role was missing, as an interval."""

    role: str = Field(description="Role.", examples=["nurse"])
    short_min: float = Field(description="Minutes in which it was surely missing.")
    maybe_short_min: float = Field(description="Minutes in which it may have been, these included.")
    known_min: float = Field(description="Minutes for which its figures hold.")


class ZoneCovered(BaseModel):
    """A zone by hour of the week."""

    zone_id: str = Field(description="Zone.", examples=["bay-2"])
    name: str = Field(description="For people.")
    floor_id: str = Field(description="Floor.")
    removed_at_us: int | None = Field(
        default=None,
        description="When it was removed, UTC microseconds; null: it was in force at the end.",
    )
    time_zone: str = Field(description="IANA name of the clock of `hours`.")
    hours: list[HourCovered] = Field(
        description=(
            "By weekday and hour; an hour that no clock showed in that time is left out, one that "
            "it showed twice has the minutes of both."
        )
    )
    roles: list[RoleShort] = Field(description="By role.")


class RuleAlerts(BaseModel):
    """How many alerts a rule opened in a zone."""

    floor_id: str = Field(description="Floor.")
    zone_id: str = Field(description="Empty for alerts of the whole floor.")
    rule_id: str = Field(description="Rule.")
    rule_name: str = Field(description="For people.")
    kind: str = Field(description="What the rule watches.", examples=["COVERAGE_GAP"])
    tier: str = Field(description="How urgent.", examples=["PAGE"])
    alerts: int = Field(description="Alerts that were opened.")


class ZonesCovered(BaseModel):
    """Zones by hour of the week in a time, as known now, as far as the caller sees them."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    from_us: int = Field(description="First minute, UTC microseconds.")
    to_us: int = Field(description="Minute after the last, UTC microseconds; not after now.")
    zones: list[ZoneCovered] = Field(description="Those in force in the time, by order, then name.")
    alerts: list[RuleAlerts] = Field(
        description="Opened in that time, most first; without rules in the stage SILENT."
    )
    revisions: list[int] = Field(
        default=[],
        description="Revisions in force that decide some of the minutes; none: as it was written.",
    )
