"""The simulated ward is the same for one seed, and what is said of it is as sure as it says."""

import json
from dataclasses import asdict, replace

from tests.bench.identity.grid import FLOORS
from tests.bench.identity.scores import Scores, played, total
from tests.bench.identity.ward import Ward, simulate

SEEDS = range(201, 207)
MINUTES = 10.0


def wards(coverage: float) -> Scores:
    return total(
        played(simulate(Ward(seed=seed, coverage=coverage, minutes=MINUTES))) for seed in SEEDS
    )


def test_one_seed_gives_one_ward() -> None:
    one, other = (simulate(Ward(seed=7, coverage=1.0, minutes=2)) for _ in range(2))

    assert one.seconds == other.seconds
    assert json.dumps(asdict(played(one))) == json.dumps(asdict(played(other)))


def test_without_badges_nobody_is_named_and_the_interval_holds_everybody() -> None:
    found = total(played(simulate(Ward(seed=7, coverage=0.0, minutes=4))) for _ in range(1))

    assert found.named == found.roles == 0
    assert found.unknown == found.presences
    assert found.held == found.counts


def test_of_those_who_are_named_nine_of_ten_are_right() -> None:
    """Seeds that nothing was chosen on; with lent, lost, shared and forgotten badges."""
    found = wards(1.0)

    assert found.named > 0.05 * found.presences
    assert found.named_right >= 0.9 * found.named
    assert found.roles_right >= 0.9 * found.roles


def test_where_more_badges_are_lent_than_is_stated_nine_of_ten_names_are_right() -> None:
    """With 114 badges: of fewer, it is chance how many of those lent name somebody."""
    ward = replace(FLOORS["4 rooms, 30 people"], coverage=1.0, lent=0.08, minutes=6.0)
    found = total(played(simulate(replace(ward, seed=seed))) for seed in SEEDS)

    assert found.named > 0.05 * found.presences
    assert found.named_right >= 0.9 * found.named


def test_readers_whose_clocks_are_off_name_hardly_anybody() -> None:
    ward = replace(FLOORS["4 rooms, 8 people"], coverage=1.0, clock_off_s=3.0, minutes=6.0)
    found = total(played(simulate(replace(ward, seed=seed))) for seed in SEEDS)

    assert found.named < 0.005 * found.presences


def test_confidence_is_not_too_high() -> None:
    found = wards(0.5)

    sure = [one for one in found.bins[5:] if one[0]]
    presences = sum(one[0] for one in sure)
    right, confidence = (sum(one[index] for one in sure) for index in (1, 2))
    assert right >= confidence - 0.05 * presences
