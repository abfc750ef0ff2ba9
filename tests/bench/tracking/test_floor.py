"""Scores on the floor, and how much of a person in a crowd can be seen."""

from pathlib import Path

import numpy as np
import pytest

from models.datasets.motchallenge import BoxTable, table
from tests.bench.tracking.fast_scores import Scores, Truth, average, count, pool
from tests.bench.tracking.floor import FloorPlan
from tests.bench.tracking.pets import read_crowd, visibility_of

PROJECTION = np.array([[100.0, 0.0, 0.0, 0.0], [0.0, 100.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
"""A camera that looks straight down: 100 px for each metre."""

PLAN = FloorPlan.of(PROJECTION, (800, 400))


def people_at(*feet: tuple[float, float]) -> BoxTable:
    """A person of 40 x 80 px for each foot point (px), all in frame 1."""
    boxes = [(x - 20, y - 80, x + 20, y) for x, y in feet]
    ids = np.arange(1, len(feet) + 1)
    return table(np.ones(len(feet), int), ids, np.array(boxes), np.ones(len(feet)))


def test_a_box_is_scored_at_its_feet() -> None:
    placed = PLAN.on_floor(people_at((250.0, 150.0)))

    assert placed.boxes.tolist() == [[2.5, 1.5, 0.0, 0.0]]


def test_feet_outside_the_annotated_part_or_cut_off_are_left_out() -> None:
    placed = PLAN.on_floor(
        people_at((140.0, 150.0), (660.0, 150.0), (300.0, 399.0), (300.0, 300.0))
    )

    assert placed.ids.tolist() == [4]


def test_people_whose_feet_the_camera_does_not_see_are_not_asked_for() -> None:
    points = np.array([[2.5, 1.5, 0, 0], [2.5, 4.5, 0, 0], [8.5, 1.5, 0, 0]])
    people = table(np.ones(3, int), np.array([1, 2, 3]), points, np.ones(3))

    assert PLAN.seen(people).ids.tolist() == [1]


@pytest.mark.parametrize(("off_m", "found"), [(0.4, 1.0), (0.6, 0.0)])
def test_a_person_is_found_within_half_a_metre(off_m: float, found: float) -> None:
    frames, ids = np.arange(1, 11), np.ones(10, int)
    truth = table(frames, ids, np.tile([2.5, 1.5, 0, 0], (10, 1)), np.ones(10))
    tracks = table(frames, ids, np.tile([2.5 + off_m, 1.5, 0, 0], (10, 1)), np.ones(10))

    scores = pool([count(Truth.of(truth), tracks, on_floor=True)])

    assert scores.recall == scores.idf1 == found
    levels = round((1.0 - off_m) / 0.05)
    assert scores.hota == pytest.approx(levels / 19)


def test_draws_of_one_sequence_count_as_one() -> None:
    truth = people_at((250.0, 150.0), (350.0, 150.0))
    all_found = count(Truth.of(truth), truth)
    half = count(Truth.of(truth), truth.where(truth.ids == 1))

    both: Scores = pool([average([all_found, half])])

    assert both.recall == 0.75
    assert average([half, half]) == half


def test_who_stands_nearer_hides_who_stands_behind() -> None:
    visible = visibility_of(people_at((100.0, 200.0), (120.0, 240.0), (400.0, 200.0)))

    assert visible.tolist() == [pytest.approx(1 - 0.5 * 0.5), 1.0, 1.0]


def test_a_crowd_is_read_with_frames_from_1(tmp_path: Path) -> None:
    path = tmp_path / "crowd.xml"
    person = '<object id="{}"><box h="80" w="40" xc="{}" yc="100"/></object>'
    path.write_text(
        "<dataset>"
        f'<frame number="0"><objectlist>{person.format(3, 50)}</objectlist></frame>'
        '<frame number="1"><objectlist/></frame>'
        f'<frame number="2"><objectlist>{person.format(3, 60)}</objectlist></frame>'
        "</dataset>"
    )

    people, frames, size = read_crowd(path)

    assert (frames, size) == (3, (768, 576))
    assert people.boxes.frames.tolist() == [1, 3]
    assert people.boxes.boxes[0].tolist() == [30.0, 60.0, 70.0, 140.0]
    assert people.visibility.tolist() == [1.0, 1.0]
