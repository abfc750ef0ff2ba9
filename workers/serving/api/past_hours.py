"""Read how zones were covered by hour and weekday: the weekly staffing report's figures."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from runtime.errors import Retry
from workers.serving.api.board import AnyBoard
from workers.serving.api.past_hours_answers import (
    HourCovered,
    RoleShort,
    RuleAlerts,
    ZoneCovered,
    ZonesCovered,
)
from workers.serving.api.past_range import MINUTE_US, From, Only, asked_for, range_of
from workers.serving.api.people import AnySources
from workers.serving.api.problems import documented
from workers.serving.api.visible import Visible
from workers.serving.recorded.figures import Row
from workers.serving.recorded.hours import Hour, Minutes
from workers.serving.recorded.past import Registered
from workers.storage.timescale.rows import to_us

router = APIRouter(tags=["history"])

LONGEST: Final = timedelta(weeks=13, hours=1)
"""Longest time of one question: 13 weeks, in which a clock may be put back."""


@router.get("/history/coverage", responses=documented(422, 503))
async def covered_by_hour(
    board: AnyBoard,
    sources: AnySources,
    visible: Visible,
    response: Response,
    since: From,
    until: Annotated[
        AwareDatetime,
        Query(alias="to", description="At most 13 weeks later; what is ahead is left out."),
    ],
    unit_id: Only = None,
    floor_id: Only = None,
    zone_id: Only = None,
) -> ZonesCovered:
    """Minutes in which each zone was short, possibly short, covered, or not watched.

    By weekday and hour of its floor's clock, as known now; at most for 13 weeks.
    """
    time = range_of(since, until, board.clock.now_us(), LONGEST, "13 weeks")
    if sources.past is None:
        raise Retry("this board has no database to ask")
    shown = asked_for(board, visible, time.now_us, unit_id, floor_id, zone_id)
    past = sources.past
    found = await sources.read(lambda: past.hours(time.since, time.until, shown))
    zones = [_zone(row, found) for row in found.zones.rows]
    ids = {zone.zone_id for zone in zones}
    whole = zone_id is None and unit_id is None
    alerts = [
        RuleAlerts.model_validate(row)
        for row in found.hours.alerts
        if row["zone_id"] in ids
        or (not row["zone_id"] and whole and visible.sees("floor", row["floor_id"]))
    ]
    response.headers["Cache-Control"] = "no-store"
    return ZonesCovered(
        now_us=time.now_us,
        from_us=time.from_us,
        to_us=time.to_us,
        zones=zones,
        alerts=alerts,
        revisions=[*found.revisions],
    )


def _zone(row: Row, found: Registered) -> ZoneCovered:
    zone_id = row["zone_id"]
    removed = found.zones.removed_at(zone_id)
    return ZoneCovered(
        zone_id=zone_id,
        name=row["name"] or zone_id,
        floor_id=row["floor_id"],
        removed_at_us=None if removed is None else to_us(removed),
        time_zone=found.zones.time_zones[zone_id],
        hours=[_hour(hour, minutes) for hour, minutes in found.hours.zones[zone_id].items()],
        roles=[
            RoleShort(
                role=one["role"],
                short_min=one["short_us"] / MINUTE_US,
                maybe_short_min=one["maybe_short_us"] / MINUTE_US,
                known_min=one["known_us"] / MINUTE_US,
            )
            for one in found.hours.roles.get(zone_id, ())
        ],
    )


def _hour(hour: Hour, minutes: Minutes) -> HourCovered:
    short, possible, covered, not_watched = minutes
    watched = short + possible + covered
    return HourCovered(
        weekday=hour.weekday,
        hour=hour.hour,
        short_min=short,
        possible_min=possible,
        covered_min=covered,
        not_watched_min=not_watched,
        short_share=short / watched if watched else None,
        possible_share=possible / watched if watched else None,
        not_watched_share=not_watched / (watched + not_watched),
    )
