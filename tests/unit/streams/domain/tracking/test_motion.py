"""The Kalman filter of one box, run uncompiled: the compiled form has the same source."""

from typing import Any

import numpy as np
import pytest

from streams.domain.settings import TrackerSettings
from streams.domain.tracking import motion
from streams.domain.tracking.tables import MEASUREMENT, TRACK

SETTINGS = TrackerSettings()

initiate, predict, rewind, update = (
    getattr(function, "py_func")  # noqa: B009 - numba's own attribute, unknown to mypy
    for function in (motion.initiate, motion.predict, motion.rewind, motion.update)
)


def new_track(width: float = 40.0, height: float = 100.0) -> Any:
    track = np.zeros(1, TRACK).view(np.recarray)[0]
    measured = np.array([(width / 2, height / 2, width, height, 1.0)], MEASUREMENT)
    initiate(track, measured.view(np.recarray)[0], SETTINGS)
    return track


def textbook(track: Any, dt_s: Any, measured: Any) -> Any:
    """One axis of the same filter in matrices: predicted and corrected mean and covariance."""
    noise = SETTINGS.noise
    square = track.h**2
    turn = noise.acceleration**2 * square
    transition = np.array([[1.0, dt_s], [0.0, 1.0]])
    process = np.array([[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]]) * turn
    process[0, 0] += noise.position**2 * square * dt_s
    mean = transition @ np.array([track.x, track.vx])
    spread = np.array(
        [
            [track.position_var, track.position_velocity_cov],
            [track.position_velocity_cov, track.velocity_var],
        ]
    )
    spread = transition @ spread @ transition.T + process
    gain = spread[:, 0] / (spread[0, 0] + (noise.measurement * track.h) ** 2)
    return mean + gain * (measured - mean[0]), spread - np.outer(gain, spread[0])


def test_the_scalar_filter_is_the_textbook_one() -> None:
    track = new_track()
    for step in range(1, 8):
        x = 20.0 + 9.0 * step
        mean, spread = textbook(track, 0.1, x)
        predict(track, 0.1, SETTINGS)
        update(track, x, 50.0, 40.0, 100.0, 1.0, SETTINGS)

        assert [track.x, track.vx] == pytest.approx(mean)
        assert [
            track.position_var,
            track.position_velocity_cov,
            track.velocity_var,
        ] == pytest.approx([spread[0, 0], spread[0, 1], spread[1, 1]])


def test_two_short_steps_are_one_long_step() -> None:
    """This makes the filter independent of the frame rate."""
    once = new_track()
    once.vx = 50.0
    twice = once.copy()

    predict(once, 0.5, SETTINGS)
    predict(twice, 0.2, SETTINGS)
    predict(twice, 0.3, SETTINGS)

    assert twice.tolist() == pytest.approx(once.tolist())


def test_a_step_back_undoes_a_step_forth() -> None:
    track = new_track()
    for step in range(1, 6):
        predict(track, 0.1, SETTINGS)
        update(track, 20.0 + 8.0 * step, 50.0 - step, 40.0, 100.0, 1.0, SETTINGS)
    before = track.copy()

    predict(track, 1.7, SETTINGS)
    assert track.tolist() != pytest.approx(before.tolist())
    rewind(track, 1.7, SETTINGS)

    assert track.tolist() == pytest.approx(before.tolist())


@pytest.mark.parametrize("dt_s", [0.04, 0.1, 0.2])
def test_the_velocity_of_a_steady_walker_is_found_at_any_rate(dt_s: Any) -> None:
    track = new_track()
    for step in range(1, round(3.0 / dt_s)):
        predict(track, dt_s, SETTINGS)
        update(track, 20.0 + 120.0 * dt_s * step, 50.0, 40.0, 100.0, 1.0, SETTINGS)

    assert track.vx == pytest.approx(120.0, abs=2.0)
    assert track.vy == pytest.approx(0.0, abs=0.5)


def test_a_box_never_vanishes() -> None:
    track = new_track(0.2, 0.3)
    update(track, 0.1, 0.1, 0.1, 0.1, 1.0, SETTINGS)

    assert track.w >= 1.0
    assert track.h >= 1.0


def test_uncertainty_grows_without_measurements_and_shrinks_with_one() -> None:
    track = new_track()
    at_first = track.position_var
    predict(track, 1.0, SETTINGS)
    waited = track.position_var
    update(track, 20.0, 50.0, 40.0, 100.0, 1.0, SETTINGS)

    assert at_first < waited
    assert track.position_var < at_first
