"""An explanation as the API gives it, without what the caller may not see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.topics import TOPICS
from workers.explain.figure import CameraLink, Explanation, Known, Link, Row
from workers.serving.api.why_answers import (
    CameraThen,
    CandidateThen,
    FigureThen,
    LeftOut,
    LinkThen,
    PersonThen,
    RequirementThen,
    ShiftThen,
    WhyZone,
    ZoneThen,
)
from workers.serving.live.answers import CoverageView, GapView
from workers.serving.live.messages import coverage
from workers.serving.recorded.figures import occupancy_of, us_or_null
from workers.storage.timescale.rows import to_us


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What of an explanation the caller sees.

    Attributes:
        people: Whether people of a figure of a moment are shown one by one.
        camera: Whether a camera is shown, by its id.
        roster: Whether ids of shifts, of their staff, and authors of facts are shown.
    """

    people: Callable[[datetime], bool]
    camera: Callable[[str], bool]
    roster: bool


def view(found: Explanation, seen: Seen, now_us: int, left_out: Sequence[LeftOut]) -> WhyZone:
    """The answer.

    Args:
        found: The explanation.
        seen: What of it the caller sees.
        now_us: Now, UTC microseconds.
        left_out: What is not shown.
    """
    with_people = found.shown is not None and seen.people(found.shown.figure["as_of"])
    return WhyZone(
        now_us=now_us,
        at_us=to_us(found.at),
        floor_id=found.floor_id,
        time_zone=found.time_zone,
        zone=ZoneThen(
            zone_id=found.zone["zone_id"],
            name=found.zone["name"] or found.zone["zone_id"],
            **_version(found.zone, seen),
        ),
        shown=_figure(found.shown, seen),
        revision=found.revision,
        known=_figure(found.revised, seen),
        requirements=[_requirement(row, seen) for row in found.requirements],
        shifts=[_shift(row, seen) for row in found.shifts],
        cameras=[
            _camera(each, seen, with_people)
            for each in found.cameras
            if seen.camera(each.camera["camera_id"])
        ],
        links=[_link(link) for link in found.links if _sees_link(link, seen)],
        left_out=list(left_out),
    )


def persons_of(answer: WhyZone) -> tuple[str, ...]:
    """Ids of the people and members of staff whom an answer shows, sorted."""
    persons = {shift.staff_id for shift in answer.shifts if shift.staff_id}
    for figure in (answer.shown, answer.known):
        for person in (figure.persons if figure else None) or ():
            persons.add(person.person_id)
            persons.update(one.staff_id for one in person.candidates)
            if person.staff_id:
                persons.add(person.staff_id)
    return tuple(sorted(persons))


def _version(row: Row, seen: Seen) -> dict[str, Any]:
    return {
        "version": row["version"],
        "recorded_us": to_us(row["recorded_at"]),
        "recorded_by": (row["recorded_by"] or "") if seen.roster else None,
    }


def _figure(known: Known | None, seen: Seen) -> FigureThen | None:
    if known is None:
        return None
    row = known.figure
    measured = occupancy_of(row, known.roles)
    state, sentence, because = coverage(measured)
    return FigureThen(
        seq=measured.seq,
        as_of_us=measured.as_of_us,
        people=measured.people,
        identified=measured.identified,
        scheduled=row["scheduled"],
        required=measured.required,
        least_required=row["least_required"],
        gap=GapView(
            min=measured.gap_min,
            max=measured.gap_max,
            possible_since_us=measured.possible_since_us,
            sure_since_us=measured.sure_since_us,
        ),
        coverage=CoverageView(state=state, sentence=sentence, because=because),
        is_watched=measured.is_watched,
        count=measured.count,
        census=measured.census,
        roles=measured.roles,
        cameras_missing=[one for one in row["cameras_missing"] if seen.camera(one)],
        persons=_people(known, seen) if seen.people(row["as_of"]) else None,
    )


def _people(known: Known, seen: Seen) -> list[PersonThen]:
    rows = {row["person_id"]: row for row in known.people}
    return [_person(one, rows.get(one), seen) for one in known.figure["person_ids"]]


def _person(person_id: str, row: Row | None, seen: Seen) -> PersonThen:
    if row is None:
        return PersonThen(person_id=person_id, as_of_us=None)
    return person_then(row, seen.camera)


def person_then(row: Row, sees_camera: Callable[[str], bool]) -> PersonThen:
    """A person of the past, from a row of `positions`.

    Args:
        row: The row.
        sees_camera: Whether a camera is shown, by its id.
    """
    candidates = zip(row["candidate_ids"] or (), row["candidate_confidences"] or (), strict=False)
    return PersonThen(
        person_id=row["person_id"],
        as_of_us=to_us(row["as_of"]),
        role=row["role"] or "",
        role_confidence=row["role_confidence"] or 0.0,
        role_evidence=row["role_evidence"] or [],
        staff_id=row["staff_id"] or "",
        candidates=[CandidateThen(staff_id=one, confidence=sure) for one, sure in candidates],
        duty_status=row["duty_status"] or "",
        x_m=row["x_m"],
        y_m=row["y_m"],
        position_sd_m=row["position_sd_m"],
        camera_ids=[one for one in row["camera_ids"] if sees_camera(one)],
        observed=row["observed"],
        calibration_suspect=row["calibration_suspect"],
    )


def _requirement(row: Row, seen: Seen) -> RequirementThen:
    return RequirementThen(
        requirement_id=row["requirement_id"],
        role=row["role"] or "",
        count=row["count"],
        basis=row["basis"] or "FIXED",
        per=row["per"] or 0,
        from_minute=row["from_minute"],
        to_minute=row["to_minute"],
        time_zone=row["time_zone"],
        **_version(row, seen),
    )


def _shift(row: Row, seen: Seen) -> ShiftThen:
    return ShiftThen(
        shift_id=row["shift_id"] if seen.roster else None,
        staff_id=(row["staff_id"] or "") if seen.roster else None,
        role=row["role"] or "",
        kind=row["kind"] or "WORK",
        status=row["status"] or "PLANNED",
        agency=row["agency"] or "",
        starts_us=to_us(row["starts_at"]),
        ends_us=to_us(row["ends_at"]),
        **_version(row, seen),
    )


def _camera(each: CameraLink, seen: Seen, with_people: bool) -> CameraThen:
    camera, clock = each.camera, each.clock
    offset: timedelta | None = None if clock is None else clock["clock_offset"]
    return CameraThen(
        camera_id=camera["camera_id"],
        name=camera["name"] or camera["camera_id"],
        calibrated_by=_calibration(camera),
        view_state=None if each.view is None else each.view["state"],
        clock_offset_ms=None if offset is None else offset / timedelta(milliseconds=1),
        models=list(each.models),
        saw_people=each.saw if with_people else None,
        had_not_reported=each.is_missing,
        **_version(camera, seen),
    )


def _calibration(camera: Mapping[str, Any]) -> str:
    return next((kind for kind in ("projection", "homography") if camera[kind]), "")


def _sees_link(link: Link, seen: Seen) -> bool:
    topic = TOPICS.get(link.store)
    return topic is None or topic.key != "camera_id" or seen.camera(link.key)


def _link(link: Link) -> LinkThen:
    return LinkThen(
        what=link.what,
        store=link.store,
        key=link.key,
        state=link.state,
        kept=link.kept,
        since_us=us_or_null(link.since),
        partition=link.partition,
        offset=link.offset,
        at_us=us_or_null(link.at),
        note=link.note,
    )
