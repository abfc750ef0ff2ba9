from hypothesis import given
from hypothesis import strategies as st

from streams.domain.staffing.coverage import Coverage, Plan, coverage
from streams.domain.staffing.open_gaps import IN_ALL, OpenGap, follow_gaps, open_since

S = 1_000_000


def measured(*present: str, required: int = 1) -> Coverage:
    return coverage(present, Plan(0, 1, required={"nurse": required}))


def followed(*moments: tuple[int, Coverage]) -> dict[str, OpenGap]:
    gaps: dict[str, OpenGap] = {}
    for at_s, found in moments:
        gaps = follow_gaps(gaps, found, at_s * S)
    return gaps


def test_a_gap_is_possible_and_sure_since_times_of_their_own() -> None:
    gaps = followed((10, measured("nurse")), (20, measured("")), (30, measured()), (40, measured()))

    assert open_since(gaps["nurse"]) == (20 * S, 30 * S)
    assert open_since(gaps[IN_ALL]) == (20 * S, 30 * S)


def test_who_walks_past_does_not_end_a_gap() -> None:
    gaps = followed((10, measured()), (20, measured("nurse")), (30, measured()))

    assert open_since(gaps["nurse"]) == (10 * S, 10 * S)


def test_a_gap_that_is_closed_now_is_not_reported_as_open() -> None:
    gaps = followed((10, measured()), (20, measured("nurse")))

    assert open_since(gaps.get("nurse")) == (None, None)


def test_a_gap_that_was_closed_for_long_is_another_one_afterwards() -> None:
    gaps = followed((10, measured()), (20, measured("nurse")), (60, measured()))

    assert open_since(gaps["nurse"]) == (60 * S, 60 * S)


def test_a_covered_zone_remembers_nothing_after_a_while() -> None:
    assert followed((10, measured()), (20, measured("nurse")), (60, measured("nurse"))) == {}


@given(st.lists(st.lists(st.sampled_from(["nurse", ""]), max_size=2), min_size=1, max_size=20))
def test_nothing_is_open_since_a_time_at_which_it_was_closed(shown: list[list[str]]) -> None:
    gaps: dict[str, OpenGap] = {}
    for second, people in enumerate(shown):
        found = measured(*people)
        gaps = follow_gaps(gaps, found, second * S, closed_us=0)
        possible_us, sure_us = open_since(gaps.get(IN_ALL))

        assert (possible_us is not None) == (found.gap_max > 0)
        assert (sure_us is not None) == (found.gap_min > 0)
        assert sure_us is None or possible_us is None or possible_us <= sure_us
