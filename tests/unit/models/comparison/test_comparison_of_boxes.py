"""Two arms over the same boxes: figures equal a clip's scores, and bad input is refused."""

import time
from dataclasses import replace

import numpy as np
import pytest

from models.comparison.arms import Arm, BoxesOfFrames, Frames, NotComparable, Truth
from models.comparison.blocks import strata_of
from models.comparison.compare import compare
from models.comparison.curves import at_threshold
from models.comparison.verdict import Outcome
from models.datasets.motchallenge import BoxTable
from models.evaluation.detection import evaluate_detections

RNG = np.random.default_rng


def some_frames(count: int = 600, cameras: int = 2) -> Frames:
    names = np.array([f"camera-{number}" for number in range(cameras)])
    return Frames(
        cameras=np.repeat(names, count),
        times_us=np.tile(np.arange(count) * 200_000, cameras),
        size=(1000, 1000),
    )


def some_people(frames: Frames, seed: int = 0) -> Truth:
    rng = RNG(seed)
    of_frame = np.repeat(np.arange(len(frames)), rng.poisson(3, len(frames)))
    corner = rng.uniform(0, 400, (len(of_frame), 2))
    size = rng.uniform(40, 150, (len(of_frame), 2))
    boxes = np.concatenate([corner, corner + size], axis=1)
    return Truth(frames=frames, people=BoxesOfFrames(frames=of_frame, boxes=boxes))


def arm_of(truth: Truth, name: str, share: float, seed: int) -> Arm:
    rng = RNG(seed)
    people = truth.people
    kept = rng.random(len(people.frames)) < share
    false = np.flatnonzero(rng.random(len(truth.frames)) < 0.3)
    corner = rng.uniform(0, 400, (len(false), 2))
    boxes = np.concatenate(
        [
            people.boxes[kept] + rng.normal(0, 6, (int(kept.sum()), 4)),
            np.concatenate([corner, corner + 80], axis=1),
        ]
    )
    at = np.concatenate([people.frames[kept], false])
    scores = np.concatenate([rng.beta(5, 2, int(kept.sum())), rng.beta(2, 5, len(false))])
    order = np.argsort(at, kind="stable")
    found = BoxesOfFrames(frames=at[order], boxes=boxes[order], scores=scores[order])
    return Arm(name=name, frames=truth.frames, found=found)


FRAMES = some_frames()
TRUTH = some_people(FRAMES)
A = arm_of(TRUTH, "now", 0.9, 1)
B = arm_of(TRUTH, "next", 0.7, 2)


def table_of(boxes: BoxesOfFrames) -> BoxTable:
    count = len(boxes.frames)
    scores = boxes.scores if len(boxes.scores) else np.ones(count)
    return BoxTable(boxes.frames + 1, np.full(count, -1), boxes.boxes, scores)


def test_both_arms_have_the_scores_of_an_evaluation_of_their_own() -> None:
    result = compare(A, B, TRUTH, resamples=200)
    people = table_of(TRUTH.people)
    for side, arm in (("a", A), ("b", B)):
        own = evaluate_detections(people, table_of(arm.found))
        for measure, value in (
            ("AP", own.ap),
            ("AP50", own.ap50),
            ("precision", own.precision),
            ("recall", own.recall),
        ):
            assert getattr(result.of(measure), side) == pytest.approx(value, abs=1e-9), measure


def test_an_arm_that_finds_fewer_is_worse_and_the_same_arm_is_not() -> None:
    worse = compare(A, B, TRUTH, resamples=200).verdict
    assert worse is not None
    assert worse.outcome is Outcome.WORSE
    assert "next is worse than now" in worse.sentence
    same = compare(A, replace(A, name="again"), TRUTH, resamples=200)
    assert same.verdict is not None
    assert same.verdict.outcome is Outcome.NOT_WORSE
    assert same.agreement == 1.0
    assert not any(one.named for one in same.slices)


def test_without_truth_arms_agree_or_differ_and_none_is_better() -> None:
    result = compare(A, B, resamples=200)
    assert result.verdict is None
    assert 0 < result.agreement < 1
    assert result.of("people a frame").high < 0


