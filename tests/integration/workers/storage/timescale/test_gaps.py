"""Gaps and counts in SQL, against what Python finds in the same records, row after row."""

import random
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import psycopg
import pytest

from schemas.topics import OCCUPANCY, PRESENCE
from streams.domain.staffing.coverage import Plan, coverage
from streams.domain.staffing.open_gaps import IN_ALL, OpenGap, follow, open_since
from tests.support.builders.outputs import (
    START_US,
    TICK_US,
    floor_coverage,
    items,
    occupancy,
    presence,
    role,
)
from tests.support.tables import rows
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.timescale.rows import at, to_us

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
HOLDS_US = 30 * SECOND_US
FLOOR_HOLDS_US = 5 * SECOND_US

BEFORE_AN_HOUR_S = -START_US % HOUR_US / SECOND_US - 60

Record = dict[str, Any]


def counted(source: str, low: int, is_apart: bool) -> Record:
    """People by one way of counting; as many or more."""
    return {"source": source, "low": low, "high": None, "is_apart": is_apart}


def measured(chance: random.Random, zone_id: str) -> list[Record]:
    """A zone over a quarter of an hour: people come and go, and at times nobody looks."""
    gaps: dict[str, OpenGap] = {}
    plan = Plan(from_us=0, until_us=1 << 62, required={"nurse": 2, "doctor": 1}, scheduled_total=3)
    found, seconds = [], 0.0
    for seq in range(1, 80):
        seconds += chance.choice([0.2, 3.4, 10.0, 10.0, 28.0, 29.8, 30.2, 75.0])
        roles = chance.choices(["nurse", "doctor", ""], k=chance.randrange(5))
        is_watched = chance.random() < 0.9
        covered = coverage(roles, plan, is_watched=is_watched)
        as_of_us = START_US + round(seconds * SECOND_US)
        gaps, by_role = follow(gaps, covered, plan, as_of_us)
        possible_us, sure_us = open_since(gaps.get(IN_ALL))
        apart = chance.choice([0, 0, 1, 2])
        record = occupancy(
            seq,
            seconds,
            covered.people,
            zone_id=zone_id,
            identified=covered.identified,
            required=covered.required,
            least_required=covered.least_required,
            gap_min=covered.gap_min,
            gap_max=covered.gap_max,
            possible_since_us=possible_us,
            sure_since_us=sure_us,
            roles=by_role,
            is_watched=is_watched,
            count={
                "low": covered.people,
                "high": covered.people + apart if is_watched else None,
                "disagreement": apart,
                "sources": [
                    counted("HEADS", covered.people, apart > 0),
                    counted("BADGES", covered.people + apart, apart > 0),
                ],
            },
        )
        found.append(record)
    return found


def holds_us(records: Sequence[Record], number: int) -> int:
    """How long a record held, microseconds; the newest is not known to have held at all."""
    if number + 1 == len(records):
        return 0
    lasted_us: int = records[number + 1]["as_of_us"] - records[number]["as_of_us"]
    return min(HOLDS_US, lasted_us)


