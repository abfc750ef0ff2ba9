"""The demo's ward: cameras cut from clips, zones, a small roster, requirements, rules of alerts.

Pure: it takes the clips and the time, and returns rows as a person would import them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.domain.camera.pinhole import Pinhole
from streams.domain.evidence.readers import RANGE_M
from workers.ingest.feed import WHOLE, Region, captured_size
from workers.ingest.sources.probe import Clip
from workers.local.demo.alert_rules import RULES
from workers.local.demo.views import fields_of
from workers.operations.simulated_ward import simulated_id

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class VirtualCamera:
    """A camera of the demo: a region of a clip.

    Attributes:
        camera_id: Id of the camera.
        clip: Clip that holds its pixels.
        region: The part of the clip that it shows.
        width: Width of the captured frame, px.
        height: Height of the captured frame, px.
        name: For people.
        floor_id: Floor that it shares with others; empty for a floor of its own.
        pinhole: Its calibration, for captured frames; None while it has none.
        sees: Corners of the part of the floor that walls let it see, m; empty without walls.
    """

    camera_id: str
    clip: Clip
    region: Region
    width: int
    height: int
    name: str = ""
    floor_id: str = ""
    pinhole: Pinhole | None = None
    sees: tuple[tuple[float, float], ...] = ()

    def row(self) -> dict[str, Any]:
        """The camera as a row of an import."""
        row: dict[str, Any] = {
            "camera_id": self.camera_id,
            "name": self.name,
            "width": self.width,
            "height": self.height,
        }
        if self.floor_id:
            row["floor_id"] = self.floor_id
        if self.pinhole is not None:
            row |= fields_of(self.pinhole)
        if self.sees:
            row["sees"] = [[x, y] for x, y in self.sees]
        return row


@dataclass(frozen=True, kw_only=True, slots=True)
class ZoneOfDemo:
    """A zone, who is required there and who is on duty.

    Attributes:
        zone_id: Id of the zone.
        name: For people.
        polygon: Corners: px of a camera's frame, or m of a floor.
        camera_id: Camera in whose frame it is drawn; empty for a zone of a floor.
        floor_id: Floor on which it is drawn; empty for a zone of a camera.
        required: Number of staff required, by role.
        rostered: Role of each member of staff who has a shift there.
    """

    zone_id: str
    name: str
    polygon: Sequence[tuple[float, float]]
    camera_id: str = ""
    floor_id: str = ""
    required: tuple[tuple[str, int], ...] = ()
    rostered: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderOfDemo:
    """A made-up reader of badges.

    Attributes:
        name: For people; its id follows from it.
        floor_id: Its floor.
        x_m: Position, m of the floor.
        y_m: Position, m of the floor.
        range_m: It seldom reads farther than this, m.
        zone_id: The zone that it covers, where it has no position.
    """

    name: str
    floor_id: str
    x_m: float | None = None
    y_m: float | None = None
    range_m: float = RANGE_M
    zone_id: str = ""

    def row(self) -> dict[str, Any]:
        """The reader as a row of an import."""
        reader_id = simulated_id(self.name.lower().replace(" ", "-"))
        row = {"reader_id": reader_id, "name": f"{self.name} (made up)", "floor_id": self.floor_id}
        if self.zone_id:
            return {**row, "zone_id": self.zone_id}
        return {**row, "x_m": self.x_m, "y_m": self.y_m, "range_m": self.range_m}


@dataclass(frozen=True, slots=True)
class Scenario:
    """All rows that the demo imports, by the word of the import command."""

    cameras: list[VirtualCamera]
    rows: Rows = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the ward, and its floors."""

    unit_id: str
    name: str
    floor_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ward:
    """What a demo shows, but for the time.

    Attributes:
        cameras: Its cameras.
        zones: Its zones, in the order of the board.
        units: Its units.
        floors: Name of each floor that several cameras share, by its id.
        readers: Its readers of badges.
        roles: Its staff roles, where more is said of them than their names.
    """

    cameras: list[VirtualCamera]
    zones: list[ZoneOfDemo]
    units: list[Unit]
    floors: dict[str, str] = field(default_factory=dict)
    readers: list[ReaderOfDemo] = field(default_factory=list)
    roles: Sequence[dict[str, Any]] = ()

    def scenario(self, starts_us: int, *, badges: bool = False) -> Scenario:
        """Everything to import for a run.

        Args:
            starts_us: Event time of the first frame, UTC microseconds; shifts are laid around it.
            badges: Whether readers are registered, and a badge of each member of staff.
        """
        start = datetime.fromtimestamp(starts_us / 1e6, UTC).replace(tzinfo=None)
        shift_starts = (start - timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
        named = self.floors.items()
        rows: Rows = {
            "floor": [
                {"floor_id": floor_id, "name": name, "time_zone": "UTC"} for floor_id, name in named
            ],
            "camera": [camera.row() for camera in self.cameras],
            "zone": [_zone_row(zone, order) for order, zone in enumerate(self.zones)],
            "role": list(self.roles),
            "staff": [],
            "shift": [],
            "requirement": [],
            "unit": [
                {"unit_id": unit.unit_id, "name": unit.name, "floor_ids": list(unit.floor_ids)}
                for unit in self.units
            ],
            "rule": [dict(rule) for rule in RULES],
        }
        for zone in self.zones:
            _roster(zone, shift_starts, rows)
        if badges:
            rows["reader"] = [reader.row() for reader in self.readers]
            rows["badge"] = [
                {"badge_id": simulated_id(staff["staff_id"]), "staff_ids": [staff["staff_id"]]}
                for staff in rows["staff"]
            ]
        return Scenario(self.cameras, {kind: found for kind, found in rows.items() if found})


_HALVES = (Region(width=0.5), Region(x=0.5, width=0.5))
_SIDES = (
    ("west", "West"),
    ("east", "East"),
    ("north", "North"),
    ("south", "South"),
)
_FAR = ((0.02, 0.18), (0.98, 0.18), (0.98, 0.52), (0.02, 0.52))
_NEAR = ((0.02, 0.54), (0.98, 0.54), (0.98, 0.99), (0.02, 0.99))
_SHIFT_H = 8


def cameras_of(clips: list[Clip], max_width: int) -> list[VirtualCamera]:
    """One clip becomes two virtual cameras, its left and right half; more are one each.

    Args:
        clips: The video sources.
        max_width: Width to which ingest shrinks wider frames, px.
    """
    if len(clips) == 1:
        parts = [
            (f"cam-{word}", f"{label} camera", clips[0], half)
            for (word, label), half in zip(_SIDES, _HALVES, strict=False)
        ]
    else:
        parts = [
            (f"cam-{number}", f"Room {number} camera", clip, WHOLE)
            for number, clip in enumerate(clips, 1)
        ]
    return [
        VirtualCamera(
            camera_id,
            clip,
            region,
            *captured_size(clip.width, clip.height, region, max_width),
            name=name,
        )
        for camera_id, name, clip, region in parts
    ]


def separate_ward(clips: list[Clip], max_width: int) -> Ward:
    """A ward of cameras that share nothing, each with a zone near by and one further away.

    Args:
        clips: The video sources.
        max_width: Width to which ingest shrinks wider frames, px.
    """
    cameras = cameras_of(clips, max_width)
    zones, units = [], []
    for number, camera in enumerate(cameras):
        word = camera.camera_id.removeprefix("cam-")
        label = dict(_SIDES).get(word, f"Room {word}")
        units.append(Unit(word, f"{label} unit", (camera.camera_id,)))
        assistants = number % 2
        bay = [("nurse", 2), *([("care-assistant", assistants)] * assistants)]
        rostered = (("nurse", "nurse"), ("care-assistant",) * assistants)
        for zone_id, name, shape, required, roles in (
            (f"{word}-bay", f"{label} bay", _NEAR, tuple(bay), rostered[0]),
            (f"{word}-hall", f"{label} hall", _FAR, (("nurse", 1),), rostered[1]),
        ):
            zones.append(
                ZoneOfDemo(
                    zone_id=zone_id,
                    name=name,
                    polygon=[
                        (round(x * camera.width, 1), round(y * camera.height, 1)) for x, y in shape
                    ],
                    camera_id=camera.camera_id,
                    required=required,
                    rostered=roles,
                )
            )
    readers = [
        ReaderOfDemo(name=zone.name, floor_id=zone.camera_id, zone_id=zone.zone_id)
        for zone in zones
    ]
    return Ward(cameras, zones, units, readers=readers)


def make_scenario(clips: list[Clip], starts_us: int, max_width: int) -> Scenario:
    """Lay out a ward of cameras that share nothing.

    Args:
        clips: The video sources.
        starts_us: Event time of the first frame, UTC microseconds; shifts are laid around it.
        max_width: Width to which ingest shrinks wider frames, px.
    """
    return separate_ward(clips, max_width).scenario(starts_us)


def _zone_row(zone: ZoneOfDemo, order: int) -> dict[str, Any]:
    return {
        "zone_id": zone.zone_id,
        **({"camera_id": zone.camera_id} if zone.camera_id else {"floor_id": zone.floor_id}),
        "name": zone.name,
        "order": order,
        "dwell_limit_s": 30,
        "polygon": [[x, y] for x, y in zone.polygon],
    }


def _roster(zone: ZoneOfDemo, shift_starts: datetime, rows: Rows) -> None:
    """Add a zone's staff, shifts and requirements."""
    for number, role in enumerate(zone.rostered, 1):
        staff_id = f"{zone.zone_id}-{role}-{number}"
        rows["staff"].append({"staff_id": staff_id, "role": role})
        rows["shift"].append(
            {
                "shift_id": f"{staff_id}-{shift_starts:%Y%m%d}",
                "staff_id": staff_id,
                "zone_id": zone.zone_id,
                "starts": shift_starts.isoformat(),
                "ends": (shift_starts + timedelta(hours=_SHIFT_H)).isoformat(),
                "time_zone": "UTC",
            }
        )
    for role, count in zone.required:
        rows["requirement"].append(
            {
                "requirement_id": f"{zone.zone_id}-{role}",
                "zone_id": zone.zone_id,
                "role": role,
                "count": count,
                "time_zone": "UTC",
            }
        )
