"""Intervals hold what they promise on days whose errors are correlated in time."""

from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from models.comparison.blocks import block_length_s, units_of
from models.comparison.compare import hours_of
from models.comparison.ratios import Difference, differences_of
from models.comparison.slices import cut_to, judge, slices_of_frames
from models.comparison.verdict import Outcome, verdict
from tests.support.simulated_arms import SimulatedDay, day_frames, simulate

RESAMPLES = 1_000
FEW = 120
MANY = 500
PLANTED = 20
PLANTED_MANY = 100
LOST = 0.03
CHANCE = 1e-3
"""Chance that a sound method fails a bound on other seeds."""

FRAMES = day_frames()


class Day(NamedTuple):
    """What two intervals hold on one day; the true difference is 0."""

    ours: Difference
    plain: bool


def compared(day: SimulatedDay, seed: int) -> Difference:
    units = units_of(FRAMES, block_length_s(FRAMES, day.found_b - day.found_a))
    return differences_of([day.recall], units, resamples=RESAMPLES, seed=seed)[0]


def plain_interval_holds_zero(day: SimulatedDay) -> bool:
    """The bootstrap over single frames, by the normal limit that it has with so many frames."""
    gap = (day.found_b - day.found_a).sum() / day.people.sum()
    influence = (day.found_b - day.found_a - gap * day.people) / day.people.sum()
    return bool(abs(gap) <= 1.96 * np.sqrt((influence**2).sum()))


def days(count: int) -> list[Day]:
    result = []
    for seed in range(count):
        day = simulate(FRAMES, seed)
        result.append(Day(compared(day, seed), plain_interval_holds_zero(day)))
    return result


def few_or_less(count: int, share: float) -> int:
    """How many of `count` a share gives at most, but for chance."""
    return int(stats.binom.isf(CHANCE, count, share))


@pytest.fixture(scope="module")
def some_days() -> list[Day]:
    return days(FEW)


def test_an_interval_holds_the_truth_as_often_as_it_claims(some_days: list[Day]) -> None:
    missed = sum(not one.ours.low <= 0 <= one.ours.high for one in some_days)
    assert missed <= few_or_less(FEW, 0.05), f"{missed} of {FEW}"


def test_a_bootstrap_of_single_frames_does_not(some_days: list[Day]) -> None:
    missed = sum(not one.plain for one in some_days)
    assert missed > few_or_less(FEW, 0.05), f"{missed} of {FEW}"


def test_an_arm_beside_its_like_raises_few_alarms(some_days: list[Day]) -> None:
    hours = hours_of(FRAMES)
    alarms = sum(
        verdict(one.ours, a="a", b="b", hours=hours).outcome in (Outcome.BETTER, Outcome.WORSE)
        for one in some_days
    )
    assert alarms <= few_or_less(FEW, 0.06), f"{alarms} of {FEW}"


def planted(count: int) -> tuple[int, int]:
    """Days on which the planted loss is named, and on which the verdict is that b is better."""
    named, better = 0, 0
    for seed in range(count):
        day = simulate(FRAMES, 10_000 + seed, lost=LOST)
        units = units_of(FRAMES, block_length_s(FRAMES, day.found_b - day.found_a))
        slices = slices_of_frames(FRAMES, day.people)
        results = judge(
            [(one.dimension, one.value) for one in slices],
            [cut_to(day.recall, one.rows) for one in slices],
            units,
            resamples=200,
            seed=seed,
        )
        named += any(
            one.named and one.value == "c dark" and one.difference.difference < 0 for one in results
        )
        overall = differences_of([day.recall], units, resamples=RESAMPLES, seed=seed)[0]
        found = verdict(overall, a="a", b="b", hours=hours_of(FRAMES), margin=0.001).outcome
        better += found is Outcome.BETTER
    return named, better


def test_a_loss_in_the_dark_hours_of_one_camera_is_named() -> None:
    named, better = planted(PLANTED)
    assert named >= PLANTED - few_or_less(PLANTED, 0.1), f"{named} of {PLANTED}"
    assert better <= few_or_less(PLANTED, 0.025), f"{better} of {PLANTED}"


@pytest.mark.fuzz_long
@pytest.mark.timeout(3600)
def test_intervals_hold_the_truth_on_93_to_97_of_100_days() -> None:
    many = days(MANY)
    held = sum(one.ours.low <= 0 <= one.ours.high for one in many) / MANY
    plain = sum(one.plain for one in many) / MANY
    assert 0.93 <= held <= 0.97, f"{held:.3f}"
    assert plain < 0.85, f"{plain:.3f}"


@pytest.mark.fuzz_long
@pytest.mark.timeout(3600)
def test_a_planted_loss_is_named_on_90_of_100_days() -> None:
    named, better = planted(PLANTED_MANY)
    assert named >= 0.9 * PLANTED_MANY, f"{named} of {PLANTED_MANY}"
    assert better <= 0.05 * PLANTED_MANY, f"{better} of {PLANTED_MANY}"
