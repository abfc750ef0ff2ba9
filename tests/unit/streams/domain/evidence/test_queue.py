"""Which tick takes in a read does not depend on when it came, as long as it came in time."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records.evidence import BadgeRead
from streams.domain.evidence.queue import (
    VISIBLE_AFTER_US,
    ReadQueue,
    badges_of,
    due,
    forget_holders,
    of_plain,
    offer,
    plain,
    visible_us,
)
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.facts import versions

S = 1_000_000
TICK_US = 200_000
RATES = EvidenceSettings()


def read(at_s: float = 10, recorded_s: float = 10, badge: str = "b1", **fields: Any) -> BadgeRead:
    record: Any = {
        "reader_id": "door",
        "at_us": round(at_s * S),
        "recorded_at_us": round(recorded_s * S),
        "badge_id": badge,
        "staff_ids": ["ann"],
        "floor_id": "west",
        "x_m": 1.0,
        "y_m": 2.0,
        "range_m": 1.5,
        "zone_id": "",
        "recorded_by": "",
        **fields,
    }
    found: BadgeRead = record
    return found


READS = st.lists(
    st.builds(
        read,
        st.integers(0, 60).map(lambda half: half / 2),
        st.integers(0, 60).map(lambda half: half / 2),
        st.sampled_from(["b1", "b2"]),
        reader_id=st.sampled_from(["door", "lift"]),
    ),
    max_size=6,
)


def ticks_of(records: list[BadgeRead], offered_us: Any, saved: bool = False) -> list[Any]:
    """What each tick takes in, with each read offered at its time, or at the tick that asks."""
    queue, found, left = ReadQueue(), [], list(records)
    for end_us in range(0, 50 * S, TICK_US):
        for record in [one for one in left if offered_us(one) <= end_us]:
            offer(queue, record)
            left.remove(record)
        if saved:
            queue = of_plain(json.loads(json.dumps(plain(queue))))
        taken = due(queue, end_us, RATES)
        if taken.reads or taken.late:
            found.append((end_us, taken))
    return found


@settings(max_examples=60, deadline=None)
@given(READS, st.randoms(use_true_random=False))
def test_when_and_in_which_order_reads_come_makes_no_difference_before_they_are_visible(
    records: list[BadgeRead], order: Any
) -> None:
    early = ticks_of(records, lambda _: 0)
    shuffled = ticks_of(order.sample(records, len(records)), visible_us)

    assert [(at, one.reads, one.late) for at, one in early] == [
        (at, one.reads, one.late) for at, one in shuffled
    ]


@settings(max_examples=30, deadline=None)
@given(READS)
def test_a_queue_that_was_saved_goes_on_as_if_it_had_not_been(records: list[BadgeRead]) -> None:
    assert ticks_of(records, lambda _: 0) == ticks_of(records, lambda _: 0, saved=True)


@settings(max_examples=60, deadline=None)
@given(READS)
def test_each_read_is_taken_in_once_by_the_first_tick_that_may(records: list[BadgeRead]) -> None:
    for end_us, taken in ticks_of(records, lambda _: 0):
        for one in taken.reads:
            match = [
                record
                for record in records
                if (record["at_us"], record["reader_id"], record["badge_id"]) == one
            ]
            assert any(end_us - TICK_US < visible_us(record) <= end_us for record in match)
    all_taken = [one for _, taken in ticks_of(records, lambda _: 0) for one in taken.reads]
    assert len(all_taken) == len(set(all_taken))


def test_a_read_is_visible_five_seconds_after_it_was_recorded() -> None:
    queue = ReadQueue()
    offer(queue, read(at_s=10, recorded_s=11))

    assert due(queue, 16 * S - TICK_US, RATES).reads == []
    assert len(due(queue, 16 * S, RATES).reads) == 1
    assert VISIBLE_AFTER_US == versions.VISIBLE_AFTER_US == 5 * S


def test_a_read_that_comes_again_is_dropped() -> None:
    queue = ReadQueue()
    offer(queue, read())
    due(queue, 15 * S, RATES)
    offer(queue, read(recorded_s=12))

    assert due(queue, 20 * S, RATES).reads == []


def test_a_read_that_comes_again_long_after_is_handed_back_whenever_it_was_offered() -> None:
    again = read(recorded_s=40)
    for offered_us in (0, 45 * S):
        queue = ReadQueue()
        offer(queue, read(), *([again] if not offered_us else []))
        assert len(due(queue, 15 * S, RATES).reads) == 1
        due(queue, 44 * S, RATES)
        offer(queue, *([again] if offered_us else []))

        assert due(queue, 45 * S, RATES).late == [again]


def test_a_read_of_which_nobody_s_position_is_remembered_is_handed_back() -> None:
    queue = ReadQueue()
    offer(queue, read(at_s=10, recorded_s=100))

    taken = due(queue, 105 * S, RATES)

    assert (taken.reads, [one["badge_id"] for one in taken.late]) == ([], ["b1"])


def test_the_newest_record_says_where_a_reader_is_and_whose_a_badge_is() -> None:
    queue = ReadQueue()
    offer(queue, read(at_s=10.0, recorded_s=11, x_m=5.0, staff_ids=["bob", "ann"]))
    offer(queue, read(at_s=10.5, recorded_s=10, x_m=9.0, staff_ids=["cai"]))

    taken = due(queue, 16 * S, RATES)

    assert taken.readers["door"].x_m == 5.0
    badge = badges_of(queue, {"ann": "nurse"})["b1"]
    assert badge.holders == (("ann", "nurse"), ("bob", ""))


def test_whose_a_badge_is_is_forgotten_with_the_badge() -> None:
    queue = ReadQueue()
    offer(queue, read())
    due(queue, 15 * S, RATES)

    forget_holders(queue, {"b1": None})
    assert set(queue.holders) == {"b1"}
    forget_holders(queue, {})
    assert queue.holders == {}


def test_a_reader_of_a_zone_has_no_position() -> None:
    queue = ReadQueue()
    offer(queue, read(zone_id="bay", x_m=None, y_m=None, range_m=None))

    assert due(queue, 15 * S, RATES).readers["door"].zone_id == "bay"
