"""The rows that an operator writes, checked field by field.

Local times are written as the ward's clock shows them; they become UTC here, once. Polygons are in
pixels of the captured frame. What a field may look like: `text.py` and `values.py`.
"""

from datetime import date, datetime, time
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from schemas.topics import (
    BADGES,
    CAMERAS,
    FLOORS,
    READERS,
    SHIFTS,
    STAFF,
    UNITS,
    ZONES,
)
from streams.domain.evidence.readers import RANGE_M
from workers.registry import drawings, geometry, text, values
from workers.registry.calibration import homography_of
from workers.registry.coverage_rows import CensusRow, RequirementRow, RoleRow
from workers.registry.row import Identities, Identity, Name, Row, TimeZone, Whole
from workers.registry.rule_rows import RuleRow
from workers.registry.values import Point, utc_us

_MAX_SHIFT_H = 36
_INT32 = 2**31 - 1

PolygonPoints = Annotated[list[Point], BeforeValidator(values.polygon)]
Polygons = Annotated[list[list[Point]], BeforeValidator(values.polygons), Field(max_length=100)]


class CameraRow(Row):
    """A camera, mounted `fixed` or `moving`; without a homography it has a floor of its own."""

    topic = CAMERAS
    camera_id: Identity
    floor_id: Identity | None = None
    name: Name = ""
    width: Whole = Field(gt=0, le=16384)
    height: Whole = Field(gt=0, le=16384)
    privacy_masks: Polygons = []
    homography: Annotated[list[float] | None, BeforeValidator(values.homography)] = None
    projection: Annotated[list[float] | None, BeforeValidator(values.projection)] = None
    lens: Annotated[dict[str, float | list[float]] | None, BeforeValidator(values.lens)] = None
    location: Annotated[dict[str, float] | None, BeforeValidator(geometry.location)] = None
    field_of_view_deg: Annotated[float | None, BeforeValidator(geometry.field_of_view)] = None
    sees: Annotated[list[Point], BeforeValidator(geometry.region)] = []
    reason: Annotated[str, BeforeValidator(text.reason)] = ""
    mount: Annotated[Literal["FIXED", "MOVING"], BeforeValidator(text.mount)] = "FIXED"
    time_zone: TimeZone | None = None

    def fields(self, time_zone: str | None = None) -> dict[str, Any]:  # noqa: ARG002 - the floor's
        """Avro fields; the time zone belongs to the floor, and a projection gives the homography.

        Raises:
            ValueError: Projection, lens and homography do not fit together.
        """
        masks = [[{"x": x, "y": y} for x, y in mask] for mask in self.privacy_masks]
        fields = self.model_dump(exclude={"time_zone"})
        return {
            **fields,
            "floor_id": self.floor_id or self.camera_id,
            "privacy_masks": masks,
            "homography": homography_of(fields),
            "sees": [{"x": x, "y": y} for x, y in self.sees],
        }


class FloorRow(Row):
    """A floor; importing its first camera also makes one, with the camera's time zone."""

    topic = FLOORS
    floor_id: Identity
    name: Name = ""
    time_zone: TimeZone | None = None
    passages: Annotated[list[dict[str, str | float]], BeforeValidator(geometry.passages)] = []
    drawing: Annotated[dict[str, Any] | None, BeforeValidator(drawings.drawing)] = None

    def fields(self, time_zone: str | None = None) -> dict[str, Any]:
        """Avro fields; without a time zone it keeps the one that it has."""
        return {**self.model_dump(), "time_zone": self.time_zone or time_zone or "UTC"}


