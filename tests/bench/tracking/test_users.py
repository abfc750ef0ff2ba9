"""What users of zones see of a tracker, on stays that can be counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from models.datasets.motchallenge import BoxTable, table
from tests.bench.tracking.sequences import Sequence
from tests.bench.tracking.users import Stay, Visits, compare, visits

FEET = {"west hall": (120.0, 120.0), "east bay": (360.0, 300.0), "nowhere": (5.0, 350.0)}


def walk(*stays: tuple[int, str, float, float]) -> BoxTable:
    """Boxes of `(id, zone, from s, to s)` at 10 frames per second."""
    rows = [
        (frame, number, [x - 10, y - 50, x + 10, y])
        for number, zone, start_s, end_s in stays
        for x, y in [FEET[zone]]
        for frame in range(round(start_s * 10) + 1, round(end_s * 10) + 1)
    ]
    frames, ids, boxes = zip(*rows, strict=True)
    return table(np.array(frames), np.array(ids), np.array(boxes), np.ones(len(rows)))


def clip(truth: BoxTable) -> Sequence:
    return Sequence("clip", "clip", 10.0, 1, 300, (480, 360), truth, truth)


def seen(tracks: BoxTable) -> Visits:
    return visits(clip(tracks), tracks)


TRUTH = walk((1, "west hall", 2, 12), (2, "east bay", 5, 25), (2, "nowhere", 25, 29))


def test_the_truth_has_no_errors() -> None:
    scores = compare(seen(TRUTH), seen(TRUTH))

    assert (scores.head_count_error, scores.dwell_error_s) == (0, 0)
    assert (scores.true_entries, scores.true_exits) == (2, 2)
    assert scores.false_entries == scores.missed_entries == 0
    assert scores.false_exits == scores.missed_exits == 0


def test_a_change_of_id_ends_a_stay_and_starts_another() -> None:
    changed = walk((1, "west hall", 2, 12), (2, "east bay", 5, 15), (3, "east bay", 15, 25))

    scores = compare(seen(TRUTH), seen(changed))

    assert (scores.false_entries, scores.false_exits) == (1, 1)
    assert (scores.missed_entries, scores.missed_exits) == (0, 0)
    assert scores.dwell_error_s == pytest.approx((0 + 10) / 2, abs=0.2)


def test_a_person_nobody_follows_is_missed_and_not_counted() -> None:
    scores = compare(seen(TRUTH), seen(walk((1, "west hall", 2, 12))))

    assert (scores.missed_entries, scores.missed_exits, scores.false_entries) == (1, 1, 0)
    assert scores.dwell_error_s == pytest.approx(19.9 / 2, abs=0.2)
    assert scores.head_count_error == pytest.approx(21 / (4 * 29), abs=0.02)


def test_lower_rates_go_through_the_same_zones() -> None:
    every = 2
    thin = TRUTH.where((TRUTH.frames - 1) % every == 0)

    found = visits(replace(clip(TRUTH), every=every), thin)

    scores = compare(seen(TRUTH), found)
    assert (scores.false_entries, scores.missed_entries) == (0, 0)
    assert scores.dwell_error_s < 0.3


def test_a_stay_in_another_zone_shares_nothing() -> None:
    here, there = Stay("west hall", 0.0, 9.0), Stay("east bay", 0.0, 9.0)
    nothing = np.zeros((4, 3))

    scores = compare(Visits(nothing, [here]), Visits(nothing, [there]))

    assert scores.dwell_error_s == 9.0
