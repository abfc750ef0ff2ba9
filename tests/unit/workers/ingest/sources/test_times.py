"""Event time keeps the recording's rhythm, whatever single stamps say."""

from fractions import Fraction

import pytest

from workers.ingest.sources.times import LiveTimes, Timeline

EVEN = list(range(40))


def _times(
    stamps: list[int | None], ends_s: float | None = None, frame_s: Fraction = Fraction(1, 10)
) -> tuple[list[float], list[int]]:
    """Times in tenths of a second of frames at 10 fps, and numbers of those that were mended."""
    timeline = Timeline(Fraction(1, 10), frame_s, ends_s)
    timed = list(timeline.timed((number, stamp) for number, stamp in enumerate(stamps)))
    return [each.at_us / 100_000 for each in timed], [each.item for each in timed if each.mended]


@pytest.mark.parametrize(
    ("changed", "mended"),
    [
        pytest.param({20: 376_040}, [20], id="one-hours-ahead"),
        pytest.param({20: 25}, [20], id="one-some-frames-ahead"),
        pytest.param({20: 5}, [20], id="one-back"),
        pytest.param({20: 19}, [20], id="one-repeated"),
        pytest.param({20: 19, 21: 19, 22: 19}, [20, 21, 22], id="three-repeated"),
        pytest.param({20: -9_000}, [20], id="one-below-zero"),
        pytest.param({20: None}, [20], id="one-missing"),
        pytest.param({20: None, 21: None, 22: None}, [20, 21, 22], id="three-missing"),
        pytest.param({20: 90_000, 21: 90_001, 22: 90_002}, [20, 21, 22], id="three-ahead"),
        pytest.param({0: 376_040}, [0], id="the-first-ahead"),
        pytest.param({0: None}, [0], id="the-first-missing"),
        pytest.param({39: 376_040}, [39], id="the-last-ahead"),
        pytest.param({39: 3}, [39], id="the-last-back"),
        pytest.param({38: 376_040, 39: 376_041}, [38], id="the-last-two-ahead"),
        pytest.param({38: 376_040, 39: 752_080}, [38, 39], id="the-last-two-further-and-further"),
        pytest.param({n: 376_000 + n for n in range(34, 40)}, [34], id="the-last-six-ahead"),
        pytest.param({10: 300, 20: 900_000, 30: 2}, [10, 20, 30], id="three-apart"),
    ],
)
def test_stamps_that_their_neighbours_contradict_follow_the_rhythm(
    changed: dict[int, int | None], mended: list[int]
) -> None:
    stamps = [changed.get(number, number) for number in EVEN]

    assert _times(stamps) == (EVEN, mended)


def test_a_gap_that_the_following_frames_confirm_is_real() -> None:
    stamps = [*range(20), *range(36_000, 36_020)]

    assert _times(list(stamps)) == (stamps, [])


def test_a_gap_that_is_followed_by_few_frames_is_believed_once_there_was_one_as_long() -> None:
    stamps = [*range(20), *range(36_000, 36_020), *range(72_000, 72_003)]

    assert _times(list(stamps)) == (stamps, [])


def test_a_gap_beyond_the_end_that_the_container_states_is_a_clock_that_was_set() -> None:
    stamps: list[int | None] = [*range(20), *range(36_000, 36_020)]

    assert _times(stamps, ends_s=4.0) == (EVEN, [20])
    assert _times(stamps, ends_s=3_602.0) == (stamps, [])


@pytest.mark.parametrize("hours", [2, 25, 24 * 7])
@pytest.mark.parametrize("frames", [4, 12, 40])
@pytest.mark.parametrize("stated_s", [0.04, 3_600.0])
def test_a_time_lapse_keeps_its_steps(hours: int, frames: int, stated_s: float) -> None:
    stamps = [number * hours * 36_000 for number in range(frames)]

    assert _times(list(stamps), frame_s=Fraction(stated_s)) == (stamps, [])


def test_a_time_lapse_of_a_day_and_more_mends_one_stamp_like_any_other() -> None:
    day = 25 * 36_000
    stamps = [number * day for number in range(20)]
    wrong: list[int | None] = [*stamps[:10], stamps[10] + 90 * day, *stamps[11:]]

    assert _times(wrong) == (stamps, [10])


@pytest.mark.parametrize("start", [0, 7, -30, 2**33 - 15, 95_443_717_000])
def test_a_recording_may_start_at_any_stamp(start: int) -> None:
    assert _times([start + number for number in EVEN]) == (EVEN, [])


@pytest.mark.parametrize("after", [0, -500, 3, 2**33])
def test_a_recording_whose_clock_is_set_goes_on_in_its_rhythm(after: int) -> None:
    stamps: list[int | None] = [*range(100, 120), *range(after, after + 20)]

    assert _times(stamps) == (EVEN, [20])


def test_stamps_that_never_change_give_the_stated_rate() -> None:
    assert _times([5] * 40)[0] == EVEN


def test_uneven_steps_are_kept() -> None:
    stamps: list[int | None] = [0, 1, 3, 4, 9, 10, 30, 31, 70, 71, 72, 100, 700]

    assert _times(stamps) == (stamps, [])


def test_no_stamp_at_all_gives_the_stated_rate() -> None:
    assert _times([None] * 40)[0] == EVEN


@pytest.mark.parametrize(
    "stamps",
    [
        pytest.param([5] * 40, id="never-changes"),
        pytest.param([n if n < 20 else n - 20 for n in EVEN], id="starts-again"),
        pytest.param([n if n != 20 else 376_040 for n in EVEN], id="one-hours-ahead"),
        pytest.param([n if n < 20 else n + 376_040 for n in EVEN], id="jumps-and-stays"),
        pytest.param([None] * 40, id="has-none"),
    ],
)
def test_live_frames_are_never_thinned_by_a_wrong_stamp(stamps: list[int | None]) -> None:
    mended: list[int] = []
    times = LiveTimes(lambda: mended.append(1))
    at = [
        times.at(None if stamp is None else stamp * 100_000, number * 100_000)
        for number, stamp in enumerate(stamps)
    ]

    assert at == pytest.approx([number * 100_000 for number in EVEN])
    assert bool(mended) == (stamps[0] is not None)
