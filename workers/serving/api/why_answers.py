"""The answer to why a zone's figure was what it was. A field is added, never renamed."""

from typing import Literal

from pydantic import BaseModel, Field

from workers.serving.live.answers import CoverageView, GapView
from workers.serving.live.records import Role, ZoneCensus, ZoneCount


class LeftOut(BaseModel):
    """Something that the answer does not show."""

    what: Literal["people", "staff", "authors", "cameras"] = Field(
        description=(
            "`people`: who was in the zone, one by one; `staff`: whose a shift is; `authors`: who "
            "recorded a fact; `cameras`: cameras of the floor that belong to other units."
        )
    )
    right: str = Field(
        description="The right that shows it; empty where no right would.",
        examples=["history.read"],
    )
    why: str = Field(description="Why it is left out, in words.")


class CandidateThen(BaseModel):
    """Who somebody might have been."""

    staff_id: str = Field(description="Pseudonym.", examples=["s-7f3a"])
    confidence: float = Field(description="How likely, 0 to 1.")


class PersonThen(BaseModel):
    """A person who was counted, and what that rests on."""

    person_id: str = Field(description="Pseudonym.", examples=["ward-3:7"])
    as_of_us: int | None = Field(
        description=(
            "Moment of the position, UTC microseconds; null where none of this time is kept, and "
            "then the other fields say nothing."
        )
    )
    role: str = Field("", description="Role; empty where it was not known.", examples=["nurse"])
    role_confidence: float = Field(0.0, description="How sure the role was, 0 to 1.")
    role_evidence: list[str] = Field(
        default=[], description="What the role rests on: BADGE, DETECTOR_CLASS, UNIFORM."
    )
    staff_id: str = Field("", description="Pseudonym of the member of staff; empty for none.")
    candidates: list[CandidateThen] = Field(default=[], description="Who else it may be.")
    duty_status: str = Field("", description="What the shifts say, such as ON_SHIFT.")
    x_m: float | None = Field(None, description="Position on the floor, m.")
    y_m: float | None = Field(None, description="Position on the floor, m.")
    position_sd_m: float | None = Field(None, description="Its standard deviation, m.")
    camera_ids: list[str] = Field(default=[], description="Cameras that saw the person.")
    observed: bool = Field(default=False, description="False: out of sight at that moment.")
    calibration_suspect: bool = Field(
        default=False, description="A camera that gave the position may have been moved."
    )


class FigureThen(BaseModel):
    """A zone's figure, by one way of knowing."""

    seq: int = Field(description="Number of the figure; rises by one.", examples=[418])
    as_of_us: int = Field(description="Event time, UTC microseconds.")
    people: int = Field(description="People in the zone.")
    identified: int = Field(description="Of these, identified staff.")
    scheduled: int = Field(description="Staff scheduled.")
    required: int = Field(description="Staff required.")
    least_required: int | None = Field(description="The least that may be required.")
    gap: GapView = Field(description="Staff missing.")
    coverage: CoverageView = Field(description="What the gap means.")
    is_watched: bool = Field(description="False: no camera that reported saw all of the zone.")
    count: ZoneCount | None = Field(description="People by heads, flow and badges.")
    census: ZoneCensus | None = Field(description="The census that a requirement related to.")
    roles: list[Role] = Field(description="By role.")
    cameras_missing: list[str] = Field(description="Cameras that had not reported by then.")
    persons: list[PersonThen] | None = Field(
        description="Who was counted; null where `left_out` names `people`."
    )


class VersionThen(BaseModel):
    """Which version of a fact was in force, and who recorded it."""

    version: int = Field(description="Number of the version.")
    recorded_us: int = Field(description="When it was recorded, UTC microseconds.")
    recorded_by: str | None = Field(description="By whom; null where `left_out` names `authors`.")


class ZoneThen(VersionThen):
    """The zone as it was registered."""

    zone_id: str = Field(description="Zone.", examples=["bay-2"])
    name: str = Field(description="For people.")


