"""Fusion of a room of four cameras: who is counted, where, and that order has no effect."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streams.domain.fusion.fusion import (
    CameraFrame,
    FloorFusion,
    FusedPerson,
    FusionCamera,
)
from streams.domain.fusion.settings import FusionSettings
from streams.domain.fusion.state import FusionState
from tests.support.camera_room import (
    HEIGHT,
    WIDTH,
    cameras,
    projection_from,
    seen,
    walk,
)

TICK_US = 200_000
TICKS = 24


def test_people_whom_four_cameras_see_are_counted_once_and_keep_their_numbers() -> None:
    *_, last = people_by_tick = follow(cameras())

    assert [len(people) for people in people_by_tick[2:]] == [3] * (TICKS - 2)
    assert {person.number for people in people_by_tick for person in people} == {1, 2, 3}
    assert last[0].cameras == ("corner-0", "corner-1", "corner-2", "corner-3")
    spots = walk((TICKS - 1) / 5)
    for person, (x, y) in zip(near_to(last, spots), spots, strict=True):
        assert np.hypot(person.x_m - x, person.y_m - y) < 0.1
        assert person.height_m == pytest.approx(1.7, abs=0.05)
        assert 0.01 < person.position_sd_m < 0.3


def test_people_come_with_the_row_of_their_box_in_each_camera_and_the_time_they_came() -> None:
    watching = cameras()
    fusion = FloorFusion(watching)
    state = fusion.start()
    for tick in range(3, 8):
        spots = [(4.0, 3.0), (2.5, 2.0)] if tick > 4 else [(4.0, 3.0)]
        frames = seen(spots, watching)
        state, people = fusion.step(state, tick * TICK_US, frames)

    for person, spot in zip(people, spots, strict=True):
        assert len(person.cameras) == len(person.boxes) == 4
        for camera_id, at in zip(person.cameras, person.boxes, strict=True):
            slot = [one.camera_id for one in watching].index(camera_id)
            [alone] = seen([spot], watching)[slot].boxes
            assert frames[slot].boxes[at] == pytest.approx(alone)
    assert [person.first_us for person in people] == [3 * TICK_US, 5 * TICK_US]


def test_a_state_with_more_hypotheses_than_are_kept_from_now_on_goes_on_with_the_best() -> None:
    many, few = FloorFusion(cameras()), FloorFusion(cameras(), FusionSettings(hypotheses=2))
    state, rng = many.start(), np.random.default_rng(1)
    # Five people so near each other, and found so seldom, that much is undecided.
    for tick in range(1, 22):
        spots = [
            (3.6 + 0.35 * k + 0.3 * np.sin(tick / 7 + k), 3.0 + 0.25 * np.cos(tick / 5 + 2 * k))
            for k in range(5)
        ]
        frames = [
            replace(frame, boxes=frame.boxes[rng.random(len(frame.boxes)) < 0.6])
            for frame in seen(spots, cameras())
        ]
        state, _ = many.step(state, tick * TICK_US, frames)
    assert state.kept.groups[:, 1].max() > 4

    after, people = few.step(state, 22 * TICK_US, frames)

    assert after.kept.groups[:, 1].max() <= 2
    known = set(state.numbers.values())
    assert known.intersection(person.number for person in people)


def test_people_who_pass_each_other_do_not_exchange_their_numbers() -> None:
    people_by_tick = follow(cameras())
    early, late = people_by_tick[4], people_by_tick[-1]

    assert [p.number for p in near_to(early, walk(4 / 5))] == [
        p.number for p in near_to(late, walk((TICKS - 1) / 5))
    ]


@settings(max_examples=8, deadline=None)
@given(st.permutations(range(4)), st.randoms(use_true_random=False))
def test_order_of_cameras_frames_and_boxes_has_no_effect(order: list[int], random) -> None:  # type: ignore[no-untyped-def]
    watching = [cameras()[at] for at in order]

    sent: list[dict[str, NDArray[np.float64]]] = []

    def shuffled(frames: list[CameraFrame]) -> list[CameraFrame]:
        random.shuffle(frames)
        mixed = [
            scored(replace(f, boxes=f.boxes[random.sample(range(len(f.boxes)), len(f.boxes))]))
            for f in frames
        ]
        sent.append({watching[f.camera].camera_id: f.boxes for f in mixed})
        return mixed

    def as_sent(frames: list[CameraFrame]) -> list[CameraFrame]:
        sent.append({cameras()[f.camera].camera_id: f.boxes for f in frames})
        return [scored(f) for f in frames]

    found, expected = follow(watching, shuffled), follow(cameras(), as_sent)

    def without_boxes(people_by_tick: list[list[FusedPerson]]) -> list[list[FusedPerson]]:
        return [[replace(one, boxes=()) for one in people] for people in people_by_tick]

    assert without_boxes(found) == without_boxes(expected)
    assert boxes_of(found, sent[:TICKS]) == boxes_of(expected, sent[TICKS:])


@settings(max_examples=8, deadline=None)
@given(st.integers(1, TICKS - 1))
def test_a_state_that_was_saved_goes_on_as_if_nothing_had_happened(split: int) -> None:
    fusion, watching = FloorFusion(cameras()), cameras()
    whole = parted = fusion.start()
    for tick in range(TICKS):
        frames = [scored(frame) for frame in seen(walk(tick / 5), watching)]
        whole, expected = fusion.step(whole, (tick + 1) * TICK_US, frames)
        if tick == split:
            parted = FusionState.from_bytes(parted.to_bytes())
        parted, found = fusion.step(parted, (tick + 1) * TICK_US, frames)
        assert found == expected
    assert parted.to_bytes() == whole.to_bytes()


def test_a_state_of_the_release_before_goes_on_with_its_people() -> None:
    fusion, watching = FloorFusion(cameras()), cameras()
    state = fusion.start()
    for tick in range(8):
        state, _ = fusion.step(state, (tick + 1) * TICK_US, seen(walk(tick / 5), watching))

    after, people = fusion.step(
        FusionState.from_bytes(as_version_2(state)), 9 * TICK_US, seen(walk(8 / 5), watching)
    )

    assert sorted(person.number for person in people) == [1, 2, 3]
    assert FusionState.from_bytes(after.to_bytes()).to_bytes() == after.to_bytes()


@pytest.mark.parametrize("sent", ["all frames", "no frame"])
def test_a_step_does_not_change_the_state_before(sent: str) -> None:
    fusion = FloorFusion(cameras())
    state = fusion.start()
    for tick in range(5):
        state, _ = fusion.step(state, (tick + 1) * TICK_US, seen(walk(tick / 5), cameras()))
    before = state.to_bytes()

    # Two of the people nearly in one spot, and long after: weights and sets change.
    frames = seen(walk(1.0), cameras()) if sent == "all frames" else []
    fusion.step(state, 2_000 * TICK_US, frames)

    assert state.to_bytes() == before


def test_a_person_whom_one_camera_sees_is_reported_after_more_than_one_box() -> None:
    watching = cameras()[:1]
    fusion = FloorFusion(watching)
    state = fusion.start()
    counts = []
    for tick in range(6):
        state, people = fusion.step(state, (tick + 1) * TICK_US, seen([(4.0, 3.0)], watching))
        counts.append(len(people))

    assert counts[0] == 0
    assert counts[-1] == 1


def test_a_person_stays_while_one_camera_loses_them_and_leaves_when_all_do() -> None:
    watching = cameras()
    fusion = FloorFusion(watching)
    state = fusion.start()
    now_us = 0
    for _ in range(5):
        now_us += TICK_US
        state, people = fusion.step(state, now_us, seen([(4.0, 3.0)], watching))
    for _ in range(20):
        now_us += TICK_US
        frames = seen([(4.0, 3.0)], watching)
        state, people = fusion.step(state, now_us, [nobody_in(frames[0]), *frames[1:]])
    assert [person.cameras for person in people] == [("corner-1", "corner-2", "corner-3")]

    for _ in range(5):
        now_us += TICK_US
        frames = [nobody_in(frame) for frame in seen([], watching)]
        state, people = fusion.step(state, now_us, frames)
    assert people == []


@pytest.mark.parametrize("count", [1, 4])
def test_who_steps_out_from_behind_something_unknown_has_the_same_number(count: int) -> None:
    watching = cameras()[:count]

    def shown(tick: int) -> list[CameraFrame]:
        frames = seen([(3.0 + 0.15 * tick, 3.0)], watching)
        return [nobody_in(frame) for frame in frames] if 10 <= tick < 16 else frames

    before, *between, after = at_ticks(watching, shown, [9, 14, 15, 19])

    assert [person.number for person in before] == [person.number for person in after] == [1]
    assert between == [[], []]  # believed in, but not counted


def test_who_appears_elsewhere_than_somebody_was_lost_is_another_person() -> None:
    watching = cameras()

    def shown(tick: int) -> list[CameraFrame]:
        frames = seen([(2.0, 2.0) if tick < 10 else (6.0, 4.0)], watching)
        return [nobody_in(frame) for frame in frames] if 10 <= tick < 13 else frames

    before, after = at_ticks(watching, shown, [9, 18])

    assert [person.number for person in before] == [1]
    assert [person.number for person in after] == [2]


def test_faint_boxes_start_nobody_and_keep_who_is_known_for_a_while() -> None:
    watching = cameras()[:1]

    def always(score: float, tick: int) -> list[CameraFrame]:
        frames = seen([(4.0, 3.0)], watching)
        return [replace(one, scores=np.full(len(one.boxes), score)) for one in frames]

    def first_clear(tick: int) -> list[CameraFrame]:
        return always(0.9 if tick < 10 else 0.3, tick)

    def first_seen(tick: int) -> list[CameraFrame]:
        return (
            [nobody_in(frame) for frame in always(0.9, tick)] if tick >= 10 else always(0.9, tick)
        )

    [never] = at_ticks(watching, lambda tick: always(0.3, tick), [30])
    kept, *_, gone = at_ticks(watching, first_clear, [11, 40])
    lost = at_ticks(watching, first_seen, [11])[0]

    assert never == gone == lost == []
    assert [person.number for person in kept] == [1]
    assert kept[0].boxes == (0,)


def test_scores_that_are_not_one_for_each_box_are_refused() -> None:
    frame = replace(seen([(4.0, 3.0)], cameras())[0], scores=np.ones(3))
    fusion = FloorFusion(cameras())

    with pytest.raises(ValueError, match="scores of camera corner-0: give one for each box"):
        fusion.step(fusion.start(), TICK_US, [frame])


def test_a_camera_without_a_frame_says_nothing() -> None:
    watching = cameras()
    fusion = FloorFusion(watching)
    state = fusion.start()
    for tick in range(5):
        state, people = fusion.step(state, (tick + 1) * TICK_US, seen([(4.0, 3.0)], watching))

    for tick in range(5, 30):
        state, people = fusion.step(state, (tick + 1) * TICK_US, [])

    assert len(people) == 1
    assert people[0].cameras == ()


def test_a_second_box_of_a_person_is_no_second_person() -> None:
    watching = cameras()
    fusion = FloorFusion(watching)
    state = fusion.start()
    for tick in range(10):
        frames = [
            replace(frame, boxes=np.vstack([frame.boxes, inside(frame.boxes)]))
            for frame in seen([(4.0, 3.0)], watching)
        ]
        state, people = fusion.step(state, (tick + 1) * TICK_US, frames)

    assert len(people) == 1


def test_rooms_that_share_no_camera_and_no_person_have_no_effect_on_each_other() -> None:
    far = 100.0
    shift = np.eye(4)
    shift[0, 3] = -far
    room = ((0.0, 0.0), (8.0, 0.0), (8.0, 6.0), (0.0, 6.0))
    here = [replace(one, sees=room) for one in cameras()]
    there = [
        FusionCamera(
            f"far-{one.camera_id}",
            one.projection @ shift,
            one.width,
            one.height,
            tuple((x + far, y) for x, y in room),
        )
        for one in here
    ]
    alone, both = FloorFusion(here), FloorFusion([*here, *there])
    state, state_of_both = alone.start(), both.start()
    for tick in range(TICKS):
        one, other = walk(tick / 5), walk((TICKS - tick) / 5)
        frames = seen(one, here)
        beside = seen(other, here)
        state, people = alone.step(state, (tick + 1) * TICK_US, frames)
        state_of_both, everybody = both.step(
            state_of_both,
            (tick + 1) * TICK_US,
            [*frames, *(replace(frame, camera=frame.camera + 4) for frame in beside)],
        )
        assert [(p.x_m, p.y_m) for p in everybody if p.x_m < far / 2] == [
            (p.x_m, p.y_m) for p in people
        ]
    assert len(everybody) == 6


@pytest.mark.parametrize("height_m", [1.2, 1.35, 1.55, 1.9])
def test_seated_small_and_tall_people_are_found_with_their_height(height_m: float) -> None:
    watching = cameras()
    fusion = FloorFusion(watching)
    state = fusion.start()
    for tick in range(5):
        frames = seen([(4.0, 3.0)], watching, height_m)
        state, people = fusion.step(state, (tick + 1) * TICK_US, frames)

    assert [person.height_m for person in people] == pytest.approx([height_m], abs=0.06)


@pytest.mark.parametrize("ticks", [1, 5])
@pytest.mark.parametrize(("before_m", "after_m"), [(1.7, 1.2), (1.2, 1.7)])
def test_who_sits_down_or_gets_up_keeps_the_number_and_gets_the_new_height(
    ticks: int, before_m: float, after_m: float
) -> None:
    watching = cameras()
    fusion = FloorFusion(watching)
    state = fusion.start()
    for tick in range(25):
        share = min(max(tick - 9, 0) / ticks, 1.0)
        frames = seen([(4.0, 3.0)], watching, before_m + share * (after_m - before_m))
        state, people = fusion.step(state, (tick + 1) * TICK_US, frames)
        assert [person.number for person in people] == [1] * len(people)

    assert [person.height_m for person in people] == pytest.approx([after_m], abs=0.06)


def test_a_camera_behind_a_wall_does_not_speak_against_a_person() -> None:
    elsewhere = ((20.0, 0.0), (30.0, 0.0), (30.0, 9.0), (20.0, 9.0))

    def counts(sees: tuple[tuple[float, float], ...]) -> list[int]:
        watching = [*cameras()[:2], *(replace(one, sees=sees) for one in cameras()[2:])]
        fusion = FloorFusion(watching)
        state, found = fusion.start(), []
        for tick in range(20):
            one, two, *others = seen([(4.0, 3.0)], watching)
            frames = [one, two, *map(nobody_in, others)]
            state, people = fusion.step(state, (tick + 1) * TICK_US, frames)
            found.append(len(people))
        return found

    assert counts(elsewhere)[1:] == [1] * 19
    assert counts(((0.0, 0.0), (8.0, 0.0), (8.0, 6.0), (0.0, 6.0)))[1:] != [1] * 19


@pytest.mark.parametrize(
    "sees", [((0.0, 0.0), (1.0, 0.0)), ((0.0, 0.0), (1.0, 0.0), (np.nan, 1.0))]
)
def test_a_region_that_is_none_is_refused(sees: tuple[tuple[float, float], ...]) -> None:
    camera = replace(cameras()[0], sees=sees)

    with pytest.raises(ValueError, match="sees of corner-0: give three corners or more"):
        FloorFusion([camera])


@pytest.mark.parametrize(
    ("boxes", "problem"),
    [
        ([[0.0, 0.0, np.nan, 9.0]], "a number is not finite"),
        ([[5.0, 0.0, 5.0, 9.0]], "one has no width or no height"),
        ([[1.0, 2.0, 3.0]], "give four numbers for each"),
        ([[0.0, 0.0, 1.0, 1.0]] * 4097, "4097 boxes of camera corner-1: at most 4096"),
    ],
)
def test_boxes_that_are_none_are_refused_by_their_camera(
    boxes: list[list[float]], problem: str
) -> None:
    fusion = FloorFusion(cameras())

    with pytest.raises(ValueError, match=f"camera corner-1.*{problem}|{problem}"):
        fusion.step(fusion.start(), TICK_US, [CameraFrame(1, np.array(boxes))])


def test_time_that_does_not_rise_is_refused() -> None:
    fusion = FloorFusion(cameras())
    state, _ = fusion.step(fusion.start(), TICK_US, [])

    with pytest.raises(ValueError, match="time 200000 is not after 200000"):
        fusion.step(state, TICK_US, [])


def test_two_frames_of_a_camera_in_one_tick_are_refused() -> None:
    fusion = FloorFusion(cameras())
    frame = CameraFrame(2, np.zeros((0, 4)))

    with pytest.raises(ValueError, match="two frames of camera corner-2"):
        fusion.step(fusion.start(), TICK_US, [frame, frame])


def test_an_unknown_camera_is_refused() -> None:
    fusion = FloorFusion(cameras())

    with pytest.raises(ValueError, match="camera 7 is not one of the 4"):
        fusion.step(fusion.start(), TICK_US, [CameraFrame(7, np.zeros((0, 4)))])


def test_a_camera_that_is_there_twice_or_has_no_matrix_is_refused() -> None:
    whole = projection_from((0.0, 0.0, 2.5), (4.0, 3.0, 0.8))

    with pytest.raises(ValueError, match="camera a is there twice"):
        FloorFusion([FusionCamera("a", whole, WIDTH, HEIGHT)] * 2)
    with pytest.raises(ValueError, match="projection of b: give 3 x 4 finite numbers"):
        FloorFusion([FusionCamera("b", whole[:, :3], WIDTH, HEIGHT)])


def test_bytes_that_are_no_state_are_refused() -> None:
    with pytest.raises(ValueError, match="not a state of fusion"):
        FusionState.from_bytes(b"wrong")


def test_fewer_whole_views_report_a_person_at_the_edge_sooner() -> None:
    def first_reported(whole_views: int) -> int:
        watching = cameras()
        fusion = FloorFusion(watching, FusionSettings(whole_views=whole_views))
        state = fusion.start()
        for tick in range(60):
            spot = (0.6 + 0.05 * tick, 3.0)
            state, people = fusion.step(state, (tick + 1) * TICK_US, seen([spot], watching))
            if people:
                return tick
        raise AssertionError("never reported")

    assert first_reported(1) < first_reported(4)


def follow(  # type: ignore[no-untyped-def]
    watching: Sequence[FusionCamera], changed=lambda frames: frames
) -> list[list[FusedPerson]]:
    fusion = FloorFusion(watching)
    state, found = fusion.start(), []
    for tick in range(TICKS):
        frames = changed(seen(walk(tick / 5), watching))
        state, people = fusion.step(state, (tick + 1) * TICK_US, frames)
        found.append(people)
    return found


def as_version_2(state: FusionState) -> bytes:
    """A state as it was saved before something unknown could hide people."""
    buffer = BytesIO()
    np.save(buffer, np.array([2, state.time_us], np.int64))
    for array in state.kept._replace(values=state.kept.values[:, :-1]):
        np.save(buffer, np.ascontiguousarray(array))
    return buffer.getvalue()


def at_ticks(
    watching: Sequence[FusionCamera],
    shown: Callable[[int], list[CameraFrame]],
    ticks: Sequence[int],
) -> list[list[FusedPerson]]:
    """The people at some ticks."""
    fusion = FloorFusion(watching)
    state, found = fusion.start(), []
    for tick in range(ticks[-1] + 1):
        state, people = fusion.step(state, (tick + 1) * TICK_US, shown(tick))
        if tick in ticks:
            found.append(people)
    return found


def scored(frame: CameraFrame) -> CameraFrame:
    """The frame with scores that follow from where its boxes are; one in four is faint."""
    scores = np.where(frame.boxes.sum(axis=1).astype(int) % 4 == 0, 0.3, 0.9)
    return replace(frame, scores=scores)


def boxes_of(
    people_by_tick: list[list[FusedPerson]], sent: list[dict[str, NDArray[np.float64]]]
) -> list[list[list[float]]]:
    """The boxes of each person, by their numbers among the boxes that were sent."""
    return [
        [
            frames[camera_id][at].tolist()
            for one in people
            for camera_id, at in zip(one.cameras, one.boxes, strict=True)
        ]
        for people, frames in zip(people_by_tick, sent, strict=True)
    ]


def near_to(people: list[FusedPerson], spots: list[tuple[float, float]]) -> list[FusedPerson]:
    return [min(people, key=lambda p: (p.x_m - x) ** 2 + (p.y_m - y) ** 2) for x, y in spots]


def inside(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes a little smaller, as a detector finds people a second time."""
    return np.asarray(boxes + np.array([4.0, 6.0, -4.0, -20.0]))


def nobody_in(frame: CameraFrame) -> CameraFrame:
    return replace(frame, boxes=np.zeros((0, 4)), scores=None)