def test_the_same_seed_gives_the_same_result() -> None:
    first, second = (compare(A, B, TRUTH, resamples=200, seed=3) for _ in range(2))
    assert first.differences == second.differences


def test_another_threshold_is_read_from_bins_in_a_tenth_of_a_second() -> None:
    result = compare(A, B, TRUTH, resamples=100)
    assert result.bins_a is not None
    start_s = time.perf_counter()
    read = at_threshold(result.bins_a, 0.6)
    assert time.perf_counter() - start_s < 0.1
    own = evaluate_detections(table_of(TRUTH.people), table_of(A.found), score_threshold=0.6)
    assert (read.true_positives, read.false_positives) == (own.true_positives, own.false_positives)
    assert read.recall == pytest.approx(own.recall)


def test_a_frame_that_failed_is_missing_and_its_people_still_count() -> None:
    failed = np.zeros(len(FRAMES), dtype=bool)
    failed[:300] = True
    kept = A.found.frames >= 300
    found = BoxesOfFrames(
        frames=A.found.frames[kept], boxes=A.found.boxes[kept], scores=A.found.scores[kept]
    )
    result = compare(A, replace(A, name="fails", failed=failed, found=found), TRUTH, resamples=200)
    assert (result.missing_a, result.missing_b) == (0, 300)
    assert result.frames == len(FRAMES)
    assert result.of("recall").b < 0.8 * result.of("recall").a


def test_other_frames_are_refused_by_the_first_that_differs() -> None:
    times = FRAMES.times_us.copy()
    times[7] += 1
    with pytest.raises(NotComparable, match="first that differs is camera camera-0 at 1400000 us"):
        compare(A, replace(B, frames=replace(FRAMES, times_us=times)))


def test_fewer_frames_are_refused_by_the_first_that_only_one_arm_has() -> None:
    fewer = replace(FRAMES, cameras=FRAMES.cameras[:-2], times_us=FRAMES.times_us[:-2])
    with pytest.raises(NotComparable, match="which only arm now has"):
        compare(A, replace(B, frames=fewer))


def test_truth_of_another_size_is_refused() -> None:
    with pytest.raises(NotComparable, match=r"\(640, 480\) px"):
        compare(A, B, replace(TRUTH, frames=replace(FRAMES, size=(640, 480))))


def test_a_score_that_is_no_number_is_refused_by_its_frame() -> None:
    scores = B.found.scores.copy()
    scores[5] = np.nan
    with pytest.raises(NotComparable, match="arm next: a score is not a number in camera camera-0"):
        compare(A, replace(B, found=replace(B.found, scores=scores)))


def test_one_block_gives_an_answer_without_an_interval() -> None:
    frames = some_frames(5, 1)
    truth = some_people(frames)
    result = compare(arm_of(truth, "now", 0.9, 1), arm_of(truth, "next", 0.5, 2), truth)
    assert result.verdict is not None
    assert result.verdict.outcome is Outcome.UNKNOWN
    assert result.verdict.more_hours is None
    assert "one block" in result.verdict.sentence


def test_nobody_in_any_frame_gives_an_answer() -> None:
    nobody = BoxesOfFrames(frames=np.empty(0, dtype=np.int64), boxes=np.empty((0, 4)))
    empty = Arm(name="now", frames=FRAMES, found=nobody)
    truth = Truth(frames=FRAMES, people=nobody)
    result = compare(empty, replace(empty, name="next"), truth, resamples=100)
    assert result.verdict is not None
    assert result.verdict.outcome is Outcome.UNKNOWN
    assert np.isnan(result.agreement)


def test_a_camera_that_moved_is_two_series() -> None:
    moved = replace(FRAMES, moved_us={"camera-0": (60_000_000,)})
    assert np.bincount(strata_of(moved)).tolist() == [300, 300, 600]


def test_eight_cameras_are_drawn_whole_and_seven_are_not() -> None:
    for cameras, drawn in ((7, "time within each camera"), (8, "cameras")):
        truth = some_people(some_frames(50, cameras))
        a, b = arm_of(truth, "now", 0.9, 1), arm_of(truth, "next", 0.8, 2)
        assert compare(a, b, truth, resamples=50).drawn == drawn