class ZoneRow(Row):
    """A zone: a polygon in the frame of one camera, or on a calibrated floor in metres."""

    topic = ZONES
    zone_id: Identity
    camera_id: Identity | None = None
    floor_id: Identity | None = None
    name: Name = ""
    polygon: PolygonPoints
    enter_after_ms: Whole = Field(500, ge=0, le=600_000)
    leave_after_ms: Whole = Field(1500, ge=0, le=600_000)
    dwell_limit_s: Annotated[float, BeforeValidator(values.number)] | None = Field(
        None, gt=0, le=31_536_000
    )
    order: Whole = Field(0, ge=-_INT32, le=_INT32)

    @model_validator(mode="after")
    def _has_a_frame_or_a_floor(self) -> "ZoneRow":
        if (self.camera_id is None) == (self.floor_id is None):
            raise ValueError(
                "give either camera_id (polygon in pixels) or floor_id (polygon in metres)"
            )
        return self

    def fields(self, time_zone: str | None = None) -> dict[str, Any]:  # noqa: ARG002 - has no time
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
    NEVER_BLANK = frozenset({"starts", "ends"})
    shift_id: Identity
    staff_id: Identity | None = None
    zone_id: Identity
    role: Identity | None = None
    starts: Annotated[datetime, BeforeValidator(values.moment)]
    ends: Annotated[datetime | time, BeforeValidator(values.moment_or_time)]
    time_zone: TimeZone | None = None
    kind: Annotated[Literal["WORK", "ON_CALL", "BREAK"], BeforeValidator(text.shift_kind)] = "WORK"
    status: Annotated[Literal["PLANNED", "CANCELLED"], BeforeValidator(text.shift_status)] = (
        "PLANNED"
    )
    replaces: Identity | None = None
    agency: Name = ""

    @model_validator(mode="after")
    def _is_somebodys(self) -> "ShiftRow":
        if self.staff_id is None:
            if not self.agency:
                raise ValueError("staff_id: is missing: only somebody of an agency may have none")
            if self.kind == "BREAK":
                raise ValueError("staff_id: is missing: a break is cut out of the work of somebody")
            if self.role is None:
                raise ValueError("role: is missing: nothing else tells it of somebody without id")
        if self.replaces is not None and self.kind == "BREAK":
            raise ValueError("replaces: a break takes the place of no shift")
        if self.replaces == self.shift_id:
            raise ValueError("replaces: is the shift itself")
        return self

    @model_validator(mode="after")
    def _is_of_one_clock(self) -> "ShiftRow":
        if isinstance(self.ends, time) and self.starts.tzinfo is not None:
            raise ValueError(
                "starts has an offset, so write ends with its date and offset too, such as "
                "2026-11-30T15:00+01:00"
            )
        return self

    def span_us(self, time_zone: str) -> tuple[int, int]:
        """Start and end, exclusive, UTC microseconds.

        Args:
            time_zone: In which times without an offset are.

        Raises:
            ValueError: A time does not exist there, or the shift has no or too great a length.
        """
        try:
            starts_us = utc_us(self.starts, time_zone)
        except ValueError as error:
            raise ValueError(f"starts: {error}") from error
        try:
            ends_us = utc_us(self._ends(), time_zone)
        except ValueError as error:
            raise ValueError(f"ends: {error}") from error
        hours = (ends_us - starts_us) / 3.6e9
        if not 0 < hours <= _MAX_SHIFT_H:
            raise ValueError(
                f"ends: a shift of {hours:.1f} h: ends must be after starts, by "
                f"{_MAX_SHIFT_H} h at most"
            )
        return starts_us, ends_us

    def _ends(self) -> datetime:
        if isinstance(self.ends, datetime):
            return self.ends
        day: date = self.starts.date()
        end = datetime.combine(day, self.ends)
        if end > self.starts:
            return end
        return datetime.combine(date.fromordinal(day.toordinal() + 1), self.ends)

    def fields(self, time_zone: str | None = None) -> dict[str, Any]:
        """Avro fields, in UTC."""
        zone = self.time_zone or time_zone or "UTC"
        starts_us, ends_us = self.span_us(zone)
        return {
            "shift_id": self.shift_id,
            "staff_id": self.staff_id or "",
            "zone_id": self.zone_id,
            "role": self.role or "",
            "starts_us": starts_us,
            "ends_us": ends_us,
            "time_zone": zone,
            "kind": self.kind,
            "status": self.status,
            "replaces": self.replaces or "",
            "agency": self.agency,
        }


