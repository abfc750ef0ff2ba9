"""A badge on two floors faster than anybody gets there is found, in any order of its reads."""

import random
from itertools import combinations

import pytest

from schemas.records.evidence import BadgeRead
from tests.support.builders.domain import S
from tests.support.builders.reads import badge_read
from workers.observation.badges import HELD_US, LATE_US, BadgeReads, Crossing

NOW_US = 1_780_000_000_000_000
WITHIN_US = 10 * S


def read(ago_s: float, floor_id: str = "west", badge_id: str = "b1", **fields: object) -> BadgeRead:
    """A read on a floor, by a reader of that floor."""
    at_us = NOW_US - round(ago_s * S)
    return badge_read(
        at_us, badge_id, **{"floor_id": floor_id, "reader_id": f"door-{floor_id}", **fields}
    )


def found(*reads: BadgeRead, now_us: int = NOW_US, between: tuple[str, ...] = ()) -> list[Crossing]:
    badges = BadgeReads(WITHIN_US, between)
    for one in reads:
        badges.take(one)
    return badges.crossings(now_us)


def test_a_badge_on_two_floors_within_a_time_in_which_nobody_gets_there_is_found() -> None:
    [crossing] = found(read(20), read(11, "east"))

    assert crossing.floor_ids == ("east", "west")
    assert (crossing.first.reader_id, crossing.second.reader_id) == ("door-west", "door-east")
    assert crossing.since_us == NOW_US - 11 * S


@pytest.mark.parametrize(
    "second",
    [
        read(10, "east"),
        read(19, "east", "b2"),
        read(19, "west", reader_id="desk"),
        read(19, "east", reader_id="door-west"),
        read(19, "east", recorded_at_us=NOW_US - 20 * S),
        read(19, "east", recorded_at_us=NOW_US + LATE_US),
    ],
    ids=[
        "who took the stairs",
        "another badge",
        "one floor",
        "one reader, moved",
        "clock ahead",
        "recorded too late",
    ],
)
def test_nothing_is_found_where_a_badge_may_well_have_been(second: BadgeRead) -> None:
    assert found(read(20), second) == []


def test_readers_in_lifts_are_not_compared() -> None:
    cabin = read(15, "east", reader_id="lift")

    assert len(found(read(20), cabin)) == 1
    assert found(read(20), cabin, between=("lift",)) == []


def test_it_counts_for_a_while_after_the_later_recording() -> None:
    late = read(11, "east", recorded_at_us=NOW_US)

    assert len(found(read(20), late, now_us=NOW_US + HELD_US - 1)) == 1
    assert found(read(20), late, now_us=NOW_US + HELD_US) == []


def plain(crossings: list[Crossing]) -> set[tuple[str, str, int]]:
    return {(one.badge_id, "+".join(one.floor_ids), one.second.at_us) for one in crossings}


@pytest.mark.parametrize("seed", range(40))
def test_what_is_found_depends_on_the_reads_alone(seed: int) -> None:
    """In any order, with reads that come twice, and with old ones forgotten meanwhile."""
    chance = random.Random(seed)
    reads = [
        read(
            chance.uniform(0, 90),
            chance.choice(["west", "east", "roof"]),
            chance.choice(["b1", "b2"]),
            recorded_at_us=NOW_US,
        )
        for _ in range(chance.randrange(2, 25))
    ]
    again = [*reads, *chance.sample(reads, len(reads) // 2)]
    chance.shuffle(again)
    badges = BadgeReads(WITHIN_US)
    for one in again:
        badges.take(one)
        badges.forget(NOW_US)
        if chance.random() < 0.3:
            badges.crossings(NOW_US)

    assert badges.crossings(NOW_US) == found(*reads)
    wanted = {
        (one["badge_id"], "+".join(sorted((one["floor_id"], other["floor_id"]))), later_us)
        for one, other in combinations(reads, 2)
        if one["badge_id"] == other["badge_id"]
        and one["floor_id"] != other["floor_id"]
        and abs(one["at_us"] - other["at_us"]) < WITHIN_US
        for later_us in [max(one["at_us"], other["at_us"])]
    }
    assert plain(badges.crossings(NOW_US)) == wanted


def test_what_decides_nothing_any_more_is_forgotten() -> None:
    badges = BadgeReads(WITHIN_US)
    badges.take(read(20))
    badges.forget(NOW_US + 2 * LATE_US)
    badges.take(read(11, "east"))

    assert badges.crossings(NOW_US) == []