def expected_gaps(records: Sequence[Record]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Zone, role and start of each gap; then since when it was sure, its end, what is known, how
    long it was possible and sure, and the most that was missing."""
    found: dict[tuple[Any, ...], list[Any]] = {}
    for number, record in enumerate(records):
        held_us = holds_us(records, number)
        for one in ({**record, "role": ""}, *record["roles"]):
            if one["possible_since_us"] is None:
                continue
            gap = found.setdefault(
                (record["zone_id"], one["role"], one["possible_since_us"]),
                [None, 0, 0, 0, 0, 0, 0],
            )
            if one["sure_since_us"] is not None:
                gap[0] = min(gap[0] or one["sure_since_us"], one["sure_since_us"])
            is_newest = number + 1 == len(records)
            gap[1] = None if is_newest else record["as_of_us"] + held_us
            gap[2] = record["as_of_us"]
            gap[3] += held_us
            gap[4] += held_us if one["gap_min"] else 0
            gap[5], gap[6] = max(gap[5], one["gap_min"]), max(gap[6], one["gap_max"])
    return {key: tuple(values) for key, values in found.items()}


@pytest.fixture
def zones(timescale_sink: TimescaleSink) -> list[list[Record]]:
    """Records of two zones, through the sink in batches that cut gaps in two."""
    chance = random.Random(32)
    made = [measured(chance, name) for name in ("bay-1", "bay-2")]
    log = sorted((one for records in made for one in records), key=lambda one: one["as_of_us"])
    for start in range(0, len(log), 31):
        timescale_sink.write(items(OCCUPANCY, log[start : start + 31]))
    return made


US = "(extract(epoch FROM {}) * 1000000)::bigint"


def test_gaps_are_those_that_the_records_hold(zones: list[list[Record]], database_url: str) -> None:
    columns = ("possible_since", "sure_since", "ended_at", "known_through")
    times = ", ".join(US.format(name) for name in (*columns, "possible_for", "sure_for"))
    found = {
        row[:3]: row[3:]
        for row in rows(database_url, f"SELECT zone_id, role, {times}, gap_min, gap_max FROM gaps")
    }
    expected = {key: gap for records in zones for key, gap in expected_gaps(records).items()}

    assert found == expected
    assert {key[1] for key in expected} == {"", "nurse", "doctor"}
    assert any(gap[1] is None for gap in expected.values()), "one is open"
    assert any(gap[0] is not None and gap[0] > key[2] for key, gap in expected.items())
    assert any(gap[1] and gap[3] < gap[1] - key[2] for key, gap in expected.items()), "one flickers"


@pytest.mark.parametrize(("from_s", "until_s"), [(0, 4000), (300, 700), (500, 501), (-90, 20)])
def test_a_stretch_has_the_gaps_and_counts_of_the_whole(
    zones: list[list[Record]], database_url: str, from_s: int, until_s: int
) -> None:
    """Gaps as they were known at its end, and every row of counts that disagree."""
    from_us, until_us = (START_US + one * SECOND_US for one in (from_s, until_s))
    stretch = {"since": at(from_us), "until": at(until_us)}
    columns = ("possible_since", "sure_since", "ended_at", "known_through")
    times = ", ".join(US.format(name) for name in (*columns, "possible_for", "sure_for"))
    statement = (
        f"SELECT zone_id, role, {times}, gap_min, gap_max FROM gaps_between(%(since)s, %(until)s)"
    )
    found = {row[:3]: row[3:] for row in rows(database_url, statement, **stretch)}
    expected = {
        key: gap
        for records in zones
        for known in [[one for one in records if one["as_of_us"] < until_us]]
        for key, gap in expected_gaps(known).items()
        if gap[2] >= from_us - HOLDS_US and (gap[1] is None or gap[1] > from_us)
    }
    assert found == expected
    assert rows(
        database_url,
        "SELECT * FROM count_disagreements_between(%(since)s, %(until)s) ORDER BY zone_id, as_of",
        **stretch,
    ) == rows(
        database_url,
        "SELECT * FROM count_disagreements WHERE as_of >= %(since)s AND as_of < %(until)s"
        " ORDER BY zone_id, as_of",
        **stretch,
    )


def test_count_disagreements_are_those_that_the_records_hold(
    zones: list[list[Record]], database_url: str
) -> None:
    statement = (
        f"SELECT zone_id, {US.format('as_of')}, {US.format('until - as_of')}, people, people_low,"
        " people_high, disagreement, counts FROM count_disagreements ORDER BY zone_id, as_of"
    )
    expected = [
        (
            record["zone_id"],
            record["as_of_us"],
            holds_us(records, number),
            record["people"],
            record["count"]["low"],
            record["count"]["high"],
            record["count"]["disagreement"],
            record["count"]["sources"],
        )
        for records in zones
        for number, record in enumerate(records)
        if record["count"]["disagreement"]
    ]

    assert rows(database_url, statement) == expected
    assert len({row[6] for row in expected}) == 2


def ticks(chance: random.Random, floor_id: str) -> list[Record]:
    """A floor around a full hour: with a plan, unlooked at for a while, and without a plan."""
    found = []
    for seq in range(1, 700):
        seconds = BEFORE_AN_HOUR_S + seq / 5 + (40 if seq > 300 else 0)
        if seq % 13 == 0:
            continue  # a tick for which nobody asked
        roles = []
        if chance.random() < 0.7 or seq % 5:
            roles.append(role("nurse", chance.randrange(3), 1, 2, 1))
        if chance.random() < 0.4:
            roles.append(role("doctor", chance.randrange(2), 1, 1))
        known = sum(one["present_min"] for one in roles)
        covered = floor_coverage(known + 1, roles, is_watched=chance.random() < 0.8)
        plan = None if 420 < seq < 520 else covered
        found.append(presence(seq, seconds, [], floor_id, plan))
    return found


def expected_hours(
    records: Sequence[Record], since_us: int, until_us: int
) -> dict[tuple[int, str, str], tuple[Any, ...]]:
    """By hour, floor and role, of the first tick in each second."""
    sampled: dict[int, Record] = {}
    for record in records:
        sampled.setdefault(record["as_of_us"] // SECOND_US, record)
    known: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    sums: defaultdict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0] * 8)
    chosen = [sampled[second] for second in sorted(sampled)]
    for number, record in enumerate(chosen[:-1]):
        start = record["as_of_us"]
        end = min(chosen[number + 1]["as_of_us"], start + FLOOR_HOLDS_US, until_us)
        for tick_us in range(max(start, since_us), end, TICK_US):
            hour = tick_us // HOUR_US * HOUR_US
            covered = record["coverage"]
            known[hour][0] += TICK_US
            known[hour][1] += TICK_US if covered and covered["is_watched"] else 0
            known[hour][2] += TICK_US if covered else 0
            in_all = {"role": "", "required": 0, "scheduled": 0, "gap_min": 0, "gap_max": 0}
            if covered:
                shown = {"present_min": covered["identified"], "present_max": covered["people"]}
                in_all |= covered | shown
            for one in (in_all, *(covered["roles"] if covered else ())):
                sum_of = sums[hour, record["floor_id"], one["role"]]
                names = (
                    "required",
                    "scheduled",
                    "present_min",
                    "present_max",
                    "gap_min",
                    "gap_max",
                )
                for index, name in enumerate(names):
                    sum_of[index] += one.get(name, 0) * TICK_US
                sum_of[6] += TICK_US if one["gap_min"] else 0
                sum_of[7] += TICK_US if one["gap_max"] else 0
    found = {}
    for (hour, floor_id, name), values in sums.items():
        whole, watched, planned = known[hour]
        present_of = planned if not name else whole
        averages = [
            float(Fraction(value, present_of if index in {2, 3} else whole))
            for index, value in enumerate(values[:6])
        ]
        found[hour, floor_id, name] = (*averages, *values[6:], watched, whole)
    return found


def test_gaps_of_a_floor_by_hour_are_those_that_the_records_hold(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    """Also where the question begins and ends within an hour."""
    chance = random.Random(33)
    floors = [ticks(chance, name) for name in ("east", "west")]
    log = sorted((one for records in floors for one in records), key=lambda one: one["as_of_us"])
    for start in range(0, len(log), 171):
        timescale_sink.write(items(PRESENCE, log[start : start + 171]))
    first_us, last_us = log[0]["as_of_us"], log[-1]["as_of_us"]
    durations = ", ".join(
        US.format(name) for name in ("short_for", "maybe_short_for", "watched_for", "known_for")
    )
    statement = (
        f"SELECT hour, floor_id, role, required_avg, scheduled_avg, present_min_avg,"
        f" present_max_avg, gap_min_avg, gap_max_avg, {durations} FROM floor_gap_per_hour(%s, %s)"
    )
    spans = [
        (first_us - HOUR_US, last_us + HOUR_US),
        (first_us + 12_400_000, last_us - 33_200_000),
    ]
    for since_us, until_us in spans:
        with psycopg.connect(database_url) as connection:
            answer = connection.execute(statement.encode(), [at(since_us), at(until_us)]).fetchall()
        found = {(to_us(row[0]), *row[1:3]): row[3:] for row in answer}
        expected: dict[tuple[int, str, str], tuple[Any, ...]] = {}
        for records in floors:
            expected |= expected_hours(records, since_us, until_us)

        assert found.keys() == expected.keys()
        assert len({key[0] for key in expected}) == 2
        for key, values in expected.items():
            assert found[key] == pytest.approx(values, rel=1e-12), key
