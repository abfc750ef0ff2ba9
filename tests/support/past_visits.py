"""Stays of people who walk between zones, and what following each of them by hand gives."""

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

SECOND_US = 1_000_000
GRID_S = 10
"""Everything begins and ends at whole multiples of this."""
START = datetime(2026, 3, 28, tzinfo=UTC)
"""A day before the clocks are put on in Europe."""

Stay = tuple[str, str, int, int | None]
"""Zone, id, entered and left, microseconds."""
Link = tuple[str, str]


class Walks(NamedTuple):
    """What people did: as it was written, and as a revision has it."""

    written: list[Stay]
    revised: list[Stay]
    links: list[Link]


def walks(zone_ids: Sequence[str], people: int, seed: int) -> tuple[list[Stay], list[Link]]:
    """Stays of people in two days, under one id or several; some never leave, some overlap."""
    rng = random.Random(seed)
    start_us = int(START.timestamp() * 1e6)
    stays: list[Stay] = []
    links: list[Link] = []
    for number in range(people):
        at_s = rng.randrange(0, 2 * 86_400, GRID_S)
        person, ids = f"f:{number}", 0
        for _ in range(rng.randrange(1, 8)):
            length_s = GRID_S * rng.randrange(1, 90)
            left_us = start_us + (at_s + length_s) * SECOND_US
            left = None if rng.random() < 0.04 else left_us
            zone = rng.choice(zone_ids)
            stays.append((zone, person, start_us + at_s * SECOND_US, left))
            if length_s >= 3 * GRID_S and rng.random() < 0.2:  # another id of theirs, within it
                links.append((person, f"f:{number}-w{len(stays)}"))
                within_us = start_us + (at_s + GRID_S) * SECOND_US
                stays.append((zone, links[-1][1], within_us, within_us + GRID_S * SECOND_US))
            at_s += length_s + GRID_S * rng.choice([-1, 0, 1, 6, 7, 60, 61, 200])
            if rng.random() < 0.3:
                ids += 1
                links.append((person, f"f:{number}-{ids}"))
                person = f"f:{number}-{ids}"
    # A stay is known by zone, person and entry.
    return list({stay[:3]: stay for stay in stays}.values()), links


def known_then(stays: Iterable[Stay], until_us: int) -> list[Stay]:
    """Stays as far as they are known at a moment: who leaves later is still there."""
    return [
        (zone, person, entered, None if left is None or left >= until_us else left)
        for zone, person, entered, left in stays
        if entered < until_us
    ]


def followed(stays: Iterable[Stay], links: Sequence[Link]) -> list[list[list[Any]]]:
    """Of each person the visits `[zone, ids, entered, left]`, by spreading along the links."""
    stays = list(stays)
    left = {stay[1] for stay in stays} | {one for pair in links for one in pair}
    people = []
    while left:
        group, spread = set(), {min(left)}
        while spread:
            group |= spread
            spread = {b for a, b in (*links, *((b, a) for a, b in links)) if a in spread} - group
        left -= group
        visits: list[list[Any]] = []
        for zone in sorted({stay[0] for stay in stays}):
            earlier: list[tuple[str, float]] = []
            for _, person, entered, gone in sorted(
                (stay for stay in stays if stay[0] == zone and stay[1] in group),
                key=lambda stay: (stay[2], stay[1]),
            ):
                until = math.inf if gone is None else gone
                last = max((one for _, one in earlier), default=-math.inf)
                back = [one for who, one in earlier if who == person][-1:] == [last]
                if entered <= last + 60 * SECOND_US and not back:
                    visit = visits[-1]
                    visit[1].add(person)
                    visit[3] = None if gone is None or visit[3] is None else max(gone, visit[3])
                else:
                    visits.append([zone, {person}, entered, gone])
                earlier.append((person, until))
        if visits:
            people.append(visits)
    return people


