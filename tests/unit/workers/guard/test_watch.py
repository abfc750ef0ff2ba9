"""The guard's fold: what happens to a made-up camera has its verdict, and nothing else has one."""

from itertools import pairwise

import numpy as np
import pytest

from tests.support.guarded_views import (
    FAULTS,
    FPS,
    LIGHTS,
    RHYTHM,
    START_US,
    Change,
    Pictures,
    changes,
    happening,
    in_light,
    room,
    view,
)
from workers.guard.measures import Background, make_background
from workers.guard.pictures import Picture, small_picture
from workers.guard.watch import RECENT, CameraWatch, median

BEFORE, AFTER = 26, 26
SOONEST_S, LATEST_S = 3.0, 5.5


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    """A made-up room in which three people walk."""
    return room(60)


@pytest.fixture(scope="module")
def learnt(pictures: Pictures) -> Background:
    """Its background."""
    return make_background(small_picture(np.median(cut(pictures), axis=0).astype(np.uint8)))


def cut(pictures: Pictures) -> Pictures:
    return np.stack([view(pictures, number) for number in range(len(pictures))])


@pytest.mark.parametrize("name", FAULTS)
def test_what_happens_to_a_camera_has_its_verdict_alone_and_soon(
    name: str, pictures: Pictures, learnt: Background
) -> None:
    fault = FAULTS[name]
    before = 12
    found = changes(happening(pictures, fault, before, AFTER), CameraWatch(RHYTHM, learnt))

    assert [one.verdict for one in found] == ["OK", fault.verdict]
    delay_s = found[-1].at_s - before / FPS
    frozen = fault.verdict == "FROZEN"
    assert (10.0 if frozen else SOONEST_S) <= delay_s <= (11.0 if frozen else LATEST_S)


@pytest.mark.parametrize("light", LIGHTS)
def test_people_and_light_change_no_verdict(
    light: str, pictures: Pictures, learnt: Background
) -> None:
    found = changes(in_light(pictures, light, 70), CameraWatch(RHYTHM, learnt))

    assert [one.verdict for one in found] == ["OK"]


def test_a_background_is_learnt_and_then_a_verdict_ends_when_its_cause_does(
    pictures: Pictures,
) -> None:
    fault = FAULTS["displaced 10 px"]
    moved = [*happening(pictures, fault, BEFORE, AFTER)]
    found = changes([*moved, *(view(pictures, number) for number in range(AFTER))])

    assert [one.verdict for one in found] == ["OK", "MOVED", "OK"]
    assert found[0] == Change(RHYTHM.learn_us / 1e6, "OK")
    assert found[2].at_s - (BEFORE + AFTER) / FPS <= LATEST_S


def test_no_background_is_learnt_in_the_dark_or_while_the_camera_is_turned(
    pictures: Pictures,
) -> None:
    turning = [view(pictures, n, right=2 * n - 40, down=n - 20) for n in range(36)]
    dark = [FAULTS["darkened to 5 %"].picture(pictures, n) for n in range(36)]

    assert changes(turning) == []
    assert [one.verdict for one in changes(dark)] == ["DARK"]


def test_a_moved_camera_is_found_out_after_a_restart_too(
    pictures: Pictures, learnt: Background
) -> None:
    moved = [view(pictures, number, right=12) for number in range(AFTER)]

    found = changes(moved, CameraWatch(RHYTHM, make_background(learnt.picture)))

    assert [one.verdict for one in found] == ["MOVED"]


def test_the_same_pictures_have_the_same_verdicts(pictures: Pictures) -> None:
    shown = [*happening(pictures, FAULTS["zoomed by 5 %"], BEFORE, 10)]

    def fold() -> list[object]:
        watch = CameraWatch(RHYTHM)
        found: list[object] = []
        for number, picture in enumerate(shown):
            watch.step(START_US + round(number / FPS * 1e6), small_picture(picture))
            found.append(watch.finding)
        return found

    assert fold() == fold()


def test_a_dark_camera_is_dark_also_where_no_noise_is_left(
    pictures: Pictures, learnt: Background
) -> None:
    black = np.zeros_like(view(pictures, 0))

    found = changes([black] * 40, CameraWatch(RHYTHM, learnt))

    assert [one.verdict for one in found] == ["DARK"]


