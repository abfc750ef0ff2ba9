"""The answers about units, departments and sites; a field is added, never renamed."""

from pydantic import BaseModel, Field


class MissingView(BaseModel):
    """How many staff are missing in several zones; an interval, as in each of them."""

    min: int = Field(description="If every unidentified person were staff.", examples=[2])
    max: int = Field(description="If no unidentified person were staff.", examples=[4])


class RoleTotalView(BaseModel):
    """One role in several zones; sums over the zones."""

    role: str = Field(description="Role.", examples=["nurse"])
    present_min: int = Field(description="Known to be present.")
    present_max: int = Field(description="Known plus unidentified people.")
    scheduled: int = Field(description="Scheduled.")
    required: int = Field(description="Required.")
    gap: MissingView = Field(description="Missing.")
    spare: int = Field(description="Known to be present, and not required in their zone.")


class TotalView(BaseModel):
    """Several zones together, all as of one event time."""

    zone_ids: list[str] = Field(description="Zones that the figures hold.")
    stale_zone_ids: list[str] = Field(
        description="Zones that they lack, because their numbers are stale. Look there yourself."
    )
    people: int = Field(description="People in one zone or more, each once.", examples=[31])
    scheduled: int = Field(description="Staff scheduled.")
    required: int = Field(description="Staff required.")
    gap: MissingView = Field(
        description="Staff missing, as a sum: a surplus in one zone fills no gap in another."
    )
    roles: list[RoleTotalView] = Field(description="By role.")


class NearestView(BaseModel):
    """Where staff of a missing role can be spared nearest."""

    role: str = Field(description="Role that is missing.", examples=["nurse"])
    unit_id: str = Field(description="Unit in which they are; may be the same one.")
    name: str = Field(description="Name of that unit, for people.")
    spare: int = Field(description="People who can be spared.", examples=[1])
    steps: int | None = Field(
        description="Units entered on the way: 0 within the unit, 1 next door; null where no way "
        "is registered."
    )


class UnitView(TotalView):
    """A unit now."""

    unit_id: str = Field(description="Unit.", examples=["ward-3-east"])
    name: str = Field(description="For people.")
    site: str = Field(description="Its site; empty when not registered.")
    department: str = Field(description="Its department; empty when not registered.")
    nearest: list[NearestView] = Field(description="For each role that may be missing, if any.")


class DepartmentView(TotalView):
    """A department of a site now."""

    site: str = Field(description="Its site; empty when not registered.")
    department: str = Field(description="Department.", examples=["Surgery"])
    unit_ids: list[str] = Field(description="Its units.")


class SiteView(TotalView):
    """A site now."""

    site: str = Field(description="Site.", examples=["North hospital"])
    unit_ids: list[str] = Field(description="Its units.")


class Units(BaseModel):
    """Units, departments and sites as of one event time."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    as_of_us: int | None = Field(
        description="Event time of all figures, UTC microseconds; null when every zone is stale."
    )
    units: list[UnitView] = Field(description="By name.")
    departments: list[DepartmentView] = Field(
        description="By site and name; those of which the caller sees every zone."
    )
    sites: list[SiteView] = Field(description="By name; those of which the caller sees every zone.")
    zone_ids_without_unit: list[str] = Field(description="Zones that are in none of these.")
