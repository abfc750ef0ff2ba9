"""The answers of the API, version 1. A field is added, never renamed or given a new meaning."""

from pydantic import BaseModel, Field

from workers.serving.live.alert_records import FloorAlerts
from workers.serving.live.freshness import Freshness
from workers.serving.live.messages import CoverageState
from workers.serving.live.records import CameraTracks, Presence, Role, ZoneCensus, ZoneCount


class Point(BaseModel):
    """A vertex."""

    x: float = Field(description="Right, px or m.")
    y: float = Field(description="Down in px, or north in m.")


class CoverageView(BaseModel):
    """What the numbers of a zone mean."""

    state: CoverageState = Field(
        description=(
            "`short`: staff are missing even if all unidentified people are staff; `unclear`: it "
            "depends on who they are; `covered`; `none_required`; `no_data`."
        )
    )
    sentence: str = Field(description="The state as a short message.", examples=["2 to 4 short"])
    because: str = Field(
        description="The numbers that it follows from.", examples=["12 people, 0 identified staff"]
    )


class GapView(BaseModel):
    """How many staff are missing; an interval, since not everybody is identified."""

    min: int = Field(description="If every unidentified person were staff.", examples=[2])
    max: int = Field(description="If no unidentified person were staff.", examples=[4])
    possible_since_us: int | None = Field(
        None, description="Since when some may be missing, UTC microseconds; null when none may be."
    )
    sure_since_us: int | None = Field(
        None, description="Since when some are missing whoever the others are, or null."
    )


class LastChangeView(BaseModel):
    """The last time somebody entered or left."""

    kind: str = Field(
        description="ENTERED, LEFT, DWELL_EXCEEDED, or WITHDRAWN for one that did not happen.",
        examples=["ENTERED"],
    )
    at_us: int = Field(description="Event time, UTC microseconds.")


class ShiftView(BaseModel):
    """A shift on duty now."""

    shift_id: str = Field(description="Shift.")
    staff_id: str = Field(
        description="Pseudonym; empty for somebody of an agency whom nobody has named.",
        examples=["s-7f3a"],
    )
    role: str = Field(description="Role worked.", examples=["nurse"])
    starts_us: int = Field(description="UTC microseconds.")
    ends_us: int = Field(description="UTC microseconds, exclusive.")
    kind: str = Field("WORK", description="WORK, or ON_CALL: comes when called.")
    agency: str = Field("", description="Agency that sends the person; empty for own staff.")


class UnitOfZone(BaseModel):
    """A unit that a zone is in."""

    unit_id: str = Field(description="Unit.", examples=["ward-3-east"])
    name: str = Field(description="For people.")
    department: str = Field(description="Its department; empty when not registered.")
    site: str = Field(description="Its site; empty when not registered.")


class ZoneView(BaseModel):
    """A zone now. Numbers are null until something was measured."""

    zone_id: str = Field(description="Zone.", examples=["bay-2"])
    name: str = Field(description="For people; the id when the zone is not registered.")
    floor_id: str = Field(description="Floor.")
    floor_name: str = Field(description="For people.")
    units: list[UnitOfZone] = Field(default=[], description="Units that it is in, by id.")
    camera_id: str | None = Field(
        description="Camera whose frame the polygon is drawn in; null on a calibrated floor."
    )
    order: int = Field(description="Place on the board.")
    space: str = Field(description="IMAGE_PX or FLOOR_M: frame of `polygon`.")
    polygon: list[Point] = Field(description="Outline; empty when not registered.")
    people: int | None = Field(description="People now.", examples=[12])
    identified: int | None = Field(description="Of these, identified staff.", examples=[0])
    scheduled: int | None = Field(description="Staff scheduled now.", examples=[3])
    required: int | None = Field(description="Staff required now.", examples=[4])
    least_required: int | None = Field(
        None,
        description="The least that may be required: a ratio may relate to unidentified people.",
    )
    gap: GapView | None = Field(description="Staff missing.")
    coverage: CoverageView = Field(description="What the gap means.")
    is_watched: bool | None = Field(
        None,
        description="False: cameras that report do not see the zone, and more may be there.",
    )
    count: ZoneCount | None = Field(
        None, description="People by heads, flow and badges, and how far these are apart."
    )
    census: ZoneCensus | None = Field(
        None,
        description="People to care for by census; null where no requirement relates to one.",
    )
    longest_since_us: int | None = Field(
        None,
        description="When the longest stay that goes on began, UTC microseconds; null where nobody "
        "is there.",
    )
    roles: list[Role] = Field(description="By role.")
    seq: int | None = Field(description="Number of the value; rises by one.")
    freshness: Freshness = Field(description="Whether the numbers may be acted on.")
    last_change: LastChangeView | None = Field(description="Null when none was seen.")


