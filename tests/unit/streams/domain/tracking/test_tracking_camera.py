"""Movement of the camera itself: none is found in a fixed camera, and a jolt at once."""

import math
from typing import Any

import numpy as np
import pytest

from streams.domain.settings import TrackerSettings
from streams.domain.tracking.arrays import advance_boxes
from streams.domain.tracking.parameters import parameters_of
from streams.domain.tracking.state import TrackerState
from tests.support.builders.domain import MS, T0, S
from tests.unit.streams.domain.tracking.tracking_scene import crowd

PARAMETERS = parameters_of(TrackerSettings())


def likeness(state: TrackerState) -> float:
    """Share of the boxes' errors that all boxes have in common."""
    return float((state.summary["camera_common"] / state.summary["camera_energy"])[0])


def run(scene: Any, state: TrackerState, parameters: Any = PARAMETERS) -> list[Any]:
    return [advance_boxes(state, at_us, boxes, parameters) for at_us, boxes in scene]


def shaken(scene: Any, from_us: int, until_us: int) -> Any:
    """The scene through a camera that swings by a quarter of a person's height."""
    moved = []
    for at_us, boxes in scene:
        swing = 40.0 * math.sin((at_us - T0) / S * 7.0) if from_us <= at_us < until_us else 0.0
        moved.append((at_us, boxes + np.array([swing, swing / 3, swing, swing / 3, 0.0])))
    return moved


@pytest.mark.parametrize("fps", [5.0, 10.0, 25.0])
def test_people_before_a_fixed_camera_share_next_to_nothing(fps: float) -> None:
    found = []
    for seed in range(4):
        state = TrackerState()
        scene = crowd(seed, people=10, frames=int(40 * fps), fps=fps)
        run(scene[: int(5 * fps)], state)
        for frame in scene[int(5 * fps) :]:
            run([frame], state)
            found.append(likeness(state))

    assert np.median(found) < 0.05
    assert np.quantile(found, 0.95) < 0.25


@pytest.mark.parametrize("fps", [5.0, 10.0, 25.0])
def test_a_camera_that_starts_to_swing_is_known_within_a_second(fps: float) -> None:
    starts_us = T0 + 10 * S
    scene = shaken(crowd(1, people=10, frames=int(20 * fps), fps=fps), starts_us, T0 + 60 * S)
    state = TrackerState()
    run([frame for frame in scene if frame[0] < starts_us], state)
    fixed = likeness(state)

    run([frame for frame in scene if starts_us <= frame[0] < starts_us + S], state)

    assert fixed < 0.2
    assert likeness(state) > 0.3  # of ten people's movement 4/5 are then taken


def test_a_camera_that_comes_to_rest_is_a_fixed_one_again() -> None:
    scene = shaken(crowd(1, people=10, frames=500), T0 + 5 * S, T0 + 15 * S)
    state = TrackerState()
    run([frame for frame in scene if frame[0] < T0 + 15 * S], state)
    swinging = likeness(state)

    run([frame for frame in scene if frame[0] >= T0 + 15 * S], state)

    assert swinging > 0.7
    assert likeness(state) < 0.1


def test_ids_before_a_fixed_camera_are_those_of_a_tracker_that_knows_it_is_fixed() -> None:
    knows = parameters_of(TrackerSettings(camera_share=0.0))
    scene = crowd(6, people=8, frames=300)

    asks = run(scene, TrackerState())

    for one, other in zip(asks, run(scene, TrackerState(), knows), strict=True):
        assert one["track_id"].tolist() == other["track_id"].tolist()


def test_one_person_proves_nothing_about_the_camera() -> None:
    state = TrackerState()
    for k in range(30):
        x = 300.0 + 40.0 * math.sin(k)
        run([(T0 + k * 100 * MS, np.array([[x, 200.0, x + 60.0, 350.0, 0.9]]))], state)

    assert state.summary["camera_energy"] == 0.0