def dwell_by_hand(
    people: Iterable[list[list[Any]]], since_us: int, until_us: int
) -> dict[str, tuple[list[int], list[int]]]:
    """Lengths of visits that ended, and beginnings of those that were open, sorted, by zone."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for zone, _, entered, left in (visit for visits in people for visit in visits):
        ended, is_open = found.setdefault(zone, ([], []))
        if left is not None and since_us <= left < until_us:
            ended.append(left - entered)
        if entered < until_us and (left is None or left >= until_us):
            is_open.append(entered)
    return {zone: (sorted(one), sorted(two)) for zone, (one, two) in found.items() if one or two}


def moves_by_hand(
    people: Iterable[list[list[Any]]],
    since_us: int,
    until_us: int,
    known_us: int,
    grid_us: int = GRID_S * SECOND_US,
) -> dict[tuple[str | None, str | None], tuple[int, int]]:
    """How often people went which way, and how often by a link, looking at each step of a grid."""
    moves: Counter[tuple[str | None, str | None]] = Counter()
    linked: Counter[tuple[str | None, str | None]] = Counter()
    for visits in people:
        marks = [at for visit in visits for at in visit[2:] if at is not None]
        was: list[Any] | None = None
        empty_since: int | None = None
        for at in range(min(marks), known_us + grid_us // 2, grid_us):
            inside = [v for v in visits if v[2] <= at and (v[3] is None or at < v[3])]
            now = max(inside, key=lambda v: (v[2], v[0])) if inside else None
            if now is None and was is not None and empty_since is None:
                empty_since = at
            if was is not None and empty_since is not None and at > empty_since + 600 * SECOND_US:
                if since_us <= empty_since < until_us:
                    moves[was[0], None] += 1
                was = None
            if now is None:
                continue
            if was is None and since_us <= at < until_us:
                moves[None, now[0]] += 1
            elif was is not None and was[0] != now[0] and since_us <= at < until_us:
                moves[was[0], now[0]] += 1
                linked[was[0], now[0]] += not was[1] & now[1]
            was, empty_since = now, None
    return {move: (number, linked[move]) for move, number in moves.items()}


def fill_walks(url: str, zone_ids: Sequence[str], seed: int = 7) -> Walks:
    """Write walks into a migrated database, with corrections, and a revision of a half day.

    The revision has each exit of the first zone 20 s later than it was written.
    """
    rng = random.Random(seed)
    stays, links = walks(zone_ids, 60, seed)
    events: list[tuple[Any, ...]] = []
    seqs = Counter[str]()

    def add(zone: str, kind: str, person: str, at: int, entered: int, fixes: int | None) -> int:
        seqs[zone] += 1
        dwell = None if kind in {"ENTERED", "WITHDRAWN"} else timedelta(microseconds=at - entered)
        row = (_at(at), zone, seqs[zone], kind, person, "f", "", _at(entered), dwell)
        events.append((*row, _at(at), _at(at), fixes, b""))
        return seqs[zone]

    for zone, person, entered, left in stays:
        add(zone, "ENTERED", person, entered, entered, None)
        if left is not None and rng.random() < 0.2:  # first told otherwise
            wrong = add(zone, "LEFT", person, left + 40 * SECOND_US, entered, None)
            add(zone, "LEFT", person, left, entered, wrong)
        elif left is not None:
            add(zone, "LEFT", person, left, entered, None)
        if rng.random() < 0.1:  # somebody who was not there at all
            wrong = add(zone, "ENTERED", f"{person}x", entered, entered, None)
            add(zone, "WITHDRAWN", f"{person}x", entered, entered, wrong)
    first, last = START + timedelta(hours=20), START + timedelta(hours=32)
    revised_zone = zone_ids[0]
    revised = [
        (*row[:9], *row[9:])
        if row[3] != "LEFT"
        else (row[0] + timedelta(seconds=20), *row[1:8], row[8] + timedelta(seconds=20), *row[9:])
        for row in events
        if row[1] == revised_zone and first <= row[9] <= last
    ]
    names = (
        "at, zone_id, seq, kind, person_id, floor_id, camera_id, entered_at, dwell, as_of,"
        " inputs_through, corrects, digest"
    )
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY live.zone_events ({names}) FROM STDIN") as copy:
            for row in events:
                copy.write_row(row)
        made = cursor.execute(
            "INSERT INTO revisions (state, request, run_prefix, plan, begun_at, begun_by,"
            " changed_at, changed_by) VALUES ('IN_FORCE', 'r', 'r', %s, now(), 't', now(), 't')"
            " RETURNING revision",
            [Jsonb({})],
        ).fetchone()
        assert made is not None
        cursor.execute(
            "INSERT INTO revision_ranges VALUES (%s, 'zone_events', %s, %s, %s, 0)",
            [made[0], revised_zone, first, last],
        )
        with cursor.copy(f"COPY revised_zone_events ({names}, revision) FROM STDIN") as copy:
            for row in revised:
                copy.write_row((*row, made[0]))
        with cursor.copy(
            "COPY live.links (at, floor_id, seq, kind, from_person_id, to_person_id,"
            " from_camera_id, to_camera_id, score, reason, as_of, inputs_through, digest)"
            " FROM STDIN"
        ) as copy:
            for number, (earlier, later) in enumerate(links):
                at = START + timedelta(seconds=number)
                ids = ("f", number, "HAND_OVER", earlier, later, "a", "b")
                copy.write_row((at, *ids, 0.5, "", at, at, b""))
    return Walks(stays, _revised(stays, revised_zone, first, last), links)


def _revised(stays: list[Stay], zone: str, first: datetime, last: datetime) -> list[Stay]:
    def later(stay: Stay) -> Stay:
        left = stay[3]
        if stay[0] != zone or left is None or not first <= _at(left) <= last:
            return stay
        return (*stay[:3], left + 20 * SECOND_US)

    return [later(stay) for stay in stays]


def _at(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, UTC)
