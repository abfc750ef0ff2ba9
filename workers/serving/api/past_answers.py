"""All zones at one moment of the past, as the API gives them. A field is added, never renamed."""

from typing import Literal

from pydantic import BaseModel, Field

from workers.serving.api.why_answers import LeftOut, PersonThen
from workers.serving.live.alert_records import ZoneAlert
from workers.serving.live.answers import CoverageView, Point
from workers.serving.live.freshness import Freshness
from workers.serving.live.records import Occupancy

View = Literal["shown", "known"]


class ZonePast(BaseModel):
    """A zone as it was registered then, with its figure."""

    zone_id: str = Field(description="Zone.", examples=["bay-2"])
    name: str = Field(description="For people.")
    floor_id: str = Field(description="Floor.")
    camera_id: str | None = Field(
        description="Camera whose frame the polygon is drawn in; null on a calibrated floor."
    )
    order: int = Field(description="Place on the board.")
    space: str = Field(description="IMAGE_PX or FLOOR_M: frame of `polygon`.")
    polygon: list[Point] = Field(description="Outline.")
    record: Occupancy | None = Field(
        description=(
            "The newest record of the zone at that moment, field by field; null when none was "
            "there within a day before. Without people where `left_out` names them."
        )
    )
    coverage: CoverageView = Field(description="What the numbers mean.")
    freshness: Freshness = Field(description="Whether the numbers could be acted on then.")
    revision: int | None = Field(
        description="The revision that the figure is from; null: as the pipeline wrote it."
    )


class FloorPast(BaseModel):
    """A floor as it was registered then, with the alerts that were open."""

    floor_id: str = Field(description="Floor.", examples=["ward-3"])
    name: str = Field(description="For people.")
    time_zone: str = Field(description="IANA name.", examples=["Europe/Berlin"])
    alerts: list[ZoneAlert] = Field(
        description=(
            "Alerts of the floor and its zones that were open, each as it was decided last; one "
            "about which nothing was decided for 28 days is left out."
        )
    )
    revision: int | None = Field(
        description="The revision that the alerts are from; null: as the pipeline wrote them."
    )


class ZonesPast(BaseModel):
    """All zones and open alerts at one moment of the past, as far as the caller sees them."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    at_us: int = Field(description="The moment, UTC microseconds of event time.")
    view: View = Field(description="`shown`: as it was shown then; `known`: as it is known now.")
    zones: list[ZonePast] = Field(description="By order, then name.")
    floors: list[FloorPast] = Field(description="By name.")
    left_out: list[LeftOut] = Field(description="What is not shown, and which right shows it.")


class PersonPast(PersonThen):
    """Where a person was."""

    zone_ids: list[str] = Field(description="Zones that the person counted in.")


class PeoplePast(BaseModel):
    """Where everybody on a floor was, as far as the caller sees them."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    at_us: int = Field(description="The moment, UTC microseconds of event time.")
    floor_id: str = Field(description="Floor.")
    people: list[PersonPast] = Field(
        description="By `person_id`; empty where nobody was seen, or nothing is known any more."
    )
