"""Read how zones were covered by hour and weekday: the weekly staffing report's figures."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query, Response
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
from workers.serving.api.people import AnySources
from workers.serving.api.problems import documented
from workers.serving.api.visible import Visible
from workers.serving.recorded.figures import Row
from workers.serving.recorded.hours import Hour, Minutes
from workers.serving.recorded.past import Registered
from workers.storage.timescale.rows import at as to_moment
from workers.storage.timescale.rows import to_us

router = APIRouter(tags=["history"])

LONGEST: Final = timedelta(weeks=13, hours=1)
"""Longest time of one question: 13 weeks, in which a clock may be put back."""

_MINUTE_US: Final = 60_000_000

Identity = Annotated[str | None, Query(min_length=1, max_length=200)]


@router.get("/history/coverage", responses=documented(422, 503))
async def covered_by_hour(
    board: AnyBoard,
    sources: AnySources,
    visible: Visible,
    response: Response,
    since: Annotated[
        AwareDatetime, Query(alias="from", description="ISO 8601, with an offset; whole minutes.")
    ],
    until: Annotated[
        AwareDatetime,
        Query(alias="to", description="At most 13 weeks later; what is ahead is left out."),
    ],
    unit_id: Identity = None,
    floor_id: Identity = None,
    zone_id: Identity = None,
) -> ZonesCovered:
    """Minutes in which each zone was short, possibly short, covered, or not watched.

    By weekday and hour of its floor's clock, as known now; at most for 13 weeks.
    """
    now_us = board.clock.now_us()
    from_us, to_us_ = (to_us(one) // _MINUTE_US * _MINUTE_US for one in (since, until))
    if until - since > LONGEST:
        raise HTTPException(422, "to: is more than 13 weeks after from")
    to_us_ = min(to_us_, now_us // _MINUTE_US * _MINUTE_US)
    if from_us < 0 or from_us >= to_us_:
        raise HTTPException(422, "from: is not a minute or more before to, or before now")
    if sources.past is None:
        raise Retry("this board has no database to ask")
    units = board.registry.unit_index(now_us)

    def shown(row: Row) -> bool:
        zone = row["zone_id"]
        return (
            visible.sees("zone", zone)
            and zone_id in (None, zone)
            and floor_id in (None, row["floor_id"])
            and (unit_id is None or unit_id in (units.units_of("zone", zone) or ()))
        )

    past = sources.past
    found = await sources.read(lambda: past.hours(to_moment(from_us), to_moment(to_us_), shown))
    zones = [_zone(row, found) for row in sorted(found.zones, key=_order)]
    ids = {zone.zone_id for zone in zones}
    whole = zone_id is None and unit_id is None
    alerts = [
        RuleAlerts.model_validate(row)
        for row in found.hours.alerts
        if row["zone_id"] in ids
        or (not row["zone_id"] and whole and visible.sees("floor", row["floor_id"]))
    ]
    response.headers["Cache-Control"] = "no-store"
    return ZonesCovered(now_us=now_us, from_us=from_us, to_us=to_us_, zones=zones, alerts=alerts)


def _order(row: Row) -> tuple[int, str, str]:
    return row["sort_order"], row["name"] or row["zone_id"], row["zone_id"]


def _zone(row: Row, found: Registered) -> ZoneCovered:
    zone_id = row["zone_id"]
    return ZoneCovered(
        zone_id=zone_id,
        name=row["name"] or zone_id,
        floor_id=row["floor_id"],
        time_zone=found.time_zones[zone_id],
        hours=[_hour(hour, minutes) for hour, minutes in found.hours.zones[zone_id].items()],
        roles=[
            RoleShort(
                role=one["role"],
                short_min=one["short_us"] / _MINUTE_US,
                maybe_short_min=one["maybe_short_us"] / _MINUTE_US,
                known_min=one["known_us"] / _MINUTE_US,
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
