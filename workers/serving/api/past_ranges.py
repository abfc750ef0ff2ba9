"""Read a time of the past: how long people stayed, how they moved, and how many there were."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Query, Response
from psycopg import Connection

from runtime.errors import Retry
from workers.serving.api.board import AnyBoard
from workers.serving.api.past import SCHEMAS, ViewOf
from workers.serving.api.past_range import (
    MINUTE_US,
    From,
    Only,
    Range,
    To,
    asked_for,
    range_of,
)
from workers.serving.api.past_ranges_answers import (
    Curves,
    Flow,
    Movement,
    ZoneCurve,
    ZoneDwell,
    ZoneEnd,
    ZonesDwell,
)
from workers.serving.api.people import AnySources, Sources
from workers.serving.api.problems import documented
from workers.serving.api.visible import Visible
from workers.serving.recorded.figures import Row
from workers.serving.recorded.past import PastZones
from workers.serving.recorded.ranges import Schema, curves_of, known_through, stays_of
from workers.serving.recorded.registered import Zones, revisions_of, zones_in_force
from workers.serving.recorded.visits import (
    GOES_ON_US,
    WITHIN_US,
    Dwell,
    dwell_of,
    moves_of,
    visits_of,
)
from workers.storage.timescale.rows import at as to_moment
from workers.storage.timescale.rows import to_us

router = APIRouter(tags=["history"])

LONGEST: Final = timedelta(days=31, hours=1)
"""Longest time of one question about dwell or movement: a month, in which a clock is put back."""

LONGEST_CURVE: Final = timedelta(weeks=13, hours=1)

MOST_STEPS: Final = 2_200
"""Most steps of a curve: 13 weeks by the hour, and more than a day by the minute."""

_NO_DWELL: Final = Dwell((), ())

STEPS: Final = (1, 5, 15, 30, 60)
"""Lengths that a step may have, minutes."""

Step = Annotated[
    int, Query(description="Length of a step, minutes: 1, 5, 15, 30 or 60; at most 2,200 steps.")
]


@router.get("/history/dwell", responses=documented(422, 503))
async def dwell(
    board: AnyBoard,
    sources: AnySources,
    visible: Visible,
    response: Response,
    since: From,
    until: To,
    unit_id: Only = None,
    floor_id: Only = None,
    zone_id: Only = None,
    view: ViewOf = "known",
) -> ZonesDwell:
    """How long people stayed in each zone; at most for 31 days.

    A visit is one person in one zone without a break, under all ids that links join.
    """
    time = range_of(since, until, board.clock.now_us(), LONGEST, "31 days")
    shown = asked_for(board, visible, time.now_us, unit_id, floor_id, zone_id)
    # Who left just before the end may be there still, under another id.
    known_us = min(time.now_us, time.to_us + GOES_ON_US + MINUTE_US)

    def read(connection: Connection[Any]) -> tuple[list[ZoneDwell], list[int]]:
        schema = SCHEMAS[view]
        zones = zones_in_force(connection, time.since, time.until, shown)
        stays, links = stays_of(connection, schema, zones.ids, time.since, to_moment(known_us))
        through = known_through(connection, schema, zones.ids, time.since, time.until)
        found = dwell_of(visits_of(stays, links), time.from_us, time.to_us)
        revisions = _revisions(connection, schema, ["zone_events"], zones.ids, time)
        rows = [
            _dwell(_end(row, zones), found.get(row["zone_id"], _NO_DWELL), through)
            for row in zones.rows
        ]
        return rows, revisions

    rows, revisions = await sources.read(lambda: _past(sources).ask(read))
    response.headers["Cache-Control"] = "no-store"
    return ZonesDwell(**_asked(time), view=view, revisions=revisions, zones=rows)


@router.get("/history/movement", responses=documented(422, 503))
async def movement(
    board: AnyBoard,
    sources: AnySources,
    visible: Visible,
    response: Response,
    since: From,
    until: To,
    unit_id: Only = None,
    floor_id: Only = None,
    zone_id: Only = None,
    view: ViewOf = "known",
) -> Movement:
    """How often people moved from which zone to which, or out of all; at most for 31 days.

    Who is in several zones is in the one that they entered last. Zones that the caller does not
    see are as if they were outside of all.
    """
    time = range_of(since, until, board.clock.now_us(), LONGEST, "31 days")
    shown = asked_for(board, visible, time.now_us, unit_id, floor_id, zone_id)
    seen = asked_for(board, visible, time.now_us, None, None, None)
    known_us = min(time.now_us, time.to_us + WITHIN_US + MINUTE_US)

    def read(connection: Connection[Any]) -> tuple[list[ZoneEnd], list[Flow], list[int]]:
        schema = SCHEMAS[view]
        zones = zones_in_force(connection, time.since, time.until, seen)
        asked = {row["zone_id"] for row in zones.rows if shown(row)}
        stays, links = stays_of(connection, schema, zones.ids, time.since, to_moment(known_us))
        counted = moves_of(visits_of(stays, links), time.from_us, time.to_us, known_us)
        flows = [
            Flow(**move._asdict(), moves=number.moves, linked=number.linked)
            for move, number in counted.items()
            if not asked.isdisjoint(move)
        ]
        flows.sort(key=lambda one: (-one.moves, one.from_zone_id or "", one.to_zone_id or ""))
        touched = asked | {
            end for one in flows for end in (one.from_zone_id, one.to_zone_id) if end
        }
        ends = [_end(row, zones) for row in zones.rows if row["zone_id"] in touched]
        revisions = _revisions(connection, schema, ["zone_events"], sorted(touched), time)
        return ends, flows, revisions

    ends, flows, revisions = await sources.read(lambda: _past(sources).ask(read))
    response.headers["Cache-Control"] = "no-store"
    return Movement(
        **_asked(time),
        view=view,
        revisions=revisions,
        within_s=WITHIN_US / 1e6,
        zones=ends,
        flows=flows,
    )


@router.get("/history/occupancy", responses=documented(422, 503))
async def occupancy(
    board: AnyBoard,
    sources: AnySources,
    visible: Visible,
    response: Response,
    since: From,
    until: To,
    step_min: Step = 60,
    unit_id: Only = None,
    floor_id: Only = None,
    zone_id: Only = None,
    view: ViewOf = "known",
) -> Curves:
    """How many people were in each zone in steps from the start on; at most for 13 weeks."""
    time = range_of(since, until, board.clock.now_us(), LONGEST_CURVE, "13 weeks")
    if step_min not in STEPS:
        raise HTTPException(422, "step_min: is none of 1, 5, 15, 30 and 60")
    steps = math.ceil((time.to_us - time.from_us) / (step_min * MINUTE_US))
    if steps > MOST_STEPS:
        raise HTTPException(422, f"step_min: gives {steps} steps, more than {MOST_STEPS}")
    shown = asked_for(board, visible, time.now_us, unit_id, floor_id, zone_id)

    def read(connection: Connection[Any]) -> tuple[list[ZoneCurve], list[int]]:
        schema = SCHEMAS[view]
        zones = zones_in_force(connection, time.since, time.until, shown)
        step = timedelta(minutes=step_min)
        rows = curves_of(connection, schema, zones.ids, time.since, time.until, step)
        by_zone: dict[str, list[Row | None]] = {one: [None] * steps for one in zones.ids}
        for row in rows:
            number = (to_us(row["at"]) - time.from_us) // (step_min * MINUTE_US)
            by_zone[row["zone_id"]][number] = row
        curves = [
            _curve(_end(row, zones), zones.time_zones[row["zone_id"]], by_zone[row["zone_id"]])
            for row in zones.rows
        ]
        return curves, _revisions(connection, schema, ["occupancy_minutes"], zones.ids, time)

    curves, revisions = await sources.read(lambda: _past(sources).ask(read))
    response.headers["Cache-Control"] = "no-store"
    return Curves(**_asked(time), view=view, revisions=revisions, step_min=step_min, zones=curves)


def _past(sources: Sources) -> PastZones:
    if sources.past is None:
        raise Retry("this board has no database to ask")
    return sources.past


def _asked(time: Range) -> dict[str, int]:
    return {"now_us": time.now_us, "from_us": time.from_us, "to_us": time.to_us}


def _revisions(
    connection: Connection[Any],
    schema: Schema,
    tables: Sequence[str],
    zone_ids: Sequence[str],
    time: Range,
) -> list[int]:
    """Revisions that decide what is known now; what was shown has none."""
    if schema == "live":
        return []
    return revisions_of(connection, tables, zone_ids, time.since, time.until)


def _end(row: Row, zones: Zones) -> ZoneEnd:
    zone_id = row["zone_id"]
    removed = zones.removed_at(zone_id)
    return ZoneEnd(
        zone_id=zone_id,
        name=row["name"] or zone_id,
        floor_id=row["floor_id"],
        removed_at_us=None if removed is None else to_us(removed),
    )


def _dwell(zone: ZoneEnd, found: Dwell, through: dict[str, int]) -> ZoneDwell:
    def seconds(share: float) -> float | None:
        length_us = found.quantile_us(share)
        return None if length_us is None else length_us / 1e6

    return ZoneDwell(
        **zone.model_dump(),
        visits=len(found.ended),
        median_s=seconds(0.5),
        p90_s=seconds(0.9),
        longest_s=seconds(1.0),
        open_visits=len(found.open_since),
        open_since_us=found.open_since[0] if found.open_since else None,
        known_through_us=through.get(zone.zone_id),
    )


def _curve(zone: ZoneEnd, time_zone: str, rows: Sequence[Row | None]) -> ZoneCurve:
    def average(name: str) -> list[float | None]:
        return [None if row is None else round(row[name] / row["known_us"], 3) for row in rows]

    def extreme(name: str) -> list[int | None]:
        return [None if row is None else row[name] for row in rows]

    return ZoneCurve(
        **zone.model_dump(),
        time_zone=time_zone,
        known_min=[0.0 if row is None else round(row["known_us"] / MINUTE_US, 3) for row in rows],
        people_avg=average("people_us"),
        people_min=extreme("people_min"),
        people_max=extreme("people_max"),
        identified_avg=average("identified_us"),
        scheduled_avg=average("scheduled_us"),
        required_avg=average("required_us"),
        gap_min_avg=average("gap_min_us"),
        gap_max_avg=average("gap_max_us"),
    )
