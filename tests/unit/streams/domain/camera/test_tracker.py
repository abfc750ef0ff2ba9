import copy
import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.camera.detections import boxes_of
from streams.domain.camera.tracker import TrackerState, advance
from streams.domain.settings import TrackerSettings
from streams.domain.tracking.checks import check_boxes
from tests.support.builders.domain import MS, T0, S, box

SETTINGS = TrackerSettings()


def run(frames: Any, settings: Any = SETTINGS) -> Any:
    """Fold `(at_us, detections)` frames; returns the records of each."""
    state = TrackerState()
    return [advance(state, at_us, detections, settings) for at_us, detections in frames]


def walk(x0: Any, velocity: Any, seconds: Any, period_us: Any, y: Any = 400.0) -> Any:
    """Frames of one walker as `(at_us, foot_x)`, at a steady rate."""
    count = int(seconds * S / period_us)
    return [(T0 + k * period_us, x0 + velocity * k * period_us / S, y) for k in range(count)]


def test_two_people_who_cross_keep_their_ids() -> None:
    frames = []
    for k in range(60):
        t = k / 10
        frames.append(
            (T0 + k * 100 * MS, [box(100 + 80 * t, 400), box(600 - 80 * t, 430, width=44)])
        )

    records = run(frames)

    def ids_by_foot(tracks: Any) -> Any:
        return {round((track["x_min"] + track["x_max"]) / 2): track["track_id"] for track in tracks}

    first, last = ids_by_foot(records[5]), ids_by_foot(records[-1])
    assert len(last) == 2
    # The left one is the right one now.
    assert first[min(first)] == last[max(last)]
    assert first[max(first)] == last[min(last)]


@pytest.mark.parametrize("period_ms", [40, 100, 200])
def test_a_walker_is_one_track_at_any_rate(period_ms: Any) -> None:
    frames = [(at, [box(x, y)]) for at, x, y in walk(100, 90, 5, period_ms * MS)]

    records = run(frames)

    assert {track["track_id"] for tracks in records for track in tracks} == {1}
    assert records[-1][0]["state"] == "CONFIRMED"
    assert records[-1][0]["velocity_x"] == pytest.approx(90, abs=4)


def test_dropped_frames_and_irregular_rates_do_not_break_a_track() -> None:
    rng = random.Random(3)
    at_us, frames = T0, []
    while at_us < T0 + 10 * S:
        at_us += rng.randrange(30, 400) * MS
        if rng.random() < 0.8:
            frames.append((at_us, [box(100 + 60 * (at_us - T0) / S, 400)]))

    records = run(frames)

    assert {track["track_id"] for tracks in records for track in tracks} == {1}


def test_an_occlusion_is_bridged_and_the_id_kept() -> None:
    frames = [
        (at, [] if 2 * S < at - T0 < 3.5 * S else [box(x, y)])
        for at, x, y in walk(100, 60, 6, 100 * MS)
    ]

    records = run(frames)

    states = [tracks[0]["state"] for tracks in records]
    assert {track["track_id"] for tracks in records for track in tracks} == {1}
    assert "LOST" in states
    assert states[-1] == "CONFIRMED"


def test_low_scores_keep_a_known_track_alive_but_start_none() -> None:
    walker = walk(100, 40, 4, 100 * MS)
    known = run([(at, [box(x, y, 0.9 if k < 10 else 0.2)]) for k, (at, x, y) in enumerate(walker)])
    unknown = run([(at, [box(x, y, 0.2)]) for at, x, y in walker])

    assert known[-1][0]["state"] == "CONFIRMED"
    assert known[-1][0]["observed"]
    assert all(tracks == [] for tracks in unknown)


def test_a_track_lives_by_seconds() -> None:
    frames = [(at, [box(x, y)]) for at, x, y in walk(100, 0, 1, 100 * MS)]
    gone_us = frames[-1][0]
    frames += [(gone_us + k * 100 * MS, []) for k in range(1, 25)]

    states = {
        (at - gone_us) // MS: [track["state"] for track in tracks]
        for (at, _), tracks in zip(frames, run(frames), strict=True)
    }

    assert states[-900] == ["TENTATIVE"]
    assert states[-800] == ["CONFIRMED"]
    assert states[300] == ["CONFIRMED"]
    assert states[400] == ["LOST"]
    assert states[2000] == ["LOST"]
    assert states[2100] == ["ENDED"]
    assert states[2200] == []


