"""Frames are taken at the chosen rate, by the source's time alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.ingest.thinning import Thinner


def kept(times_us: list[int], fps: float) -> list[int]:
    thinner = Thinner(fps)
    return [number for number, at_us in enumerate(times_us) if thinner.keep(at_us)]


@pytest.mark.parametrize(
    ("rate", "fps", "expected"),
    [
        pytest.param(10, 10.0, list(range(10)), id="native-rate-keeps-all"),
        pytest.param(10, 5.0, [0, 2, 4, 6, 8], id="half"),
        pytest.param(30, 10.0, [0, 3, 6, 9], id="a-third"),
        pytest.param(25, 10.0, [0, 3, 5, 8], id="no-whole-part"),
        pytest.param(5, 10.0, list(range(10)), id="slower-than-asked-keeps-all"),
    ],
)
def test_a_steady_source_is_thinned_evenly(rate: int, fps: float, expected: list[int]) -> None:
    assert kept([round(n * 1e6 / rate) for n in range(10)], fps) == expected


def test_times_rounded_to_milliseconds_lose_no_frame_at_the_native_rate() -> None:
    times_us = [int(n * 1000 / 30) * 1000 for n in range(300)]

    assert kept(times_us, 30.0) == list(range(300))


def test_a_stream_that_starts_again_is_taken_from_its_first_frame() -> None:
    thinner = Thinner(10.0)
    assert thinner.keep(90_000_000)

    assert thinner.keep(0)


@given(
    gaps_us=st.lists(st.integers(1, 500_000), min_size=1, max_size=200),
    fps=st.sampled_from([1.0, 5.0, 7.5, 10.0]),
)
def test_no_second_has_more_frames_than_asked(gaps_us: list[int], fps: float) -> None:
    times_us = [sum(gaps_us[:n]) for n in range(len(gaps_us))]

    taken = [times_us[number] for number in kept(times_us, fps)]

    for start_us in taken:
        within = [at_us for at_us in taken if start_us <= at_us < start_us + 1_000_000]
        assert len(within) <= fps + 1
