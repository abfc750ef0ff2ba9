"""The live values as the API shows them: what the Redis sink wrote, field by field.

Each mirrors a record of `schemas/records/`. A field that a newer sink adds is ignored, one that
an older sink does not know has its default, so board and sink may be upgraded in any order.
"""

from typing import Final, Literal

from pydantic import BaseModel, Field

TrackState = Literal["UNKNOWN", "TENTATIVE", "CONFIRMED", "LOST", "ENDED"]

_FOOT: Final = (
    "Foot point in the camera's frame, px; where the view ends if the feet are out of view."
)


class Substitute(BaseModel):
    """People of another role who fill places of a role."""

    role: str = Field(description="Their own role.", examples=["nurse"])
    people: int = Field(0, description="How many.")


class Role(BaseModel):
    """Coverage of one role in a zone or on a floor."""

    role: str = Field(description="Role.", examples=["nurse"])
    present_min: int = Field(0, description="Known to be present.")
    present_max: int = Field(0, description="Known plus unidentified people.")
    scheduled: int = Field(0, description="Scheduled.")
    required: int = Field(0, description="Required.")
    gap_min: int = Field(0, description="Fewest missing.")
    gap_max: int = Field(0, description="Most missing.")
    least_required: int | None = Field(
        None, description="The least that may be required; null: as `required`."
    )
    standing_in: list[Substitute] = Field(
        default=[], description="Who of `present_min` has another role."
    )
    possible_since_us: int | None = Field(
        None, description="Since when some may be missing; null when none may be."
    )
    sure_since_us: int | None = Field(
        None, description="Since when some are missing whoever the others are, or null."
    )


class SourceCount(BaseModel):
    """How many people are in a zone by one way of counting."""

    source: str = Field(
        "UNKNOWN",
        description="HEADS: people who are seen. FLOW: entries less exits. BADGES: badges there.",
    )
    low: int = Field(0, description="Least people that it allows.")
    high: int | None = Field(None, description="Most; null where it says nothing about that.")
    is_apart: bool = Field(
        default=False, description="Trust it less: it allows none of what most allow."
    )


class ZoneCensus(BaseModel):
    """The newest census of a zone, to which requirements relate."""

    people: int | None = Field(
        None, description="People to care for; null where nobody has counted them."
    )
    from_us: int | None = Field(None, description="When they were counted, UTC microseconds.")
    is_believed: bool = Field(
        default=False,
        description="False: it is missing or too old, and what it requires is an interval.",
    )


class ZoneCount(BaseModel):
    """How many people are in a zone by all ways of counting together."""

    low: int = Field(0, description="Least people that as many ways as possible allow.")
    high: int | None = Field(None, description="Most; null where nothing says so.")
    disagreement: int = Field(0, description="People between the counts that are farthest apart.")
    sources: list[SourceCount] = Field(default=[], description="The ways of counting.")


class Occupancy(BaseModel):
    """People in a zone against who is scheduled and required."""

    zone_id: str = Field(description="Zone.", examples=["bay-2"])
    seq: int = Field(description="Rises by one per zone.", examples=[418])
    as_of_us: int = Field(description="Event time, UTC microseconds.")
    inputs_through_us: int = Field(0, description="Every reporting camera's input is in to here.")
    cameras_missing: list[str] = Field(
        default=[], description="Cameras that had not reported by then."
    )
    floor_id: str = Field("", description="Floor of the zone.")
    reason: str = Field("UNKNOWN", description="CHANGE or PERIODIC: why it was sent.")
    people: int = Field(0, description="People in the zone.", examples=[12])
    identified: int = Field(
        0, description="Of these, people whose role is known independently of the roster."
    )
    scheduled: int = Field(0, description="Staff scheduled in the zone.")
    required: int = Field(0, description="Staff required in the zone.")
    gap_min: int = Field(0, description="Fewest staff missing: all unidentified people were staff.")
    gap_max: int = Field(0, description="Most staff missing: no unidentified person was staff.")
    roles: list[Role] = Field(default=[], description="By role.")
    person_ids: list[str] = Field(default=[], description="Who is in the zone, sorted.")
    least_required: int | None = Field(
        None, description="The least staff that may be required; null: as `required`."
    )
    possible_since_us: int | None = Field(
        None, description="Since when staff may be missing; null when none may be."
    )
    sure_since_us: int | None = Field(
        None, description="Since when staff are missing whoever the others are, or null."
    )
    is_watched: bool = Field(
        default=True,
        description="False: cameras that report do not see the zone, and more may be there.",
    )
    count: ZoneCount | None = Field(None, description="People by heads, flow and badges.")
    census: ZoneCensus | None = Field(
        None, description="The census; null where no requirement relates to one."
    )
    longest_since_us: int | None = Field(
        None, description="When the longest stay that goes on began; null where nobody is there."
    )