class ZoneDetail(ZoneView):
    """A zone now, with who is rostered there."""

    person_ids: list[str] = Field(description="Who is in the zone.")
    shifts: list[ShiftView] = Field(description="Shifts on duty now, by start.")


class FloorPoint(BaseModel):
    """A point on the floor."""

    x: float = Field(description="Along the first axis of the floor, m.")
    y: float = Field(description="A quarter turn counterclockwise from it, m.")


class CameraPosition(FloorPoint):
    """Where a camera is."""

    z: float = Field(description="Above the floor, m.")


class CameraFootprint(BaseModel):
    """A calibrated camera on the plan of its floor."""

    position: CameraPosition | None = Field(
        description="Where it is; null where the calibration does not tell."
    )
    sees: list[list[FloorPoint]] = Field(
        description=(
            "Polygons of the floor that it sees, m: as far as a person fills a twelfth of the "
            "height of its frame, and no further than walls let it."
        )
    )


class CameraView(BaseModel):
    """A camera now: its frame, and where it sees people. Never pixels."""

    camera_id: str = Field(description="Camera.", examples=["left"])
    name: str = Field(description="For people.")
    floor_id: str = Field(description="Floor.")
    width: int = Field(description="Frame width, px; 0 when unknown.")
    height: int = Field(description="Frame height, px; 0 when unknown.")
    privacy_masks: list[list[Point]] = Field(description="Blanked regions, px.")
    footprint: CameraFootprint | None = Field(
        description="Its place on the plan of the floor; null while it is not calibrated."
    )
    not_fused: str = Field(
        description="Why it is calibrated and yet not fused with the others of its floor; empty "
        "otherwise.",
    )
    live: CameraTracks | None = Field(description="After the latest frame.")
    freshness: Freshness = Field(description="Age of the latest frame.")
    suspect_since_us: int | None = Field(
        description="Since when its view is suspect, UTC microseconds; null while it is not."
    )
    suspect_reason: str = Field(
        description="Why its view is suspect: the guard's verdict; empty while it is not.",
        examples=["MOVED"],
    )


class FloorPresence(BaseModel):
    """Who is on a floor now."""

    floor_id: str = Field(description="Floor.", examples=["ward-3"])
    name: str = Field(description="For people.")
    time_zone: str = Field(description="IANA name; empty when not registered.")
    presence: Presence | None = Field(description="The latest tick.")
    freshness: Freshness = Field(description="Age of the tick.")


class DrawingOfFloor(BaseModel):
    """A picture that lies under the plan of a floor."""

    sha256: str = Field(description="SHA-256 of the picture, hex: the last part of its path.")
    width_px: int = Field(description="Width, px.")
    height_px: int = Field(description="Height, px.")
    a: float = Field(description="x = a u + b v + x0 for u px to the right and v px down, m/px.")
    b: float = Field(description="y = b u - a v + y0, m/px.")
    x0: float = Field(description="x of the picture's upper left corner, m.")
    y0: float = Field(description="y of the picture's upper left corner, m.")


class FloorView(BaseModel):
    """A floor as it is registered."""

    floor_id: str = Field(description="Floor.", examples=["ward-3"])
    name: str = Field(description="For people.")
    time_zone: str = Field(description="IANA name.")
    drawing: DrawingOfFloor | None = Field(description="Under its plan; null for none.")


class Floors(BaseModel):
    """Floors as they are registered."""

    floors: list[FloorView] = Field(description="By name.")


class OpenAlerts(BaseModel):
    """Alerts of zones that are open now."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    floors: list[FloorAlerts] = Field(description="By floor.")


class Zones(BaseModel):
    """All zones in the order of the board."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    zones: list[ZoneView] = Field(description="By order, then name.")