def test_a_background_of_which_nothing_can_be_compared_is_none(pictures: Pictures) -> None:
    plain = np.full_like(small_picture(view(pictures, 0)), 90)
    watch = CameraWatch(RHYTHM, make_background(plain))

    assert [one.verdict for one in changes(in_light(pictures, "as recorded", 24), watch)] == ["OK"]
    assert watch.background is not None


def test_a_view_of_another_size_is_learnt_anew(pictures: Pictures, learnt: Background) -> None:
    watch = CameraWatch(RHYTHM, learnt)
    narrow = [small_picture(view(pictures, number))[:, :200] for number in range(30)]
    verdicts = []
    for number, picture in enumerate(narrow):
        if watch.step(START_US + round(number / FPS * 1e6), np.ascontiguousarray(picture)):
            verdicts.append(watch.finding.verdict)

    assert verdicts == ["LEARNING", "OK"]


def test_after_a_gap_nothing_that_was_seen_before_it_counts(
    pictures: Pictures, learnt: Background
) -> None:
    """A frozen picture and one an hour later are no frozen camera."""
    watch = CameraWatch(RHYTHM, learnt)
    same = small_picture(view(pictures, 0))
    times_s = [0.0, 0.5, 1.0, *(3600.0 + n / FPS for n in range(18))]

    changed = [watch.step(START_US + round(at_s * 1e6), same) for at_s in times_s]

    assert watch.finding.verdict == "OK"
    assert sum(changed) == 1


def test_frames_between_two_comparisons_are_not_due(pictures: Pictures, learnt: Background) -> None:
    watch = CameraWatch(RHYTHM, learnt)
    taken = []
    for number in range(40):  # 10 frames a second, a little unevenly
        at_us = START_US + number * 100_000 + (number % 3) * 7_000
        if watch.due(at_us):
            watch.step(at_us, small_picture(view(pictures, 0)))
            taken.append(at_us)

    assert all(450_000 <= after - before <= 550_000 for before, after in pairwise(taken))


def test_a_border_of_black_says_nothing_of_where_the_camera_looks(pictures: Pictures) -> None:
    """A privacy mask stays where it is when the camera moves."""

    def masked(picture: Picture) -> Picture:
        found = picture.copy()
        found[:, :120] = 0
        return found

    def shown(number: int) -> Picture:
        return masked(view(pictures, number, right=6 if number >= BEFORE else 0))

    found = changes(shown(number) for number in range(BEFORE + AFTER))

    assert [one.verdict for one in found] == ["OK", "MOVED"]


@pytest.mark.parametrize("count", range(1, RECENT + 4))
def test_the_median_is_that_of_each_pixel(count: int) -> None:
    stack = np.random.default_rng(count).integers(0, 255, (count, 6, 5), np.uint8)
    expected = np.sort(stack, axis=0)[(count - 1) // 2]

    assert np.array_equal(median(list(stack)), expected)


def test_a_camera_that_moves_on_purpose_is_never_moved_but_is_found_frozen_and_dark(
    pictures: Pictures, learnt: Background
) -> None:
    def verdicts(name: str) -> list[str]:
        watch = CameraWatch(RHYTHM, learnt)
        watch.moves = True
        return [one.verdict for one in changes(happening(pictures, FAULTS[name], 12, AFTER), watch)]

    assert verdicts("another view") == verdicts("displaced 40 px") == ["OK"]
    assert verdicts("frozen") == ["OK", "FROZEN"]
    assert verdicts("darkened to 5 %") == ["OK", "DARK"]
    assert verdicts("defocused, 1.5 % of the width") == ["OK", "OUT_OF_FOCUS"]


def test_a_camera_that_never_rests_has_a_background_all_the_same(
    pictures: Pictures,
) -> None:
    watch = CameraWatch(RHYTHM)
    watch.moves = True
    turning = (view(pictures, number, right=3 * (number % 16) - 24) for number in range(BEFORE))

    assert [one.verdict for one in changes(turning, watch)] == ["OK"]