class Track(BaseModel):
    """One tracked person; pixels of the captured frame."""

    track_id: int = Field(description="Number within the camera, never used again.")
    state: TrackState = Field("UNKNOWN", description="Track state.")
    x_min: float = Field(0.0, description="Left edge, px.")
    y_min: float = Field(0.0, description="Top edge, px.")
    x_max: float = Field(0.0, description="Right edge, px.")
    y_max: float = Field(0.0, description="Bottom edge, px.")
    score: float = Field(0.0, description="Score of the last matched detection, 0 to 1.")
    observed: bool = Field(default=False, description="This frame holds a matched detection.")
    last_observed_us: int = Field(0, description="Event time of the last detection.")


class CameraTracks(BaseModel):
    """The tracks of one camera after its latest frame."""

    camera_id: str = Field(description="Camera.", examples=["left"])
    seq: int = Field(description="Rises by one per camera.")
    captured_us: int = Field(description="Event time of the frame, UTC microseconds.")
    floor_id: str = Field("", description="Floor of the camera.")
    width: int = Field(0, description="Frame width, px.")
    height: int = Field(0, description="Frame height, px.")
    tracks: list[Track] = Field(default=[], description="By track_id.")
    model_name: str = Field("", description="Model that made the detections.")
    model_version: str = Field("", description="Version of that model.")


class Candidate(BaseModel):
    """A member of staff whom a person may be."""

    staff_id: str = Field(description="Pseudonym.", examples=["s-7f3a"])
    confidence: float = Field(description="0 to 1; those of all candidates add up to 1 at most.")


class Person(BaseModel):
    """One person on a floor."""

    person_id: str = Field(
        description="floor_id:number on a floor whose cameras are fused, else camera_id:track_id."
    )
    camera_ids: list[str] = Field(default=[], description="Cameras that see the person.")
    foot_x_px: float | None = Field(None, description=_FOOT)
    foot_y_px: float | None = Field(None, description=_FOOT)
    x_m: float | None = Field(None, description="Position on the floor, m.")
    y_m: float | None = Field(None, description="Position on the floor, m.")
    position_sd_m: float | None = Field(
        None, description="Standard deviation of the position along each axis, m."
    )
    height_m: float | None = Field(None, description="Height of the person, m.")
    zone_ids: list[str] = Field(default=[], description="Zones the person counts in.")
    observed: bool = Field(default=False, description="False while the track coasts.")
    last_observed_us: int = Field(0, description="Event time of the last detection.")
    role: str = Field("", description="Role by evidence; empty when unknown.")
    role_confidence: float = Field(0.0, description="0 to 1.")
    staff_id: str | None = Field(None, description="Pseudonym; null when unknown.")
    candidates: list[Candidate] = Field(
        default=[],
        description="Members of staff whom the person may be, the likeliest first; of those as "
        "likely, who is on shift there.",
    )
    role_evidence: list[str] = Field(
        default=[],
        description="What the role rests on: BADGE, DETECTOR_CLASS, UNIFORM.",
        examples=[["BADGE"]],
    )
    duty_status: str = Field(
        "UNKNOWN",
        description="What the shifts say of the member of staff there and then: ON_SHIFT, ON_BREAK,"
        " EARLY, LATE, OFF_SHIFT, NOT_EXPECTED in this zone; VISITOR of a role that is none of "
        "staff; UNKNOWN where nobody knows who it is.",
    )
    calibration_suspect: bool = Field(default=False, description="The camera may have moved.")


class FloorCoverage(BaseModel):
    """People in the zones of a floor against what these need together."""

    people: int = Field(0, description="People in the zones; in several, they count once.")
    identified: int = Field(0, description="Of these, people whose role is known.")
    scheduled: int = Field(0, description="Staff scheduled in the zones.")
    required: int = Field(0, description="Staff required in the zones together.")
    least_required: int = Field(0, description="The least that may be required.")
    gap_min: int = Field(0, description="Fewest staff missing on the floor, wherever they are.")
    gap_max: int = Field(0, description="Most staff missing.")
    possible_since_us: int | None = Field(
        None, description="Since when staff may be missing; null when none may be."
    )
    sure_since_us: int | None = Field(
        None, description="Since when staff are missing whoever the others are, or null."
    )
    is_watched: bool = Field(
        default=True, description="False: cameras that report do not see all zones."
    )
    roles: list[Role] = Field(default=[], description="By role.")


class Presence(BaseModel):
    """The people on one floor at the end of a tick."""

    floor_id: str = Field(description="Floor.", examples=["ward-3"])
    seq: int = Field(description="Rises by one per floor.")
    as_of_us: int = Field(description="End of the tick, UTC microseconds.")
    inputs_through_us: int = Field(0, description="Every reporting camera's input is in to here.")
    cameras_missing: list[str] = Field(default=[], description="Cameras that had not reported.")
    people: list[Person] = Field(default=[], description="By person_id.")
    coverage: FloorCoverage | None = Field(
        None, description="Coverage of the floor; null where its zones have no plan."
    )
