"""False discoveries, sentences, and what the board would have shown."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import false_discovery_control

from models.comparison.arms import NotComparable
from models.comparison.blocks import politis_white
from models.comparison.minutes import Board, Minutes, compare_boards
from models.comparison.ratios import Difference
from models.comparison.slices import discoveries
from models.comparison.verdict import Outcome, verdict


def of(low: float, high: float, *, higher_is_better: bool = True) -> Difference:
    middle = (low + high) / 2
    return Difference(
        measure="F1",
        a=0.8,
        b=0.8 + middle,
        difference=middle,
        low=low,
        high=high,
        error=(high - low) / 3.92,
        p=0.5,
        higher_is_better=higher_is_better,
    )


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (0.01, 0.03, Outcome.BETTER),
        (-0.03, -0.01, Outcome.WORSE),
        (-0.005, 0.02, Outcome.NOT_WORSE),
        (-0.05, 0.06, Outcome.UNKNOWN),
    ],
)
def test_the_outcome_follows_from_interval_and_margin(
    low: float, high: float, outcome: Outcome
) -> None:
    assert verdict(of(low, high), a="now", b="next", hours=5.0, margin=0.01).outcome is outcome


def test_less_is_better_where_it_is_an_error() -> None:
    it = of(0.01, 0.03, higher_is_better=False)
    assert verdict(it, a="now", b="next", hours=5.0).outcome is Outcome.WORSE


def test_a_verdict_that_is_not_known_says_how_many_hours_more() -> None:
    wide = verdict(of(-0.05, 0.05), a="now", b="next", hours=1.0, margin=0.01)
    narrow = verdict(of(-0.02, 0.02), a="now", b="next", hours=1.0, margin=0.01)
    assert wide.more_hours is not None
    assert narrow.more_hours is not None
    assert wide.more_hours > narrow.more_hours > 0
    assert f"About {wide.more_hours:.1f} hours more are needed." in wide.sentence


def test_discoveries_are_those_of_benjamini_and_hochberg() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = rng.uniform(0, 1, 40) ** 4
        expected = false_discovery_control(p) <= 0.05
        assert discoveries(p).tolist() == expected.tolist()


def test_slices_that_were_not_tested_are_never_named() -> None:
    assert discoveries(np.array([np.nan, 1e-9, np.nan])).tolist() == [False, True, False]


def test_blocks_are_longer_where_errors_last_longer() -> None:
    rng = np.random.default_rng(0)
    lengths = []
    for held in (0.0, 0.5, 0.9):
        noise = rng.standard_normal((8, 20_000))
        lengths.append(politis_white(list(lfilter([1.0], [1.0, -held], noise, axis=1))))
    # For AR(1) the length is (1.5 (2 r / (1 - r^2))^2 n)^(1/3): 37.6 at 0.5, and 139 at 0.9.
    assert lengths[0] < 10
    assert lengths[1] == pytest.approx(37.6, rel=0.35)
    assert lengths[2] == pytest.approx(139, rel=0.35)


def board(people: np.ndarray, short: np.ndarray) -> Board:
    nothing = np.zeros(len(people))
    return Board(
        people=people,
        entries=nothing,
        exits=nothing,
        dwell_s=60 * people,
        short=short,
        covered=~short,
    )


def some_minutes() -> Minutes:
    rng = np.random.default_rng(0)
    people = rng.poisson(3, 480).astype(float)
    short = people > 4
    flipped = short.copy()
    flipped[[5, 9, 300]] ^= True
    return Minutes(
        zones=np.repeat(np.array(["bay", "hall"]), 240),
        times_us=np.tile(np.arange(240) * 60_000_000, 2),
        a=board(people, short),
        b=board(people + 0.5, flipped),
        true_people=people,
    )


def test_minutes_in_which_the_board_differs_are_counted() -> None:
    result = compare_boards(some_minutes(), resamples=200)
    assert result.flips == 3
    assert result.flip_minutes.tolist() == [5, 9, 300]
    error = next(one for one in result.differences if one.measure == "error of occupancy")
    assert error.a == 0.0
    assert error.b == pytest.approx(0.5)


def test_minutes_out_of_order_are_refused_by_zone_and_time() -> None:
    minutes = some_minutes()
    times = minutes.times_us.copy()
    times[3] = times[2]
    with pytest.raises(NotComparable, match="zone bay at 120000000 us is out of order or twice"):
        compare_boards(replace(minutes, times_us=times))
