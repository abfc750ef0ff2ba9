"""The records on the wire, one typed dictionary per Avro record.

A record is the plain dictionary that the codec reads and writes: no conversion stands
between a topic and the code that folds it. The Avro files in ``avsc/`` hold each field's
meaning and unit; a test keeps both in step. Every ``*_us`` is UTC microseconds, every box
is in pixels of the captured frame.
"""

from typing import Literal, TypedDict

FrameKind = Literal["UNKNOWN", "FRAME", "HEARTBEAT"]


FrameEncoding = Literal["UNKNOWN", "JPEG"]


class Frame(TypedDict):
    """One captured frame of a camera, or a heartbeat while it is silent."""

    camera_id: str
    seq: int
    captured_us: int
    kind: FrameKind
    source_clock_us: int | None
    received_us: int
    width: int
    height: int
    encoding: FrameEncoding
    data: bytes | None
    object_uri: str | None
    sha256: str
    camera_version: int
    preprocessing_version: str
    luma_mean: float | None
    contrast: float | None
    sharpness: float | None


Outcome = Literal["UNKNOWN", "DETECTED", "SKIPPED", "FAILED", "HEARTBEAT"]


class Detection(TypedDict):
    """A person found in the frame; pixels of the captured frame."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float
    score: float
    label: str


class Model(TypedDict):
    """What made the detections."""

    name: str
    version: str
    weights_sha256: str
    runtime: str
    input_width: int
    input_height: int
    score_threshold: float
    nms_iou: float


class DetectionOutcome(TypedDict):
    """The one outcome of one frame; the first in log order wins."""

    camera_id: str
    captured_us: int
    frame_seq: int
    outcome: Outcome
    reason: str
    detections: list[Detection]
    model: Model | None
    width: int
    height: int
    camera_version: int
    preprocessing_version: str
    frame_partition: int
    frame_offset: int
    frame_sha256: str
    received_us: int
    inferred_us: int


TrackState = Literal["UNKNOWN", "TENTATIVE", "CONFIRMED", "LOST", "ENDED"]


class Track(TypedDict):
    """One tracked person; pixels of the captured frame, quantised to 1/16."""

    track_id: int
    state: TrackState
    x_min: float
    y_min: float
    x_max: float
    y_max: float
    velocity_x: float
    velocity_y: float
    score: float
    observed: bool
    started_us: int
    last_observed_us: int
    x_m: float | None
    y_m: float | None
    position_sd_m: float | None


class CameraTracks(TypedDict):
    """The tracks of one camera after one frame."""

    camera_id: str
    seq: int
    captured_us: int
    floor_id: str
    frame_seq: int
    width: int
    height: int
    tracks: list[Track]
    model_name: str
    model_version: str


class Person(TypedDict):
    """One person, by person_id."""

    person_id: str
    camera_ids: list[str]
    foot_x_px: float | None
    foot_y_px: float | None
    x_m: float | None
    y_m: float | None
    zone_ids: list[str]
    observed: bool
    last_observed_us: int
    role: str
    role_confidence: float
    staff_id: str | None
    calibration_suspect: bool


class Presence(TypedDict):
    """The people on one floor at the end of a tick."""

    floor_id: str
    seq: int
    as_of_us: int
    inputs_through_us: int
    cameras_missing: list[str]
    people: list[Person]


LinkKind = Literal["UNKNOWN", "REIDENTIFICATION", "HAND_OVER", "MERGE", "SPLIT", "BADGE"]


class LinkEvidence(TypedDict):
    """What a link rests on; None is what its kind does not look at."""

    gap_s: float | None
    distance_heights: float | None


class Link(TypedDict):
    """Two identities are told to belong together; what was sent under either stays as it is."""

    floor_id: str
    seq: int
    at_us: int
    kind: LinkKind
    from_person_id: str
    to_person_id: str
    from_camera_id: str
    from_track_id: int | None
    to_camera_id: str
    to_track_id: int | None
    score: float
    reason: str
    evidence: LinkEvidence | None
    as_of_us: int
    inputs_through_us: int


ZoneEventKind = Literal["UNKNOWN", "ENTERED", "LEFT", "DWELL_EXCEEDED"]


class ZoneEvent(TypedDict):
    """A person entered or left a zone, or stayed beyond its dwell limit."""

    zone_id: str
    seq: int
    at_us: int
    kind: ZoneEventKind
    person_id: str
    floor_id: str
    camera_id: str
    entered_us: int
    dwell_us: int | None
    as_of_us: int
    inputs_through_us: int
    corrects: int | None


OccupancyReason = Literal["UNKNOWN", "CHANGE", "PERIODIC"]


class RoleCoverage(TypedDict):
    """Coverage of one role, by role."""

    role: str
    present_min: int
    present_max: int
    scheduled: int
    required: int
    gap_min: int
    gap_max: int


class ZoneOccupancy(TypedDict):
    """How many people are in a zone, against who is scheduled and required."""

    zone_id: str
    seq: int
    as_of_us: int
    inputs_through_us: int
    cameras_missing: list[str]
    floor_id: str
    reason: OccupancyReason
    people: int
    identified: int
    scheduled: int
    required: int
    gap_min: int
    gap_max: int
    roles: list[RoleCoverage]
    person_ids: list[str]


class Point(TypedDict):
    """A vertex."""

    x: float
    y: float


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


class Staff(TypedDict):
    """A member of staff at one version, by pseudonym."""

    staff_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    role: str


class Shift(TypedDict):
    """A shift at one version."""

    shift_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    staff_id: str
    zone_id: str
    role: str
    starts_us: int
    ends_us: int
    time_zone: str


class Requirement(TypedDict):
    """How many of a role a zone needs, and when."""

    requirement_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    zone_id: str
    role: str
    count: int
    weekdays: list[int]
    from_minute: int
    to_minute: int
    time_zone: str


class AuditEntry(TypedDict):
    """Who did what, when and why; each entry of a chain seals the one before it."""

    chain_id: str
    seq: int
    at_us: int
    actor: str
    action: str
    subject: str
    why: str
    detail: str
    previous_sha256: str
    sha256: str


AlertState = Literal["UNKNOWN", "RAISED", "CLEARED"]
AlertTier = Literal["UNKNOWN", "NOTICE", "WARNING", "PAGE"]


class Alert(TypedDict):
    """Something that a person must know of: raised once, and cleared when it is over."""

    alert_id: str
    seq: int
    at_us: int
    state: AlertState
    tier: AlertTier
    kind: str
    subject: str
    what: str
    since_us: int
    value: float
    threshold: float
    unit: str
    owner: str
    next_action: str
    suppressed: int