class Cameras(BaseModel):
    """All cameras."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    cameras: list[CameraView] = Field(description="By name.")


class TrendStep(BaseModel):
    """From `at_us` on there were `people`."""

    at_us: int = Field(description="Event time, UTC microseconds.")
    people: int = Field(description="People in the zone.")


class Trends(BaseModel):
    """People per zone over the last half hour, as this server saw them."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    zones: dict[str, list[TrendStep]] = Field(description="Steps by zone, oldest first.")


class StageView(BaseModel):
    """How current one kind of value is."""

    stage: str = Field(description="`tracks`, `presence` or `occupancy`.", examples=["tracks"])
    values: int = Field(description="Current values.", examples=[2])
    stale: int = Field(description="Of these, stale.", examples=[0])
    written_us: int | None = Field(description="Last write by the sink, UTC microseconds.")
    delay_s: float | None = Field(
        description="Write minus event time of the newest value, seconds.", examples=[0.31]
    )
    freshness: Freshness = Field(description="Age of the newest value.")


class DetectorView(BaseModel):
    """A detector whose results are on the board."""

    name: str = Field(description="Model.", examples=["yolox-nano"])
    version: str = Field(description="Version of the model.")
    camera_ids: list[str] = Field(description="Cameras whose latest frame it saw.")
    caution: str = Field(description="Why not to trust it; empty when there is no reason.")


class RedisView(BaseModel):
    """The store of live values."""

    reachable: bool = Field(description="It answered.")
    error: str = Field(description="Why not; empty when it did.")
    since_us: int | None = Field(
        default=None, description="Since when it is away, UTC microseconds; null while it answers."
    )


class NamesView(BaseModel):
    """Reference data: names, zones, cameras, shifts."""

    synced_us: int | None = Field(description="Last read to their end; null before the first.")
    error: str = Field(description="Why they cannot be read; empty when they can.")


class AlertView(BaseModel):
    """A raised alert."""

    alert_id: str = Field(description="Its key.", examples=["silence/camera/left"])
    tier: str = Field(description="NOTICE, WARNING or PAGE.", examples=["WARNING"])
    kind: str = Field(description="Part before the first slash of its key.", examples=["silence"])
    subject: str = Field(
        description="What it is about: `line`, `log`, `stage/NAME`, `camera/ID` or `floors/ID+ID`.",
        examples=["camera/left"],
    )
    what: str = Field(
        description="The alert as a message.", examples=["No new data from camera Left half"]
    )
    since_us: int = Field(description="Since when, UTC microseconds.")
    at_us: int = Field(description="When it was raised, UTC microseconds.")
    owner: str = Field(description="Who must act.")
    next_action: str = Field(description="What to check first.")


class LagView(BaseModel):
    """The lag of a stage."""

    stage: str = Field(description="Name of the process.", examples=["sink-timescale"])
    what: str = Field(
        description="What the lag means for people.", examples=["History is written late"]
    )
    records: int = Field(description="Records that wait for it.", examples=[1200])
    seconds: float = Field(description="Age of the oldest of them, seconds.", examples=[42.0])
    late: bool = Field(description="More than the few seconds that come and go.")


class PipelineNow(BaseModel):
    """The whole pipeline: alerts and lags."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    alerts: list[AlertView] = Field(description="Raised alerts, oldest first.")
    lags: list[LagView] = Field(description="Lag of each stage that ever ran.")
    error: str = Field(description="Why the log cannot be read; empty when it can.")


class Status(BaseModel):
    """Whether the board can be trusted."""

    now_us: int = Field(description="Clock of the server, UTC microseconds.")
    title: str = Field(description="Heading of the board.")
    time_zone: str = Field(
        description="IANA name of the time zone of all floors; empty where they have several."
    )
    stale_after_s: float = Field(description="Age from which a value is stale, seconds.")
    renewed_within_s: float = Field(
        description="A zone older than this is stale even while its floor ticks, seconds."
    )
    redis: RedisView = Field(description="Whether the store of live values answers.")
    names: NamesView = Field(description="Whether names and zones are up to date.")
    stages: list[StageView] = Field(description="From the camera on; empty without Redis.")
    detectors: list[DetectorView] = Field(description="Empty before the first frame.")
    lags: list[LagView] = Field(description="Lag of each stage, as last seen.")
    clients: int = Field(description="Open event streams.")
    changes_after: str | None = Field(
        description=(
            "Follow `changes` after this event: together with the values read after this answer "
            "nothing is missed. Null until Redis first answers."
        )
    )
