"""Dwell, movement and occupancy over a time, as the API gives them. A field is only ever added."""

from pydantic import BaseModel, Field

from workers.serving.api.past_answers import View


class RangeAnswer(BaseModel):
    """What every answer about a time says first."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    from_us: int = Field(description="First minute, UTC microseconds.")
    to_us: int = Field(description="Minute after the last, UTC microseconds; not after now.")
    view: View = Field(description="`shown` or `known`, as asked.")
    revisions: list[int] = Field(
        description="Revisions that corrected these figures; empty: as the pipeline wrote them."
    )


class ZoneEnd(BaseModel):
    """A zone that was in force in the time, or in a part of it."""

    zone_id: str = Field(description="Zone.", examples=["bay-2"])
    name: str = Field(description="For people.")
    floor_id: str = Field(description="Floor.")
    removed_at_us: int | None = Field(
        default=None,
        description="When it was removed, UTC microseconds; null: it was in force at the end.",
    )


class ZoneDwell(ZoneEnd):
    """How long people stayed in a zone. Lengths are null where no visit ended."""

    visits: int = Field(description="Visits that ended in the time, whenever they began.")
    median_s: float | None = Field(description="Median length of the visits, s.")
    p90_s: float | None = Field(description="Nine of ten took no longer, s.")
    longest_s: float | None = Field(description="Length of the longest visit, s.")
    open_visits: int = Field(
        description="Visits that had not ended at the end of the time; in none of the lengths."
    )
    open_since_us: int | None = Field(
        description="When the longest of these began, UTC microseconds; null where none is open."
    )
    known_through_us: int | None = Field(
        description=(
            "End of the newest minute with a figure of the zone, UTC microseconds: what was open "
            "then may have ended since. Null where there is none in the time."
        )
    )


class ZonesDwell(RangeAnswer):
    """How long people stayed in zones, as far as the caller sees these."""

    zones: list[ZoneDwell] = Field(description="Those in force in the time, by order, then name.")


class Flow(BaseModel):
    """How often people went one way."""

    from_zone_id: str | None = Field(
        description="Where they were; null: in no zone for longer than `within_s`, or not seen."
    )
    to_zone_id: str | None = Field(description="Where they went; null: the same.")
    moves: int = Field(description="How often.")
    linked: int = Field(
        description="Of these, those in which a link alone says that it was one person."
    )


class Movement(RangeAnswer):
    """How people moved between zones, as far as the caller sees these; counts, of no person."""

    within_s: float = Field(
        description="Longest time outside of all zones before a person counts as gone, s."
    )
    zones: list[ZoneEnd] = Field(description="Zones of the flows, by order, then name.")
    flows: list[Flow] = Field(description="Most moves first; each touches a zone that was asked.")


class ZoneCurve(ZoneEnd):
    """A zone in steps from `from_us` on; every list has one value for each, null: not known."""

    time_zone: str = Field(description="IANA name of the floor's clock.")
    known_min: list[float] = Field(description="Minutes for which figures are known; 0: none.")
    people_avg: list[float | None] = Field(description="People, by the time for which each holds.")
    people_min: list[int | None] = Field(description="Fewest people that were counted.")
    people_max: list[int | None] = Field(description="Most people that were counted.")
    identified_avg: list[float | None] = Field(description="Of the people, those with a role.")
    scheduled_avg: list[float | None] = Field(description="Staff scheduled.")
    required_avg: list[float | None] = Field(description="Staff required.")
    gap_min_avg: list[float | None] = Field(description="Staff surely missing.")
    gap_max_avg: list[float | None] = Field(description="Staff possibly missing, these included.")


class Curves(RangeAnswer):
    """How many people were in zones over a time, as far as the caller sees these."""

    step_min: int = Field(description="Length of a step, minutes.")
    zones: list[ZoneCurve] = Field(description="Those in force in the time, by order, then name.")
