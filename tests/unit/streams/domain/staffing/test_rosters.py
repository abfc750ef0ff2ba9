"""Rosters statuses that are kept between the moments at which they may change."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.records.staffing import Shift
from streams.domain.staffing.roster import Roster, rosters
from streams.domain.staffing.rosters import Rosters
from streams.domain.staffing.status import DutyStatus, Tolerance, duty_status
from tests.support.builders.shifts import any_shifts, at, of

TOLERANCE = Tolerance(early_us=at(0.5), late_us=at(1))
ZONES = st.sampled_from([(), ("zone",), ("other",), ("zone", "other")])


@given(any_shifts(), st.lists(st.tuples(st.integers(0, 96), st.integers(-1, 1), ZONES), max_size=8))
def test_what_is_kept_is_what_would_be_found_again(
    shifts: list[Shift], asked: list[tuple[int, int, tuple[str, ...]]]
) -> None:
    """At any times and in any order, also a microsecond beside a change."""
    planned = Rosters(shifts, TOLERANCE)
    by_staff = rosters(shifts)
    for quarters, beside_us, zone_ids in asked:
        at_us = at(quarters / 4) + beside_us
        for staff_id in ("s1", "s2", "s9"):
            assert planned.status(staff_id, "nurse", zone_ids, at_us) == duty_status(
                staff_id=staff_id,
                role="nurse",
                zone_ids=zone_ids,
                at_us=at_us,
                roster=by_staff.get(staff_id, Roster()),
                tolerance=TOLERANCE,
            )


def test_the_nearer_shift_decides_between_late_and_early_in_a_short_pause() -> None:
    planned = Rosters([of("am", 7, 12), of("pm", 12.5, 15)], TOLERANCE)

    found = [planned.status("s1", "", (), at(12.25) + beside_us) for beside_us in (-1, 0, 1)]

    assert found == [DutyStatus.LATE, DutyStatus.LATE, DutyStatus.EARLY]


def test_whoever_is_no_staff_is_a_visitor_and_nobody_known_is_unknown() -> None:
    planned = Rosters([of("am", 7, 12)], TOLERANCE)

    assert planned.status(None, "patient", (), at(8)) == DutyStatus.VISITOR
    assert planned.status(None, "nurse", (), at(8)) == DutyStatus.UNKNOWN


CANDIDATES = st.dictionaries(
    st.sampled_from(["s1", "s2", "s3", "s4", "s5"]), st.sampled_from([0.1, 0.2, 0.3]), max_size=3
).map(lambda found: tuple(sorted(found.items(), key=lambda one: (-one[1], one[0]))))


@given(any_shifts(), CANDIDATES, st.integers(0, 96), ZONES)
def test_shifts_order_equally_likely_candidates_and_change_nothing_else(
    shifts: list[Shift],
    candidates: tuple[tuple[str, float], ...],
    quarters: int,
    zone_ids: tuple[str, ...],
) -> None:
    at_us = at(quarters / 4)
    planned = Rosters(shifts, TOLERANCE)

    shown = planned.in_order(candidates, zone_ids, at_us)

    assert sorted(shown) == sorted(candidates)
    assert [sure for _, sure in shown] == [sure for _, sure in candidates]
    off_shift = [
        (-sure, planned.status(one, "", zone_ids, at_us) is not DutyStatus.ON_SHIFT)
        for one, sure in shown
    ]
    assert off_shift == sorted(off_shift)


def test_of_two_who_are_as_likely_who_works_there_now_is_first() -> None:
    shifts = [of("am", 7, 12, staff_id="bob"), of("pm", 12, 15, staff_id="ann")]
    planned = Rosters(shifts, TOLERANCE)
    both = (("ann", 0.4), ("bob", 0.4))

    assert planned.in_order(both, ("zone",), at(8))[0][0] == "bob"
    assert planned.in_order(both, ("zone",), at(13))[0][0] == "ann"
    assert planned.in_order((("ann", 0.41), ("bob", 0.4)), ("zone",), at(8))[0][0] == "ann"
