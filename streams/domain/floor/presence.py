"""The people on a floor at the end of a tick, as arrays and as their record."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple, Protocol

import numpy as np

from schemas.records.presence import DutyStatusName, EvidenceKind, Person, Presence
from schemas.records.staffing import FloorCoverage
from streams.domain.camera.people import PERSON
from streams.domain.camera.view import View
from streams.domain.facts.snapshot import CameraVersions
from streams.domain.floor.fused import rows_of
from streams.domain.floor.name import UNKNOWN, Name, Names
from streams.domain.identity.identities import Known
from streams.domain.person import person_id as name_of
from streams.domain.staffing.rosters import Rosters
from streams.domain.tracking.dtypes import dtype_of
from streams.domain.tracking.types import Structured
from streams.domain.zones.membership import ZoneState


class Size(Protocol):
    """What only fusion knows of a person; not a number for a person of one camera.

    Attributes:
        position_sd_m: Standard deviation of the position, m, root mean square over both axes, in
            steps of 1/1000.
        height_m: Height, m, in steps of 1/1000.
    """

    position_sd_m: float
    height_m: float


SIZE: Final = dtype_of(Size)
_NOBODY: Final = np.empty(0, PERSON)


class Doubt(Protocol):
    """What makes a person's position doubtful.

    Attributes:
        calibration_suspect: 1 when the calibration of a camera that sees the person may be wrong.
    """

    calibration_suspect: float


DOUBT: Final = dtype_of(Doubt)


class Sureness(Protocol):
    """How sure it is who a person is.

    Attributes:
        role_confidence: Probability of the role, 0 to 1; 0 when it is unknown.
    """

    role_confidence: float


SURENESS: Final = dtype_of(Sureness)


class Details(NamedTuple):
    """What is said of a person besides role and name.

    Attributes:
        candidates: Members of staff whom they may be, each with the probability, as displayed.
        evidence: Kinds of evidence that the role rests on.
        duty_status: What the shifts say of them.
    """

    candidates: tuple[tuple[str, float], ...] = ()
    evidence: tuple[EvidenceKind, ...] = ()
    duty_status: DutyStatusName = "UNKNOWN"


NO_DETAILS: Final = Details()


class WhoTheyAre(NamedTuple):
    """Who people are; by evidence that is independent of the roster.

    Attributes:
        roles: Role of each person; empty when unknown.
        staff_ids: Each member of staff; None when unknown.
        sureness: Shape `(P,)` of `SURENESS`.
        details: What else is said of each person.
    """

    roles: list[str]
    staff_ids: list[str | None]
    sureness: Structured
    details: list[Details]


class PeopleOnFloor(NamedTuple):
    """Everyone that the cameras of a floor see, sorted by person id.

    Attributes:
        person_ids: Person ids.
        camera_ids: Cameras that see each person, or did last, sorted.
        zone_ids: Zones in which each person counts, sorted.
        table: Rows of the people, shape `(P,)` of `PERSON`.
        sizes: Shape `(P,)` of `SIZE`.
    """

    person_ids: list[str]
    camera_ids: list[list[str]]
    zone_ids: list[list[str]]
    table: Structured
    sizes: Structured


class FloorPresence(NamedTuple):
    """One record of the presence topic, as arrays.

    Attributes:
        floor_id: Floor.
        seq: Rises by one per floor.
        as_of_us: End of the tick, microseconds.
        inputs_through_us: Event time up to which every reporting camera's input is in.
        cameras_missing: Cameras that had not reported, sorted.
        people: People on the floor.
        who: Who they are.
        doubts: What makes their positions doubtful, shape `(P,)` of `DOUBT`.
        camera_versions: Cameras of the floor with their versions, sorted.
        coverage: Coverage of the floor; None where its zones have no plan.
    """

    floor_id: str
    seq: int
    as_of_us: int
    inputs_through_us: int
    cameras_missing: list[str]
    people: PeopleOnFloor
    who: WhoTheyAre
    doubts: Structured
    camera_versions: CameraVersions
    coverage: FloorCoverage | None = None

    def record(self) -> Presence:
        """The record on the wire."""
        people: list[Person] = []
        for person_id, camera_ids, zone_ids, row, size, role, staff_id, (sure,), known, (
            doubt,
        ) in zip(
            self.people.person_ids,
            self.people.camera_ids,
            self.people.zone_ids,
            self.people.table.tolist(),
            self.people.sizes.tolist(),
            self.who.roles,
            self.who.staff_ids,
            self.who.sureness.tolist(),
            self.who.details,
            self.doubts.tolist(),
            strict=True,
        ):
            _, foot_x_px, foot_y_px, x_m, y_m, observed, last_observed_us = row
            position_sd_m, height_m = size
            person: Person = {
                "person_id": person_id,
                "camera_ids": camera_ids,
                "foot_x_px": _number(foot_x_px),
                "foot_y_px": _number(foot_y_px),
                "x_m": _number(x_m),
                "y_m": _number(y_m),
                "zone_ids": zone_ids,
                "observed": observed == 1.0,
                "last_observed_us": int(last_observed_us),
                "role": role,
                "role_confidence": sure,
                "staff_id": staff_id,
                "calibration_suspect": doubt == 1.0,
                "position_sd_m": _number(position_sd_m),
                "height_m": _number(height_m),
                "candidates": [
                    {"staff_id": one, "confidence": confidence}
                    for one, confidence in known.candidates
                ],
                "role_evidence": list(known.evidence),
                "duty_status": known.duty_status,
            }
            people.append(person)
        return {
            "floor_id": self.floor_id,
            "seq": self.seq,
            "as_of_us": self.as_of_us,
            "inputs_through_us": self.inputs_through_us,
            "cameras_missing": self.cameras_missing,
            "people": people,
            "camera_versions": [
                {"camera_id": camera_id, "version": version}
                for camera_id, version in self.camera_versions
            ],
            "coverage": self.coverage,
        }


def people_of(
    views: Mapping[str, View],
    zones: Mapping[str, ZoneState],
    floor_id: str = "",
    fused: Sequence[Known] = (),
    scanned_us: int = 0,
) -> PeopleOnFloor:
    """List the people that the cameras of a floor see.

    Args:
        views: The view in force of each camera that is not fused.
        zones: Zones of the floor, by id.
        floor_id: The floor.
        fused: Its fused people.
        scanned_us: Event time of the newest frames that were fused, microseconds.
    """
    zone_ids: dict[str, list[str]] = {}
    for zone_id in sorted(zones):
        for person_id, stay in zones[zone_id].stays.items():
            if stay.counted:
                zone_ids.setdefault(person_id, []).append(zone_id)
    seen = [view for view in views.values() if view.table]
    person_ids = [person_id for view in seen for person_id in view.person_ids]
    camera_ids = [
        [view.camera_id] for view in seen for _ in range(len(view.table) // PERSON.itemsize)
    ]
    tables = [view.table for view in seen]
    sizes = np.full(len(person_ids) + len(fused), np.nan, SIZE)
    if fused:
        known_only = sizes[len(person_ids) :]
        known_only["position_sd_m"] = [round(known.position_sd_m, 3) for known in fused]
        known_only["height_m"] = [round(known.height_m, 3) for known in fused]
        person_ids += [name_of(floor_id, known.number) for known in fused]
        camera_ids += [known.cameras for known in fused]
        tables.append(rows_of(fused, scanned_us).tobytes())
    order = sorted(range(len(person_ids)), key=person_ids.__getitem__)
    table = np.frombuffer(b"".join(tables), PERSON)[order] if order else _NOBODY
    ordered = [person_ids[index] for index in order]
    return PeopleOnFloor(
        person_ids=ordered,
        camera_ids=[camera_ids[index] for index in order],
        zone_ids=[zone_ids.get(person_id, []) for person_id in ordered],
        table=table,
        sizes=sizes[order],
    )


def who_they_are(
    people: PeopleOnFloor, names: Names, rosters: Rosters | None = None, at_us: int = 0
) -> WhoTheyAre:
    """Who people are, and whether they ought to be there.

    Args:
        people: The people.
        names: Those of whom something is known.
        rosters: What the shifts say of members of staff; None where nobody is known.
        at_us: Event time, microseconds.
    """
    found = [names.get(person_id, UNKNOWN) for person_id in people.person_ids]
    sureness = np.zeros(len(found), SURENESS)
    details = [NO_DETAILS] * len(found)
    if names and rosters is not None:
        sureness["role_confidence"] = [one.role_confidence for one in found]
        shown = rosters.found_at(at_us)
        each = zip(found, people.person_ids, people.zone_ids, strict=True)
        for index, (name, person_id, zone_ids) in enumerate(each):
            if name is UNKNOWN:
                continue
            before = shown.get(person_id)  # the same at most ticks
            if before is None or before[0] is not name or before[1] != zone_ids:
                before = name, zone_ids, _details(name, zone_ids, rosters, at_us)
                shown[person_id] = before
            details[index] = before[2]
    return WhoTheyAre(
        [one.role for one in found], [one.staff_id for one in found], sureness, details
    )


def _details(name: Name, zone_ids: list[str], rosters: Rosters, at_us: int) -> Details:
    """What else is said of somebody."""
    return Details(
        rosters.in_order(name.candidates, zone_ids, at_us),
        name.evidence,
        rosters.status(name.staff_id, name.role, zone_ids, at_us).value,
    )


def doubts_of(people: PeopleOnFloor, suspect: AbstractSet[str]) -> Structured:
    """What makes the positions of people doubtful.

    Args:
        people: The people.
        suspect: Cameras whose calibration may be wrong.
    """
    doubts = np.zeros(len(people.person_ids), DOUBT)
    if suspect:
        doubts["calibration_suspect"] = [
            not suspect.isdisjoint(camera_ids) for camera_ids in people.camera_ids
        ]
    return doubts


def _number(value: float) -> float | None:
    return None if value != value else value  # NaN means unknown  # noqa: PLR0124
