"""The fused people of a floor: the frames of a tick in, people and their links out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from streams.domain.camera.people import PERSON
from streams.domain.camera.view import View
from streams.domain.evidence.roles import Worn
from streams.domain.facts.fused_cameras import FusedCameras
from streams.domain.facts.snapshot import Snapshot
from streams.domain.fusion.fusion import FusedPerson
from streams.domain.fusion.state import FusionState
from streams.domain.identity.identities import FloorLink, Identities, Known, follow
from streams.domain.person import person_id
from streams.domain.settings import FloorSettings
from streams.domain.tracking.types import Matrix, Structured

EVERY_CAMERA: Final = ""
"""Stands for all fused cameras of a floor where a stay or a look names its camera."""

SPAN_US: Final = 200_000
"""Looks within this time make one scan, microseconds."""

LEAST_US: Final = 130_000
"""Least time from one look of a camera that is fused to the next, microseconds: more frames cost
more and tell little, as a person walks 0.2 m meanwhile."""

_BOX: Final = 5


class Belief:
    """The state of fusion, which a checkpoint holds as bytes.

    Attributes:
        state: The state.
    """

    __slots__ = ("state",)

    def __init__(self, state: FusionState) -> None:
        self.state = state

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Belief) and self.state.to_bytes() == other.state.to_bytes()

    __hash__ = None  # type: ignore[assignment]


def _nobody() -> Belief:
    return Belief(FusionState.empty(0))


@dataclass(slots=True)
class FusedFloor:
    """What the fold remembers of a floor's fused people.

    Attributes:
        cameras: Ids of the fused cameras, sorted; empty while the floor is not fused.
        scanned_us: Event time of the newest frames that were fused, microseconds; 0 for none.
        belief: State of fusion.
        identities: People by number, and who is gone.
        waiting: Looks that are not fused yet.
        added: Event time of each camera's newest look that is or was among them, microseconds.
    """

    cameras: list[str] = field(default_factory=list)
    scanned_us: int = 0
    belief: Belief = field(default_factory=_nobody)
    identities: Identities = field(default_factory=Identities)
    waiting: list[View] = field(default_factory=list)
    added: dict[str, int] = field(default_factory=dict)

    def people(self, at_us: int, settings: FloorSettings) -> list[Known]:
        """The people on the floor at an event time, by number.

        Who walked out of every view can be denied by no camera, and leaves by the time-out. Who is
        seen again while fusion still believes in them has the same number.

        Args:
            at_us: Event time, microseconds.
            settings: Settings of the floor.
        """
        if not self.scanned_us or at_us - self.scanned_us > settings.hold_us:
            return []
        leave_us = round(settings.fusion.leave_after_s * 1_000_000)
        return [
            known
            for _, known in sorted(self.identities.people.items())
            if known.reported_us == self.scanned_us and self.scanned_us - known.seen_us <= leave_us
        ]


class ObservedPeople(NamedTuple):
    """Fused people as zones look at them.

    Attributes:
        view: Rows of `PERSON`, seen by one camera or by all.
        numbers: Number of each person.
    """

    view: View
    numbers: list[int]


def set_cameras(fused: FusedFloor, cameras: FusedCameras | None) -> None:
    """Continue with the cameras that are fused now; without any, the floor's people end.

    Numbers are never given again.
    """
    ids = [] if cameras is None else cameras.ids
    if ids == fused.cameras:
        return
    state = fused.belief.state
    if ids and fused.cameras:
        fused.belief = Belief(state.with_cameras(fused.cameras, ids))
    else:
        fused.belief = Belief(FusionState.empty(len(ids), state.next_number))
        fused.identities = Identities()
        fused.scanned_us = 0
    fused.cameras = list(ids)
    fused.waiting = [view for view in fused.waiting if view.camera_id in ids]
    fused.added = {camera_id: at_us for camera_id, at_us in fused.added.items() if camera_id in ids}


def add_view(fused: FusedFloor, view: View) -> None:
    """Add a look of a fused camera, unless it comes too soon after the one before."""
    if view.captured_us - fused.added.get(view.camera_id, 0) >= LEAST_US:
        fused.added[view.camera_id] = view.captured_us
        fused.waiting.append(view)


def take_scans(fused: FusedFloor, end_us: int) -> list[dict[str, View]]:
    """The looks to fuse at the end of a tick, by camera, in scans.

    Cameras that look at about the same moment confirm each other, so their looks make one scan,
    also where the end of a tick parts them: the looks after it are waited for.

    Args:
        fused: State of the floor's fused people, changed in place.
        end_us: End of the tick, microseconds.
    """
    scans: list[dict[str, View]] = []
    waiting = sorted(fused.waiting, key=lambda view: (view.captured_us, view.camera_id))
    while waiting:
        last_us = waiting[0].captured_us + SPAN_US
        scan: dict[str, View] = {}
        for view in waiting:
            if view.camera_id in scan or view.captured_us >= last_us:
                break
            scan[view.camera_id] = view
        if len(scan) == len(waiting) and len(scan) < len(fused.cameras) and last_us > end_us:
            break
        scans.append(scan)
        waiting = waiting[len(scan) :]
    fused.waiting = waiting
    return scans


def fuse_views(
    fused: FusedFloor,
    floor_id: str,
    cameras: FusedCameras,
    views: Mapping[str, View],
    snapshot: Snapshot,
    settings: FloorSettings,
) -> tuple[dict[str, ObservedPeople], list[FloorLink], list[Worn]]:
    """Fuse the frames of one scan.

    Args:
        fused: State of the floor's fused people, changed in place.
        floor_id: The floor.
        cameras: Its fused cameras, those of `set_cameras`.
        views: Looks by camera; at least one.
        snapshot: Facts in force.
        settings: Settings of the floor.

    Returns:
        The people as each of these cameras sees them now, if a zone counts the people of that one
        camera, and all people of the floor, by `EVERY_CAMERA`; the links between people that
        became known; and the classes that people were given.
    """
    found = {
        camera_id: np.frombuffer(views[camera_id].boxes or b"", np.float64).reshape(-1, _BOX)
        for camera_id in sorted(views)
    }
    frames, boxes, starts = cameras.frames(found)
    mean_us = sum(view.captured_us for view in views.values()) // len(views)
    time_us = max(mean_us, fused.scanned_us + 1)
    state, reported = cameras.fusion.step(fused.belief.state, time_us, frames)
    fused.belief, fused.scanned_us = Belief(state), time_us
    links = follow(
        fused.identities,
        time_us,
        reported,
        frozenset(state.numbers.values()),
        snapshot.passages(floor_id),
        cameras.shows_whole,
    )
    links = [link._replace(camera_id=link.camera_id or cameras.ids[0]) for link in links]
    people = fused.people(time_us, settings)
    rows = _rows(people)
    starts_of = {
        camera_id: start
        for camera_id, start in zip(found, starts, strict=False)
        if snapshot.areas_of_one(floor_id, camera_id).areas
    }
    observed = _seen_by_each(views, starts_of, boxes, reported, people, rows)
    observed[EVERY_CAMERA] = _seen_by_all(time_us, people, rows, settings.hold_us)
    worn = _worn_by_each(floor_id, cameras, views, found, starts, boxes, reported, people)
    return observed, links, worn


def _worn_by_each(
    floor_id: str,
    cameras: FusedCameras,
    views: Mapping[str, View],
    given: Mapping[str, Matrix],
    starts: Sequence[int],
    boxes: Matrix,
    reported: Sequence[FusedPerson],
    people: Sequence[Known],
) -> list[Worn]:
    """Classes that detectors gave to people, of each camera that detected them.

    Args:
        floor_id: The floor.
        cameras: Its fused cameras.
        views: Looks by camera.
        given: Boxes of each look, px, shape `(N, 5)`, sorted by camera.
        starts: Row of the first box of each camera.
        boxes: Boxes of all cameras that were fused, px, shape `(M, 4)`.
        reported: People that fusion reports.
        people: People on the floor.
    """
    start_of = {
        camera_id: start
        for camera_id, start in zip(given, starts, strict=False)
        if any(views[camera_id].box_classes)
    }
    if not start_of:
        return []
    cut = {camera_id: cameras.cut(camera_id, given[camera_id]) for camera_id in start_of}
    number_of = {known.core: known.number for known in people}
    worn: list[Worn] = []
    for person in reported:
        for camera_id, box in zip(person.cameras, person.boxes, strict=True):
            if camera_id not in start_of or person.number not in number_of:
                continue
            same = (cut[camera_id] == boxes[start_of[camera_id] + box]).all(axis=1)
            name = person_id(floor_id, number_of[person.number])
            classes = views[camera_id].box_classes
            worn += [Worn(name, classes[row]) for row in same.nonzero()[0].tolist()]
    return worn


def _seen_by_each(
    views: Mapping[str, View],
    starts: Mapping[str, int],
    boxes: Matrix,
    reported: Sequence[FusedPerson],
    people: Sequence[Known],
    rows: Structured,
) -> dict[str, ObservedPeople]:
    """The people whom each camera detected, with their foot points in its frame.

    Args:
        views: Looks by camera.
        starts: The cameras that are wanted, each with the row of its first box.
        boxes: Boxes of all cameras, px, shape `(M, 4)`.
        reported: People that fusion reports.
        people: People on the floor.
        rows: Their rows of `PERSON`.
    """
    seen: dict[str, list[tuple[int, int]]] = {camera_id: [] for camera_id in starts}
    at_of = {known.core: at for at, known in enumerate(people)}
    for person in reported:
        for camera_id, box in zip(person.cameras, person.boxes, strict=True):
            if camera_id in seen:
                seen[camera_id].append((at_of[person.number], starts[camera_id] + box))
    pairs = [pair for each in seen.values() for pair in each]
    found = rows[[at for at, _ in pairs]]
    chosen = boxes[[box for _, box in pairs]]
    found["foot_x_px"] = np.rint((chosen[:, 0] + chosen[:, 2]) / 2.0 * 16.0) / 16.0
    found["foot_y_px"] = np.rint(chosen[:, 3] * 16.0) / 16.0
    found["observed"] = 1.0
    observed = {}
    first = 0
    for camera_id, each in seen.items():
        captured_us, last = views[camera_id].captured_us, first + len(each)
        here, first = found[first:last], last
        here["last_observed_us"] = captured_us
        view = View(camera_id, captured_us, True, here.tobytes())
        observed[camera_id] = ObservedPeople(view, [people[at].number for at, _ in each])
    return observed


def _seen_by_all(
    time_us: int, people: Sequence[Known], rows: Structured, hold_us: int
) -> ObservedPeople:
    """All people, where fusion has them; who was not detected for too long is unseen.

    Args:
        time_us: Event time of the scan, microseconds.
        people: People on the floor.
        rows: Their rows of `PERSON`; changed.
        hold_us: How long an unseen person counts, microseconds.
    """
    rows["observed"] = time_us - rows["last_observed_us"] <= hold_us
    view = View(EVERY_CAMERA, time_us, True, rows.tobytes())
    return ObservedPeople(view, [known.number for known in people])


def rows_of(people: Sequence[Known], scanned_us: int) -> Structured:
    """People as presence shows them, shape `(P,)` of `PERSON`, without foot points."""
    rows = _rows(people)
    rows["observed"] = rows["last_observed_us"] == scanned_us
    return rows


def _rows(people: Sequence[Known]) -> Structured:
    rows = np.zeros(len(people), PERSON)
    rows["id"] = [known.number for known in people]
    rows["foot_x_px"] = rows["foot_y_px"] = np.nan
    # On the published step; the added zero takes the sign off a negative one.
    rows["x_m"] = [round(known.x_m, 3) + 0.0 for known in people]
    rows["y_m"] = [round(known.y_m, 3) + 0.0 for known in people]
    rows["last_observed_us"] = [known.seen_us for known in people]
    return rows
