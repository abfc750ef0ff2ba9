"""Reference data of places: cameras, floors, zones and units, each at one version."""

from typing import Literal, TypedDict


class Point(TypedDict):
    """A vertex of a polygon."""

    x: float
    y: float


CameraMount = Literal["UNKNOWN", "FIXED", "MOVING"]


class Lens(TypedDict):
    """What a lens does to the pixels of an ideal one."""

    fx: float
    fy: float
    cx: float
    cy: float
    distortion: list[float]


class Location(TypedDict):
    """Where something is, in metres of its floor."""

    x_m: float
    y_m: float
    z_m: float


class Camera(TypedDict):
    """A camera at one version."""

    camera_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    floor_id: str
    name: str
    width: int
    height: int
    privacy_masks: list[list[Point]]
    homography: list[float] | None
    mount: CameraMount
    projection: list[float] | None
    lens: Lens | None
    location: Location | None
    field_of_view_deg: float | None
    sees: list[Point]
    reason: str


class Passage(TypedDict):
    """A place where people leave views, and the one where they appear in others."""

    name: str
    from_camera_id: str
    to_camera_id: str
    from_x_m: float
    from_y_m: float
    to_x_m: float
    to_y_m: float
    radius_m: float
    min_s: float
    max_s: float


class DrawingPoint(TypedDict):
    """A point of a picture (px) whose place on the floor (m) is known."""

    u: float
    v: float
    x_m: float
    y_m: float


class FloorDrawing(TypedDict):
    """A picture of the floor's plan, and where on the floor it lies."""

    sha256: str
    width_px: int
    height_px: int
    points: list[DrawingPoint]


class Floor(TypedDict):
    """A floor at one version."""

    floor_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    partition: int
    name: str
    time_zone: str
    passages: list[Passage]
    drawing: FloorDrawing | None


ZoneSpace = Literal["UNKNOWN", "IMAGE_PX", "FLOOR_M"]


class Zone(TypedDict):
    """A zone at one version."""

    zone_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    floor_id: str
    camera_id: str | None
    name: str
    space: ZoneSpace
    polygon: list[Point]
    enter_after_ms: int
    leave_after_ms: int
    dwell_limit_s: float | None
    order: int


class Unit(TypedDict):
    """A unit, such as a ward of a department, at one version."""

    unit_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    name: str
    site: str
    department: str
    floor_ids: list[str]
    zone_ids: list[str]
    neighbour_ids: list[str]
