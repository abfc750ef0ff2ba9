"""Read a moment of the past: zones, alerts and people as they were then, or as known now."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from pydantic import AwareDatetime

from runtime.errors import Retry
from workers.access.rights import Right
from workers.serving.api.board import AnyBoard, Identity
from workers.serving.api.enforce import unknown
from workers.serving.api.past_answers import (
    FloorPast,
    PeoplePast,
    PersonPast,
    View,
    ZonePast,
    ZonesPast,
)
from workers.serving.api.people import AnySources, Purpose
from workers.serving.api.problems import documented
from workers.serving.api.purpose import HEADER, NoPurpose, stated
from workers.serving.api.viewing import AnyViewing
from workers.serving.api.visible import Visible
from workers.serving.api.why_answers import LeftOut
from workers.serving.api.why_view import person_then
from workers.serving.live.alert_records import ZoneAlert
from workers.serving.live.alert_visibility import shown_alert
from workers.serving.live.answers import CoverageView, Point
from workers.serving.live.freshness import judge, vouched_through
from workers.serving.live.messages import coverage
from workers.serving.live.visibility import Visibility
from workers.serving.recorded.figures import Row, occupancy_of
from workers.serving.recorded.past import Past
from workers.serving.recorded.ranges import Schema
from workers.serving.recorded.zone_alerts import alert_of
from workers.storage.timescale.rows import at as to_moment
from workers.storage.timescale.rows import to_us

router = APIRouter(tags=["history"])

SCHEMAS: Final[dict[View, Schema]] = {"shown": "live", "known": "public"}

At = Annotated[AwareDatetime, Query(description="ISO 8601, with an offset; not in the future.")]
ViewOf = Annotated[
    View,
    Query(description="`shown`: as it was shown then; `known`: as it is known now, by revisions."),
]


@router.get("/history/zones", responses=documented(422, 503))
async def zones_then(
    request: Request,
    board: AnyBoard,
    sources: AnySources,
    visible: Visible,
    viewing: AnyViewing,
    response: Response,
    at: At,
    floor_id: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Floor; left out: all.")
    ] = None,
    view: ViewOf = "shown",
    purpose: Annotated[  # noqa: ARG001 - read with the other headers; here it is documented
        str | None,
        Header(alias=HEADER, description="Why you need to see who was there."),
    ] = None,
) -> ZonesPast:
    """All zones and open alerts at a moment, exactly as their newest records had them.

    Who was there is shown to who sees the past of people in the zone, and states a purpose.
    """
    now_us = board.clock.now_us()
    moment = _not_in_the_future(at, now_us)
    if sources.past is None:
        raise Retry("this board has no database to ask")
    read = partial(sources.past.of, SCHEMAS[view], moment, floor_id)
    found = await sources.read(read)
    left_out = None
    try:
        viewing.purpose = stated(request.scope["headers"])
    except NoPurpose as error:
        left_out = LeftOut(what="people", right=Right.HISTORY, why=str(error))
    zone_ids = [row["zone_id"] for row in found.zones if visible.sees("zone", row["zone_id"])]
    hidden = [one for one in zone_ids if not visible.sees_past("zone", one)]
    if left_out is None and hidden:
        why = f"this needs the right {Right.HISTORY} in the units of each zone"
        left_out = LeftOut(what="people", right=Right.HISTORY, why=why)
    may = visible.sees_past if viewing.purpose else _nobody
    stale_after_s = board.settings.stale_after_s
    answer = _answer(found, visible, may, moment, now_us, view, stale_after_s)
    persons = _persons(answer)
    if persons:
        moment_us = to_us(moment)
        recorded = await viewing.is_recorded(
            "zones" if floor_id is None else f"floor/{floor_id}",
            detail=f"{moment.isoformat()} {view}",
            persons=persons,
            from_us=moment_us,
            until_us=moment_us,
        )
        if not recorded:
            away = "the audit, which must hold who sees people, cannot be written"
            left_out = LeftOut(what="people", right="", why=away)
            answer = _answer(found, visible, _nobody, moment, now_us, view, stale_after_s)
    response.headers["Cache-Control"] = "no-store"
    return answer.model_copy(update={"left_out": [] if left_out is None else [left_out]})


@router.get("/history/floors/{floor_id}/people", responses=documented(400, 403, 404, 422, 503))
async def people_then(
    floor_id: Identity,
    board: AnyBoard,
    sources: AnySources,
    visible: Visible,
    viewing: AnyViewing,
    at: At,
    purpose: Purpose,  # noqa: ARG001 - the guard has read it; here it is documented
    view: ViewOf = "shown",
) -> PeoplePast:
    """Where everybody on a floor was at a moment, to the second; only in zones that you may see."""
    now_us = board.clock.now_us()
    if board.registry.unit_index(now_us).units_of("floor", floor_id) is None:
        raise HTTPException(404, unknown("floor", floor_id))
    moment = _not_in_the_future(at, now_us)
    if sources.past is None:
        raise Retry("this board has no database to ask")
    found = await sources.read(partial(sources.past.people, SCHEMAS[view], moment, floor_id))
    people = []
    for row in found:
        zone_ids = visible.past(floor_id, row["zone_ids"])
        if zone_ids is not None:
            person = person_then(row, lambda camera: visible.sees("camera", camera))
            people.append(PersonPast(**person.model_dump(), zone_ids=zone_ids))
    moment_us = to_us(moment)
    await viewing.record(
        f"floor/{floor_id}",
        persons=sorted({name for one in people for name in (one.person_id, *_staff(one))}),
        floors=[floor_id],
        from_us=moment_us,
        until_us=moment_us,
    )
    return PeoplePast(now_us=now_us, at_us=moment_us, floor_id=floor_id, people=people)


def _nobody(_kind: str, _identity: str) -> bool:
    return False


def _staff(person: PersonPast) -> list[str]:
    return [
        *([person.staff_id] if person.staff_id else []),
        *(c.staff_id for c in person.candidates),
    ]


def _not_in_the_future(at: datetime, now_us: int) -> datetime:
    """The moment in UTC.

    Raises:
        HTTPException: It lies ahead, or before 1970: 422.
    """
    at_us = to_us(at)
    if at_us > now_us:
        raise HTTPException(422, "at: is in the future")
    if at_us < 0:
        raise HTTPException(422, "at: is too long ago")
    return to_moment(at_us)


def _answer(
    found: Past,
    visible: Visibility,
    may: Callable[[str, str], bool],
    moment: datetime,
    now_us: int,
    view: View,
    stale_after_s: float,
) -> ZonesPast:
    at_us = to_us(moment)
    zones = [
        _zone(row, found, visible, may, at_us, stale_after_s)
        for row in found.zones
        if visible.sees("zone", row["zone_id"])
    ]
    floors = [
        FloorPast(
            floor_id=floor_id,
            name=row["name"] or floor_id,
            time_zone=row["time_zone"],
            alerts=[
                alert
                for one in found.alerts.get(floor_id, ())
                if (alert := _alert(floor_id, one, visible, may)) is not None
            ],
            revision=found.revisions.get(floor_id),
        )
        for floor_id, row in found.floors.items()
        if visible.sees("floor", floor_id)
    ]
    return ZonesPast(
        now_us=now_us,
        at_us=at_us,
        view=view,
        zones=sorted(zones, key=lambda zone: (zone.order, zone.name, zone.zone_id)),
        floors=sorted(floors, key=lambda floor: (floor.name, floor.floor_id)),
        left_out=[],
    )


def _zone(
    row: Row,
    found: Past,
    visible: Visibility,
    may: Callable[[str, str], bool],
    at_us: int,
    stale_after_s: float,
) -> ZonePast:
    zone_id, camera_id = row["zone_id"], row["camera_id"]
    figure = found.figures.get(zone_id)
    record = None if figure is None else occupancy_of(figure, found.roles.get(zone_id, ()))
    state, sentence, because = coverage(record)
    tick = found.ticks.get(row["floor_id"])
    tick_us = None if tick is None else to_us(tick)
    missing = record.cameras_missing if record else []
    freshness = judge(
        at_us,
        stale_after_s,
        as_of_us=record.as_of_us if record else None,
        through_us=vouched_through(record.as_of_us, tick_us) if record else None,
        camera_silent=camera_id in missing if camera_id else bool(missing),
    )
    if record is not None:
        shown: dict[str, Any] = {
            "cameras_missing": [one for one in missing if visible.sees("camera", one)]
        }
        if not may("zone", zone_id):
            shown["person_ids"] = []
        record = record.model_copy(update=shown)
    return ZonePast(
        zone_id=zone_id,
        name=row["name"] or zone_id,
        floor_id=row["floor_id"],
        camera_id=camera_id if camera_id and visible.sees("camera", camera_id) else None,
        order=row["sort_order"],
        space=row["space"],
        polygon=[Point(**point) for point in row["polygon"]],
        record=record,
        coverage=CoverageView(state=state, sentence=sentence, because=because),
        freshness=freshness,
        revision=found.revisions.get(zone_id),
    )


def _alert(
    floor_id: str, row: Row, visible: Visibility, may: Callable[[str, str], bool]
) -> ZoneAlert | None:
    """An alert as the caller sees it; None where it does not."""
    shown = shown_alert(alert_of(row), floor_id, visible.sees, may)
    return None if shown is None else ZoneAlert.model_validate(shown)


def _persons(answer: ZonesPast) -> list[str]:
    zones = {one for zone in answer.zones if zone.record for one in zone.record.person_ids}
    alerts = {one for floor in answer.floors for alert in floor.alerts for one in alert.person_ids}
    return sorted(zones | alerts)
