"""Rows of the import files: what a person writes, checked field by field.

Local times are written as the ward's clock shows them, with an IANA time zone; they become UTC
here, once. Polygons are in pixels of the captured frame.
"""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from shapely.geometry import Polygon

from schemas.topics import CAMERAS, FLOORS, REQUIREMENTS, SHIFTS, STAFF, ZONES, Topic

_DAY_MINUTES = 24 * 60
_WEEKDAYS = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a part of a name is a folder
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Berlin") from error
    return name


def _polygon(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(points) < 3:
        raise ValueError(f"a polygon needs at least 3 points, not {len(points)}")
    shape = Polygon(points)
    if not shape.is_valid or shape.area == 0:
        raise ValueError("the polygon crosses itself or has no area")
    return points


def _weekdays(value: Any) -> Any:
    """Parse `mon-fri`, `sat,sun` or a list of ISO numbers."""
    if not isinstance(value, str):
        return value
    days: list[int] = []
    for part in value.lower().replace(" ", ",").split(","):
        first, _, last = part.partition("-")
        if not part:
            continue
        if first not in _WEEKDAYS or (last and last not in _WEEKDAYS):
            raise ValueError(
                f"{part!r} is not a weekday; write mon, tue, wed, thu, fri, sat, sun or mon-fri"
            )
        start, end = _WEEKDAYS[first], _WEEKDAYS[last or first]
        span = (end - start) % 7
        days += [(start + step - 1) % 7 + 1 for step in range(span + 1)]
    return sorted(set(days))


def _blank_is_none(value: Any) -> Any:
    return None if value == "" else value


Identity = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
PolygonPoints = Annotated[list[tuple[float, float]], AfterValidator(_polygon)]


def utc_us(local: datetime, time_zone: str) -> int:
    """UTC microseconds of a local time; an ambiguous hour means its first pass.

    Raises:
        ValueError: The clock jumps over that time in this zone.
    """
    aware = local if local.tzinfo is not None else local.replace(tzinfo=ZoneInfo(time_zone))
    try:
        passed = aware.astimezone(UTC).astimezone(aware.tzinfo)
    except OverflowError as error:
        raise ValueError(f"{local.isoformat()} is outside the calendar") from error
    if passed.replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ValueError(
            f"{local.isoformat()} does not exist in {time_zone}: the clock jumps over it"
        )
    return int(aware.timestamp() * 1_000_000)


class Row(BaseModel):
    """A row of an import file; unknown columns are refused so that typos show."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    topic: ClassVar[Topic]

    def fields(self) -> dict[str, Any]:
        """The row as fields of its Avro record, without version and times."""
        return self.model_dump()


class CameraRow(Row):
    """A camera; without a homography it has a floor of its own, named like itself."""

    topic = CAMERAS
    camera_id: Identity
    floor_id: Annotated[Identity | None, BeforeValidator(_blank_is_none)] = None
    name: str = ""
    width: int = Field(gt=0, le=16384)
    height: int = Field(gt=0, le=16384)
    privacy_masks: list[PolygonPoints] = []
    homography: Annotated[list[float], Field(min_length=9, max_length=9)] | None = None
    time_zone: TimeZone = "UTC"

    def fields(self) -> dict[str, Any]:
        """Avro fields; the time zone belongs to the floor."""
        masks = [[{"x": x, "y": y} for x, y in mask] for mask in self.privacy_masks]
        return {
            **self.model_dump(exclude={"time_zone"}),
            "floor_id": self.floor_id or self.camera_id,
            "privacy_masks": masks,
        }


class FloorRow(Row):
    """A floor; importing its first camera also makes one, with the camera's time zone."""

    topic = FLOORS
    floor_id: Identity
    name: str = ""
    time_zone: TimeZone = "UTC"


class ZoneRow(Row):
    """A zone: a polygon in the frame of one camera, or on a calibrated floor in metres."""

    topic = ZONES
    zone_id: Identity
    camera_id: Annotated[Identity | None, BeforeValidator(_blank_is_none)] = None
    floor_id: Annotated[Identity | None, BeforeValidator(_blank_is_none)] = None
    name: str = ""
    polygon: PolygonPoints
    enter_after_ms: int = Field(500, ge=0, le=600_000)
    leave_after_ms: int = Field(1500, ge=0, le=600_000)
    dwell_limit_s: Annotated[float | None, BeforeValidator(_blank_is_none)] = Field(
        None, gt=0, le=31_536_000
    )
    order: int = 0

    @model_validator(mode="after")
    def _has_a_frame_or_a_floor(self) -> "ZoneRow":
        if (self.camera_id is None) == (self.floor_id is None):
            raise ValueError(
                "give either camera_id (polygon in pixels) or floor_id (polygon in metres)"
            )
        return self

    def fields(self) -> dict[str, Any]:
        """Avro fields; a camera's zone gets its floor from the camera on import."""
        return {
            **self.model_dump(exclude={"floor_id"}),
            "floor_id": self.floor_id or "",
            "space": "IMAGE_PX" if self.camera_id else "FLOOR_M",
            "polygon": [{"x": x, "y": y} for x, y in self.polygon],
        }


class StaffRow(Row):
    """A member of staff by pseudonym."""

    topic = STAFF
    staff_id: Identity
    role: Identity


class ShiftRow(Row):
    """A shift; one that ends at or before its start's clock time ends the next day."""

    topic = SHIFTS
    shift_id: Identity
    staff_id: Identity
    zone_id: Identity
    role: str = ""
    starts: datetime
    ends: datetime | time
    time_zone: TimeZone = "UTC"

    @property
    def starts_us(self) -> int:
        """Start, UTC microseconds."""
        return utc_us(self.starts, self.time_zone)

    @property
    def ends_us(self) -> int:
        """End, exclusive, UTC microseconds."""
        if isinstance(self.ends, datetime):
            return utc_us(self.ends, self.time_zone)
        day: date = self.starts.date()
        end = datetime.combine(day, self.ends, tzinfo=self.starts.tzinfo)
        if end <= self.starts:
            end = datetime.combine(
                date.fromordinal(day.toordinal() + 1), self.ends, tzinfo=self.starts.tzinfo
            )
        return utc_us(end, self.time_zone)

    @model_validator(mode="after")
    def _has_a_length(self) -> "ShiftRow":
        hours = (self.ends_us - self.starts_us) / 3.6e9
        if not 0 < hours <= 36:
            raise ValueError(
                f"a shift of {hours:.1f} h: ends must be after starts, by 36 h at most"
            )
        return self

    def fields(self) -> dict[str, Any]:
        """Avro fields, in UTC."""
        kept = self.model_dump(include={"shift_id", "staff_id", "zone_id", "role", "time_zone"})
        return {**kept, "starts_us": self.starts_us, "ends_us": self.ends_us}


class RequirementRow(Row):
    """How many of a role a zone needs, on which weekdays and between which local times."""

    topic = REQUIREMENTS
    requirement_id: Identity
    zone_id: Identity
    role: Identity
    count: int = Field(ge=0, le=1000)
    weekdays: Annotated[
        list[Annotated[int, Field(ge=1, le=7)]], BeforeValidator(_weekdays), Field(min_length=1)
    ] = [1, 2, 3, 4, 5, 6, 7]
    starts: time = time(0, 0)
    ends: time = time(0, 0)
    time_zone: TimeZone = "UTC"

    def fields(self) -> dict[str, Any]:
        """Avro fields: minutes of the local day; `to` at or before `from` is the next day."""
        kept = self.model_dump(
            include={"requirement_id", "zone_id", "role", "count", "weekdays", "time_zone"}
        )
        to_minute = self.ends.hour * 60 + self.ends.minute
        return {
            **kept,
            "from_minute": self.starts.hour * 60 + self.starts.minute,
            "to_minute": to_minute or _DAY_MINUTES,
        }


ROWS: dict[str, type[Row]] = {
    "floor": FloorRow,
    "camera": CameraRow,
    "zone": ZoneRow,
    "staff": StaffRow,
    "shift": ShiftRow,
    "requirement": RequirementRow,
}
"""Kinds that can be imported, by their name on the command line."""
