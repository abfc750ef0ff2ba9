"""Made-up detections: the model behind the MOT17 sequences of the tracking benchmark."""

from pathlib import Path

import numpy as np

from models.datasets.motchallenge import table
from tests.bench.tracking.noise import NMS_IOU, People, noisy_detections, read_people, score_of

FPS, FRAMES = 10.0, 300


def a_crowd(visibility: float) -> People:
    """Six people who stand apart for the whole sequence."""
    frames = np.repeat(np.arange(1, FRAMES + 1), 6)
    ids = np.tile(np.arange(1, 7), FRAMES)
    left = ids * 200.0
    corners = np.column_stack([left, 0 * left, left + 60, 0 * left + 180])
    boxes = table(frames, ids, corners, np.ones(len(ids)))
    return People(boxes, np.full(len(ids), visibility))


def test_one_seed_gives_one_set_of_detections() -> None:
    first, again, other = (
        noisy_detections(a_crowd(1.0), FPS, FRAMES, seed).boxes for seed in (1, 1, 2)
    )

    assert first.tolist() == again.tolist()
    assert first.shape != other.shape or (first != other).any()


def test_misses_and_low_scores_grow_with_occlusion() -> None:
    clear, half, hidden = (
        noisy_detections(a_crowd(visibility), FPS, FRAMES, 3) for visibility in (1.0, 0.5, 0.0)
    )

    assert len(clear) > 1.2 * len(half) > 1.2 * len(hidden)
    assert np.median(clear.scores) > 0.8
    assert np.median(half.scores) < 0.6


def test_a_person_in_the_clear_is_mostly_found() -> None:
    found = noisy_detections(a_crowd(1.0), FPS, FRAMES, 3)

    assert len(found) > 0.9 * 6 * FRAMES


def test_a_small_person_scores_less() -> None:
    near, far = score_of(np.ones(2), np.zeros(2), np.array([200.0, 25.0]))

    assert near > far


def test_misses_come_in_runs() -> None:
    """A missed person is missed again in the next frame more often than others are."""
    people = a_crowd(0.7)
    found = noisy_detections(people, FPS, FRAMES, 5)
    seen = np.zeros((6, FRAMES), dtype=bool)
    for frame, box in zip(found.frames, found.boxes, strict=True):
        person = round(float(box[0]) / 200) - 1
        if 0 <= person < 6 and abs(box[1]) < 60:
            seen[person, frame - 1] = True

    missed = ~seen
    again = (missed[:, 1:] & missed[:, :-1]).sum() / missed[:, :-1].sum()
    assert again > 1.5 * missed.mean()


def test_there_are_false_boxes_that_stay_and_some_that_do_not() -> None:
    nobody_seen = People(a_crowd(1.0).boxes, np.full(6 * FRAMES, -9.0))

    false = noisy_detections(nobody_seen, FPS, FRAMES, 1)

    x, counts = np.unique((false.boxes[:, 0] / 40).round(), return_counts=True)
    assert 0.3 * FRAMES < len(false) < 3 * FRAMES
    assert counts.max() > 3 * np.median(counts)
    assert len(x) > 5


def test_of_two_people_at_one_position_one_is_found() -> None:
    frames = np.repeat(np.arange(1, 101), 2)
    ids = np.tile([1, 2], 100)
    corners = np.column_stack([ids + 100, 0 * ids, ids + 160, 0 * ids + 180])
    pair = People(table(frames, ids, corners, np.ones(200)), np.ones(200))

    found = noisy_detections(pair, FPS, 100, 1)

    both = [len(rows) for rows in found.by_frame().values()]
    assert np.mean(both) < 2 * NMS_IOU + 0.9


def test_visibility_is_read_with_the_people_it_belongs_to(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text("2,1,0,0,5,5,1,1,0.25\n1,2,0,0,5,5,1,1,0.75\n1,3,0,0,5,5,0,1,1\n")

    people = read_people(path)

    assert people.boxes.ids.tolist() == [2, 1]
    assert people.visibility.tolist() == [0.75, 0.25]