class UnitRow(Row):
    """A unit, such as a ward: the floors and zones in which rights are held together."""

    topic = UNITS
    NEVER_BLANK = frozenset({"floor_ids", "zone_ids"})
    unit_id: Identity
    name: Name = ""
    site: Name = ""
    department: Name = ""
    floor_ids: Identities = []
    zone_ids: Identities = []
    neighbour_ids: Identities = []

    @model_validator(mode="after")
    def _lists_something(self) -> "UnitRow":
        if not self.floor_ids and not self.zone_ids:
            raise ValueError("give floor_ids or zone_ids: a unit without either holds nothing")
        return self


Metres = Annotated[float, BeforeValidator(values.number)]

MOST_HOLDERS: Final = 100
"""A badge is shared by this many members of staff at most."""

Holders = Annotated[list[Identity], BeforeValidator(values.listed), Field(max_length=MOST_HOLDERS)]


def check_position(
    x_m: float | None, y_m: float | None, range_m: float | None, zone_id: str | None
) -> None:
    """A reader has a position, or covers a zone.

    Raises:
        ValueError: It has neither, or both; the message starts with the field.
    """
    placed = [x_m is not None, y_m is not None]
    if zone_id is not None and (any(placed) or range_m is not None):
        raise ValueError("zone_id: give zone_id, or x_m and y_m with range_m, not both")
    if zone_id is None and not all(placed):
        missing = "y_m" if placed[0] else "x_m"
        raise ValueError(f"{missing}: give x_m and y_m, or zone_id for a reader that covers a zone")


class ReaderRow(Row):
    """A reader of badges: with a position in metres of its floor, or one that covers a zone."""

    topic = READERS
    reader_id: Identity
    name: Name = ""
    floor_id: Identity
    x_m: Metres | None = None
    y_m: Metres | None = None
    range_m: Annotated[float | None, BeforeValidator(values.number), Field(gt=0, le=100)] = None
    zone_id: Identity | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> "ReaderRow":
        check_position(self.x_m, self.y_m, self.range_m, self.zone_id)
        return self

    def fields(self, time_zone: str | None = None) -> dict[str, Any]:  # noqa: ARG002 - has no time
        """Avro fields."""
        range_m = (self.range_m or RANGE_M) if self.zone_id is None else None
        return {**self.model_dump(), "range_m": range_m, "zone_id": self.zone_id or ""}


class BadgeRow(Row):
    """A badge by pseudonym, and whose it is; for a time where `starts` or `ends` says so."""

    topic = BADGES
    badge_id: Identity
    staff_ids: Holders = []
    starts: Annotated[datetime | None, BeforeValidator(values.moment)] = None
    ends: Annotated[datetime | None, BeforeValidator(values.moment)] = None
    time_zone: TimeZone | None = None

    @model_validator(mode="after")
    def _has_a_time_zone(self) -> "BadgeRow":
        for name, at in (("starts", self.starts), ("ends", self.ends)):
            if at is not None and at.tzinfo is None and self.time_zone is None:
                raise ValueError(
                    f"{name}: write its offset, such as 2026-11-30T07:00+01:00, or give time_zone"
                )
        return self

    def fields(self, time_zone: str | None = None) -> dict[str, Any]:  # noqa: ARG002 - has its own
        """Avro fields, in UTC.

        Raises:
            ValueError: A time does not exist, or it ends before it starts.
        """
        found: list[int | None] = []
        for name, at in (("starts", self.starts), ("ends", self.ends)):
            try:
                found.append(None if at is None else utc_us(at, self.time_zone or "UTC"))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        from_us, until_us = found
        if from_us is not None and until_us is not None and from_us >= until_us:
            raise ValueError("ends: is not after starts")
        return {
            "badge_id": self.badge_id,
            "staff_ids": sorted(self.staff_ids),
            "from_us": from_us,
            "until_us": until_us,
        }


ROWS: dict[str, type[Row]] = {
    "floor": FloorRow,
    "camera": CameraRow,
    "zone": ZoneRow,
    "staff": StaffRow,
    "shift": ShiftRow,
    "requirement": RequirementRow,
    "unit": UnitRow,
    "reader": ReaderRow,
    "badge": BadgeRow,
    "role": RoleRow,
    "census": CensusRow,
    "rule": RuleRow,
}
"""Kinds that can be imported, by their name on the command line."""
