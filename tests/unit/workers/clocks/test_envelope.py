import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.clocks.envelope import Delay, envelope_of, level_of

STEEPEST = 0.0005
delays = st.lists(
    st.builds(Delay, st.integers(0, 600_000_000), st.integers(-(10**12), 10**12)),
    min_size=1,
    max_size=40,
).map(sorted)


@given(delays)
def test_no_delay_is_below_the_envelope(found: list[Delay]) -> None:
    for envelope in (envelope_of(found, STEEPEST), level_of(found)):
        assert all(one.delay_us - envelope.at(one.source_us) >= -0.001 for one in found)
        assert abs(envelope.slope) <= STEEPEST


@given(st.integers(-300, 300), st.lists(st.integers(0, 10**6), min_size=30, max_size=30))
def test_the_envelope_is_that_of_the_pictures_that_nothing_held_up(
    drift_ppm: int, held_us: list[int]
) -> None:
    free = {0, 9, 10, 19, 20, 29}
    found = [
        Delay(
            number * 10**6, 5_000 + drift_ppm * number + (0 if number in free else held_us[number])
        )
        for number in range(30)
    ]

    envelope = envelope_of(found, STEEPEST)

    assert envelope.slope * 1e6 == pytest.approx(drift_ppm)
    assert envelope.at(0) == pytest.approx(5_000)


def test_one_delay_gives_a_level_envelope() -> None:
    assert envelope_of([Delay(7, 40)], STEEPEST) == level_of([Delay(7, 40)])