class RequirementThen(VersionThen):
    """A requirement whose hours covered the moment."""

    requirement_id: str = Field(description="Requirement.")
    role: str = Field(description="Role that is required; empty for any staff.")
    count: int = Field(description="How many.")
    basis: str = Field(description="FIXED, or what `count` relates to: CENSUS or PRESENT.")
    per: int = Field(description="People for whom `count` are needed, where it relates to some.")
    from_minute: int = Field(description="Start of its hours, minutes after midnight.")
    to_minute: int = Field(description="End of its hours, exclusive.")
    time_zone: str = Field(description="Time zone of its hours.", examples=["Europe/Berlin"])


class ShiftThen(VersionThen):
    """A shift that covered the moment."""

    shift_id: str | None = Field(description="Shift; null where `left_out` names `staff`.")
    staff_id: str | None = Field(
        description="Pseudonym; empty for nobody named, null where `left_out` names `staff`."
    )
    role: str = Field(description="Role worked.", examples=["nurse"])
    kind: str = Field(description="WORK or ON_CALL.")
    status: str = Field(description="PLANNED, SICK and so on.")
    agency: str = Field(description="Agency that sends the person; empty for own staff.")
    starts_us: int = Field(description="UTC microseconds.")
    ends_us: int = Field(description="UTC microseconds, exclusive.")


class CameraThen(VersionThen):
    """A camera of the floor as it was."""

    camera_id: str = Field(description="Camera.", examples=["left"])
    name: str = Field(description="For people.")
    calibrated_by: str = Field(description="`projection` or `homography`; empty: not calibrated.")
    view_state: str | None = Field(
        description="What the guard decided of its view; null where it never had a doubt.",
        examples=["MOVED"],
    )
    clock_offset_ms: float | None = Field(
        description="How far its clock was ahead, ms; null where nobody followed it."
    )
    models: list[str] = Field(
        description="Models of its tracks then, with version.", examples=[["yolox-nano 1"]]
    )
    saw_people: bool | None = Field(
        description="It saw one of the people; null where `left_out` names `people`."
    )
    had_not_reported: bool = Field(description="No record of this camera had arrived by then.")


class LinkThen(BaseModel):
    """One record on the way from the picture to the figure."""

    what: str = Field(description="What it is, in words.", examples=["frame"])
    store: str = Field(description="Topic or table that holds it.")
    key: str = Field(description="Key of the record: a zone, floor or camera.")
    state: Literal["there", "expired", "not found", "not looked for"] = Field(
        description="Whether it is still there."
    )
    kept: str = Field(description="For how long its store keeps it.", examples=["6 hours"])
    since_us: int | None = Field(
        description="Since when it has expired, UTC microseconds; null otherwise."
    )
    partition: int | None = Field(description="Partition of its topic; null for a table.")
    offset: int | None = Field(description="Its offset; null where it was not found.")
    at_us: int | None = Field(description="Event time of the record, UTC microseconds.")
    note: str = Field(description="What else there is to say; often empty.")


class WhyZone(BaseModel):
    """Why a zone's figure was what it was, from the figure back to the picture."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    at_us: int = Field(description="The moment that was asked for, UTC microseconds.")
    floor_id: str = Field(description="Floor of the zone.")
    time_zone: str = Field(description="Time zone of the floor.", examples=["Europe/Berlin"])
    zone: ZoneThen = Field(description="The zone as registered then.")
    shown: FigureThen | None = Field(
        description="The figure as it was shown then; null when nothing was known."
    )
    revision: int | None = Field(
        description="The revision that decides the figure as known now; null: none does."
    )
    known: FigureThen | None = Field(
        description="The figure as known now, by that revision; null when it has none."
    )
    requirements: list[RequirementThen] = Field(description="In force then, as known then.")
    shifts: list[ShiftThen] = Field(description="Covering the moment, as known then.")
    cameras: list[CameraThen] = Field(description="Of the floor, as far as the caller sees them.")
    links: list[LinkThen] = Field(description="The records, from the figure back to the picture.")
    left_out: list[LeftOut] = Field(description="What is not shown, and which right shows it.")
