"""Which reads a tick is given follows from the reads and the ticks alone."""

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records.evidence import BadgeRead
from streams.domain.evidence.queue import visible_us
from streams.domain.evidence.waiting import (
    AHEAD_US,
    KEPT_US,
    NEVER_US,
    WaitingReads,
    fault_of,
)
from tests.support.builders.domain import T0, S
from tests.support.builders.reads import badge_read, known_at_once

TICK_US = 200_000
READS = st.lists(
    st.builds(
        lambda at_s, late_s, floor_id: badge_read(
            T0 + at_s * S, recorded_at_us=T0 + (at_s + late_s) * S, floor_id=floor_id
        ),
        st.integers(0, 12),
        st.integers(0, 4),
        st.sampled_from(["west", "east"]),
    ),
    max_size=12,
)


def waiting_of(records: list[BadgeRead]) -> WaitingReads:
    waiting = WaitingReads()
    for offset, record in enumerate(records):
        waiting.add(offset, record)
    return waiting


def ticks(waiting: WaitingReads, ends_us: list[int], from_us: int = 0) -> list[list[int]]:
    """When the reads of each tick of a floor became visible."""
    found = []
    for end_us in ends_us:
        found.append([visible_us(one) for one in waiting.take("west", from_us, end_us)])
        from_us = end_us
    return found


@given(READS, st.randoms(use_true_random=False))
def test_a_tick_is_given_the_same_reads_however_far_was_read_ahead(
    records: list[BadgeRead], chance: random.Random
) -> None:
    ends_us = [T0 + number * TICK_US for number in range(1, 120)]
    expected = ticks(waiting_of(records), ends_us)

    waiting, unread, found, from_us = WaitingReads(), list(enumerate(records)), [], 0
    unread.sort(key=lambda one: visible_us(one[1]))
    for end_us in ends_us:
        while unread and (visible_us(unread[0][1]) <= end_us or chance.random() < 0.2):
            waiting.add(*unread.pop(0))
        found += ticks(waiting, [end_us], from_us)
        from_us = end_us

    assert found == expected
    west = [visible_us(one) for one in records if one["floor_id"] == "west"]
    assert sorted(one for tick in found for one in tick) == sorted(west)


@given(READS, st.integers(0, 118))
def test_reads_that_are_read_again_after_a_restart_are_given_to_no_tick_twice(
    records: list[BadgeRead], stop: int
) -> None:
    ends_us = [T0 + number * TICK_US for number in range(1, 120)]
    expected = ticks(waiting_of(records), ends_us)
    before = waiting_of(records)

    found = ticks(before, ends_us[:stop])
    first = before.first_offset()
    again = WaitingReads()
    for offset, record in enumerate(records):
        if first is not None and offset >= first:
            again.add(offset, record)
    found += ticks(again, ends_us[stop:], ends_us[stop - 1] if stop else 0)

    assert found == expected


def test_the_next_read_is_the_first_that_no_tick_has_seen() -> None:
    waiting = waiting_of([known_at_once(T0 + at_s * S) for at_s in (9, 3, 6)])

    assert waiting.next_us("floor", 0) == T0 + 3 * S
    assert waiting.next_us("floor", T0 + 3 * S) == T0 + 6 * S
    assert waiting.next_us("floor", T0 + 9 * S) == NEVER_US
    assert waiting.next_us("elsewhere", 0) == NEVER_US


def test_reads_of_a_floor_without_cameras_are_dropped_after_an_hour() -> None:
    waiting = waiting_of([known_at_once(T0 + at_s * S) for at_s in (0, 1, 2)])

    waiting.ensure(T0 + 1 * S + KEPT_US)

    assert len(waiting) == 2
    assert waiting.first_offset() == 1
    waiting.ensure(T0 + 3 * S + KEPT_US)
    assert (len(waiting), waiting.first_offset()) == (0, None)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, None),
        ({"range_m": None}, None),
        ({"x_m": None, "y_m": None, "range_m": None, "zone_id": "bay"}, None),
        ({"at_us": T0 + AHEAD_US, "recorded_at_us": T0}, None),
        ({"at_us": T0 + AHEAD_US + 1, "recorded_at_us": T0}, "after it was recorded"),
        ({"reader_id": ""}, "is empty"),
        ({"badge_id": ""}, "is empty"),
        ({"floor_id": ""}, "is empty"),
        ({"at_us": -1}, "no time"),
        ({"recorded_at_us": 2**62}, "no time"),
        ({"x_m": None}, "neither a position nor a zone"),
        ({"y_m": math.nan}, "no position"),
        ({"x_m": 1e9}, "no position"),
        ({"range_m": 0.0}, "no range"),
        ({"range_m": math.inf}, "no range"),
    ],
)
def test_a_read_that_says_nothing_is_known_by_its_fault(
    fields: dict[str, Any], fault: str | None
) -> None:
    read: Any = {**badge_read(T0), **fields}

    found = fault_of(read)

    assert found is None if fault is None else fault in (found or "")
