"""Everything that the fold remembers about one floor, and how its cameras report to it."""

from dataclasses import dataclass, field

from schemas.records.presence import Link
from streams.domain.alerts.state import AlertsState
from streams.domain.camera.view import View
from streams.domain.facts.snapshot import Snapshot
from streams.domain.floor.evidence import FloorEvidence
from streams.domain.floor.fused import FusedFloor
from streams.domain.floor.tick import TICK_US, tick_end
from streams.domain.seqs import Seqs, seqs_of
from streams.domain.staffing.open_gaps import OpenGap
from streams.domain.zones.membership import ZoneState


@dataclass(slots=True)
class FloorState:
    """Everything that the fold remembers about one floor.

    Attributes:
        floor_id: Identity.
        opened_us: Event time of the floor's first report, microseconds; 0 before it.
        closed_us: End of the last closed tick, microseconds.
        newest_us: Newest event time reported, microseconds.
        heard: Newest event time of each camera, microseconds.
        pending: Views of ticks that are open, in log order.
        linked: Links of camera tracks of ticks that are open, without a seq.
        views: The view in force of each camera, as of the last closed tick.
        looked: Event time of each camera's last look in a closed tick, microseconds.
        active_us: Newest event time in a closed tick, microseconds.
        missing: Cameras missing in the last closed tick, sorted.
        seqs: Last seq by topic.
        shown: Zones of each person in the last presence record.
        shown_as: Where roles only are shown, the id of each of them in it.
        zones: Zones by id; a removed zone keeps its seqs.
        fused: People who are seen by several cameras.
        gaps: Gaps of the whole floor that are open or were until a moment ago, by role.
        covered: Figures of the coverage in the last presence record.
        alerts: What rules of alerts remember.
        evidence: Who they are, as far as reads of badges say; None where there are none.
    """

    floor_id: str
    opened_us: int = 0
    closed_us: int = 0
    newest_us: int = 0
    heard: dict[str, int] = field(default_factory=dict)
    pending: list[View] = field(default_factory=list)
    linked: list[Link] = field(default_factory=list)
    views: dict[str, View] = field(default_factory=dict)
    looked: dict[str, int] = field(default_factory=dict)
    active_us: int = 0
    missing: list[str] = field(default_factory=list)
    seqs: Seqs = field(default_factory=dict)
    shown: dict[str, list[str]] = field(default_factory=dict)
    shown_as: dict[str, str] = field(default_factory=dict)
    zones: dict[str, ZoneState] = field(default_factory=dict)
    fused: FusedFloor = field(default_factory=FusedFloor)
    gaps: dict[str, OpenGap] = field(default_factory=dict)
    covered: list[int] = field(default_factory=list)
    alerts: AlertsState = field(default_factory=AlertsState)
    evidence: FloorEvidence | None = None

    def __post_init__(self) -> None:
        self.seqs = seqs_of("floor", self.seqs)


def zone_of(floor: FloorState, zone_id: str) -> ZoneState:
    """The state of one of the floor's zones; empty at first."""
    zone = floor.zones.get(zone_id)
    if zone is None:
        zone = floor.zones[zone_id] = ZoneState()
    return zone


def report(floor: FloorState, view: View) -> bool:
    """Add a camera's view to the open ticks.

    Returns:
        False when its tick is closed: the camera's event time is noted, its people are dropped.
    """
    hear(floor, view.camera_id, view.captured_us)
    if view.captured_us <= floor.closed_us:
        return False
    floor.pending.append(view)
    return True


def hear(floor: FloorState, camera_id: str, at_us: int) -> None:
    """Note a camera's event time, which lets ticks close."""
    # Until a tick has closed, an earlier event opens the floor earlier: which of the cameras was
    # heard first has no effect.
    if not floor.opened_us or (at_us < floor.opened_us and not has_closed_a_tick(floor)):
        floor.opened_us = floor.active_us = at_us
        floor.closed_us = tick_end(at_us) - TICK_US
    floor.newest_us = max(floor.newest_us, at_us)
    floor.heard[camera_id] = max(floor.heard.get(camera_id, 0), at_us)


def has_closed_a_tick(floor: FloorState) -> bool:
    """Whether a tick has closed; before that, the first one may become an earlier one."""
    return floor.closed_us != tick_end(floor.opened_us) - TICK_US


def missing_at(floor: FloorState, end_us: int, snapshot: Snapshot) -> list[str]:
    """Cameras of the floor that have not reported the end of a tick, sorted."""
    heard = floor.heard
    cameras = snapshot.cameras_of(floor.floor_id)
    return [camera_id for camera_id in cameras if heard.get(camera_id, 0) < end_us]
