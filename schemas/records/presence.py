"""Who is on a floor, and which identities belong together."""

from typing import Literal, TypedDict

from schemas.records.staffing import FloorCoverage

EvidenceKind = Literal["UNKNOWN", "BADGE", "DETECTOR_CLASS", "UNIFORM"]
DutyStatusName = Literal[
    "UNKNOWN",
    "VISITOR",
    "ON_SHIFT",
    "ON_BREAK",
    "NOT_EXPECTED",
    "EARLY",
    "LATE",
    "OFF_SHIFT",
]


class Candidate(TypedDict):
    """A member of staff whom a person may be."""

    staff_id: str
    confidence: float


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
    position_sd_m: float | None
    height_m: float | None
    candidates: list[Candidate]
    role_evidence: list[EvidenceKind]
    duty_status: DutyStatusName


class CameraVersion(TypedDict):
    """A camera at one version."""

    camera_id: str
    version: int


class Presence(TypedDict):
    """The people on one floor at the end of a tick."""

    floor_id: str
    seq: int
    as_of_us: int
    inputs_through_us: int
    cameras_missing: list[str]
    people: list[Person]
    camera_versions: list[CameraVersion]
    coverage: FloorCoverage | None


LinkKind = Literal["UNKNOWN", "REIDENTIFICATION", "HAND_OVER", "MERGE", "SPLIT", "BADGE"]


class LinkEvidence(TypedDict):
    """Evidence for a link; a field is None where the kind of link does not use it."""

    gap_s: float | None
    distance_heights: float | None
    distance_m: float | None


class Link(TypedDict):
    """Two identities belong together; records already sent under either stay as they are."""

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
    badge_id: str