def test_a_flicker_is_never_confirmed() -> None:
    frames = [(T0, [box(100, 400)]), *[(T0 + k * 100 * MS, []) for k in range(1, 6)]]

    states = [track["state"] for tracks in run(frames) for track in tracks]

    assert states == [*["TENTATIVE"] * 4, "ENDED"]


def test_a_track_is_not_carried_over_a_long_gap() -> None:
    frames = [(at, [box(x, y)]) for at, x, y in walk(100, 0, 1, 100 * MS)]
    frames.append((T0 + 60 * S, [box(100, 400)]))

    last = run(frames)[-1]

    assert [(track["track_id"], track["state"]) for track in last] == [
        (1, "ENDED"),
        (2, "TENTATIVE"),
    ]


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_a_person_counts_after_two_hits_and_not_before_a_twentieth_of_a_second(fps: Any) -> None:
    frames = [(at, [box(x, y)]) for at, x, y in walk(100, 0, 1, S // fps)]

    first = next(
        number for number, [track] in enumerate(run(frames)) if track["state"] == "CONFIRMED"
    )

    assert first == max(1, math.ceil(0.05 * fps))


def test_tracks_coast_while_detection_is_skipped() -> None:
    walker = walk(100, 50, 2, 100 * MS)
    state = TrackerState()
    for at, x, y in walker:
        advance(state, at, [box(x, y)], SETTINGS)

    [track] = advance(state, walker[-1][0] + 300 * MS, None, SETTINGS)

    assert not track["observed"]
    assert track["state"] == "CONFIRMED"
    assert (track["x_min"] + track["x_max"]) / 2 == pytest.approx(walker[-1][1] + 15, abs=1.5)


def test_only_people_are_tracked() -> None:
    cat = {**box(100, 400), "label": "cat"}

    assert run([(T0 + k * 100 * MS, [cat]) for k in range(5)])[-1] == []


def test_numbers_are_published_on_their_steps() -> None:
    frames = [(at, [box(x, y, 0.87654)]) for at, x, y in walk(100.03, 47.77, 2, 100 * MS)]

    for tracks in run(frames):
        for track in tracks:
            for name in ("x_min", "y_min", "x_max", "y_max", "velocity_x", "velocity_y"):
                assert track[name] * 16 == int(track[name] * 16)
            assert track["score"] == 0.877


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_the_order_of_a_frames_boxes_plays_no_part(data: Any) -> None:
    seed = data.draw(st.integers(0, 1000))
    rng = random.Random(seed)
    walkers = [
        (rng.uniform(50, 300), rng.uniform(200, 400), rng.uniform(-60, 60)) for _ in range(6)
    ]
    frames, shuffled = [], []
    for k in range(12):
        boxes = [box(x + v * k / 10, y, rng.choice([0.3, 0.7, 0.7, 0.95])) for x, y, v in walkers]
        frames.append((T0 + k * 100 * MS, boxes))
        shuffled.append((T0 + k * 100 * MS, data.draw(st.permutations(boxes))))

    assert run(shuffled) == run(frames)


def test_a_copied_state_continues_as_the_original() -> None:
    state = TrackerState()
    walker = walk(100, 70, 3, 100 * MS)
    for at, x, y in walker[:15]:
        advance(state, at, [box(x, y), box(x + 60, y, 0.4)], SETTINGS)
    twin = copy.deepcopy(state)

    for at, x, y in walker[15:]:
        frame = [box(x, y), box(x + 60, y, 0.4)]
        assert advance(state, at, frame, SETTINGS) == advance(twin, at, frame, SETTINGS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"x_min": math.nan}, "box 1: x_min is nan", id="nan"),
        pytest.param({"y_max": math.inf}, "box 1: y_max is inf", id="inf"),
        pytest.param({"x_max": 1e30}, "box 1: x_max is 1e\\+30", id="beyond-any-frame"),
        pytest.param({"x_max": 10.0}, "box 1: x_max 10.0 is not right of", id="negative-width"),
        pytest.param({"y_max": 300.0}, "box 1: y_max 300.0 is not below", id="no-height"),
        pytest.param({"score": math.nan}, "box 1: score is nan", id="score-nan"),
        pytest.param({"score": 1.5}, "box 1: score is 1.5", id="score-above-1"),
    ],
)
def test_a_box_that_cannot_be_is_refused_by_index_and_field(changes: Any, message: Any) -> None:
    with pytest.raises(ValueError, match=message):
        check_boxes(boxes_of([box(50, 200), {**box(100, 400), **changes}]))


def test_boxes_may_reach_beyond_the_frame() -> None:
    check_boxes(boxes_of([box(-10, 650)]))
