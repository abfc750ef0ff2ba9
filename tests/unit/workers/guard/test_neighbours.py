"""Cameras that see the same people agree, or one of them is calibrated wrongly."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from models.datasets.motchallenge import read_detections
from tests.support.overlapping_views import (
    Walk,
    aside,
    compared,
    corner_cameras,
    recorded,
    registered,
    standing,
    to_and_fro,
    walked,
)
from workers.guard.neighbours import Disagreement, Neighbours, Pair, blame
from workers.guard.overlap import OverlapLimits, Person, mutual_nearest
from workers.operations.scoring.floor_cameras import read_cameras

CAMERAS = corner_cameras()
A, B, C = "corner-0", "corner-1", "corner-2"
WALKERS: list[Walk] = [
    to_and_fro((2.0, 1.5), (6.0, 4.5), 1.1),
    to_and_fro((2.0, 4.5), (6.0, 1.8), 0.8),
]


def verdicts(found: Mapping[Pair, Disagreement]) -> set[Pair]:
    """Each camera that is to blame, with the other."""
    return {pair for pair, one in found.items() if one.disagrees}


def test_cameras_that_are_calibrated_rightly_agree() -> None:
    found = compared(CAMERAS, walked({A: WALKERS, B: WALKERS, C: WALKERS}, 40))

    assert found.keys() == {(A, B), (B, A), (A, C), (C, A), (B, C), (C, B)}
    assert verdicts(found) == set()
    assert max(one.apart.distance_m for one in found.values()) < 0.35


def test_the_one_camera_that_is_off_is_to_blame() -> None:
    seen = {A: WALKERS, B: WALKERS, C: WALKERS}

    found = compared(CAMERAS, walked(seen, 40, off={B: (0.7, 0.7)}))

    assert verdicts(found) == {(B, A), (B, C)}
    assert found[B, A].apart.distance_m == pytest.approx(1.0, abs=0.3)


def test_of_two_cameras_alone_either_may_be_wrong() -> None:
    found = compared(CAMERAS, walked({A: WALKERS, B: WALKERS}, 40, off={B: (1.0, 0.0)}))

    assert verdicts(found) == {(A, B), (B, A)}


def test_people_who_sit_together_and_are_seen_by_one_camera_each_are_no_evidence() -> None:
    seen = {A: [standing(4.0, 3.0)], B: [standing(4.8, 3.0)]}

    assert compared(CAMERAS, walked(seen, 120)) == {}


def test_people_who_pass_each_other_unseen_by_the_other_camera_are_no_evidence() -> None:
    seen = {
        A: [to_and_fro((2.0, 3.0), (6.0, 3.0), 1.0)],
        B: [to_and_fro((6.0, 3.6), (2.0, 3.6), 1.0)],
    }

    assert compared(CAMERAS, walked(seen, 120)) == {}


def test_a_clock_that_is_late_is_no_wrong_calibration() -> None:
    found = compared(CAMERAS, walked({A: WALKERS, B: WALKERS}, 60, late_s={B: 0.8}))

    assert verdicts(found) == set()
    assert found[A, B].apart.late_s == pytest.approx(-0.8, abs=0.2)


def test_nothing_is_known_any_more_of_a_camera_that_was_calibrated_anew() -> None:
    neighbours = Neighbours(OverlapLimits())
    neighbours.register(CAMERAS)
    for one in walked({A: WALKERS, B: WALKERS}, 40, off={B: (1.0, 0.0)}):
        neighbours.take(one)
    assert neighbours.found() != []

    renamed = {**CAMERAS, A: {**CAMERAS[A], "name": "another name"}}
    neighbours.register(renamed)
    assert neighbours.found() != []
    neighbours.register({**CAMERAS, B: {**CAMERAS[B], "projection": CAMERAS[C]["projection"]}})
    assert neighbours.found() == []


def test_cameras_that_move_or_are_not_calibrated_are_not_compared() -> None:
    cameras: dict[str, Any] = {
        **CAMERAS,
        B: {**CAMERAS[B], "mount": "MOVING"},
        C: {**CAMERAS[C], "projection": None, "homography": None},
    }

    found = compared(cameras, walked({A: WALKERS, B: WALKERS, C: WALKERS}, 40))

    assert found == {}


def test_only_people_who_are_nearest_to_each_other_are_a_pair() -> None:
    first = [Person(1, 0.0, 0.0), Person(2, 1.0, 0.0)]
    second = [Person(7, 0.9, 0.0), Person(8, 9.0, 0.0)]

    assert mutual_nearest(first, second) == [(first[1], second[0])]
    assert mutual_nearest(first, []) == []


def test_blame_is_with_the_camera_that_disagrees_with_most_others() -> None:
    one_wrong = {("a", "b"): True, ("a", "c"): True, ("b", "c"): False}

    assert blame(one_wrong) == {("a", "b"), ("a", "c")}
    assert blame({("a", "b"): True}) == {("a", "b"), ("b", "a")}
    assert blame({("a", "b"): False}) == set()


def test_the_cameras_of_a_real_room_agree_until_one_is_a_metre_off(data_dir: Path | None) -> None:
    if data_dir is None:
        pytest.skip("there are no recordings beside the project (../shared/data)")
    folder = data_dir / "cmc" / "CMC1"
    cameras, fps, _ = read_cameras(folder / "cameras.json")
    detections = {name: read_detections(folder / f"{name}.det.txt") for name in cameras}
    off = {**cameras, "cam2": aside(cameras["cam2"], 0.0, 1.0)}

    right = compared(
        {name: registered(name, one) for name, one in cameras.items()},
        recorded(cameras, detections, fps or 4.0),
    )
    wrong = compared(
        {name: registered(name, one) for name, one in off.items()},
        recorded(off, detections, fps or 4.0),
    )

    assert verdicts(right) == set()
    assert len(right) == 12
    assert {camera for camera, _ in verdicts(wrong)} == {"cam2"}
