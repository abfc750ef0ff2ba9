"""The filter of one box, in its plain form: the compiled one is the same source."""

from typing import Any

import numpy as np
import pytest

from streams.domain.settings import TrackerSettings
from streams.domain.tracking import columns as c
from streams.domain.tracking import motion
from streams.domain.tracking.parameters import parameters_of

SETTINGS = TrackerSettings()
PARAMS = parameters_of(SETTINGS)

initiate, predict, rewind, update = (
    getattr(function, "py_func")  # noqa: B009 - numba's own attribute, unknown to mypy
    for function in (motion.initiate, motion.predict, motion.rewind, motion.update)
)


def begun(width: float = 40.0, height: float = 100.0) -> Any:
    rows = np.zeros((1, c.ROW))
    initiate(rows, 0, np.array([[width / 2, height / 2, width, height, 1.0]]), 0, PARAMS)
    return rows


def textbook(row: Any, dt_s: Any, measured: Any) -> Any:
    """One axis of the same filter in matrices: predicted and corrected mean and covariance."""
    noise = SETTINGS.noise
    square = row[c.H] ** 2
    turn = noise.acceleration**2 * square
    transition = np.array([[1.0, dt_s], [0.0, 1.0]])
    process = np.array([[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]]) * turn
    process[0, 0] += noise.position**2 * square * dt_s
    mean = transition @ np.array([row[c.X], row[c.VX]])
    spread = np.array(
        [[row[c.POSITION_VAR], row[c.COVARIANCE]], [row[c.COVARIANCE], row[c.VELOCITY_VAR]]]
    )
    spread = transition @ spread @ transition.T + process
    gain = spread[:, 0] / (spread[0, 0] + (noise.measurement * row[c.H]) ** 2)
    return mean + gain * (measured - mean[0]), spread - np.outer(gain, spread[0])


def test_the_scalar_filter_is_the_textbook_one() -> None:
    rows = begun()
    for step in range(1, 8):
        x = 20.0 + 9.0 * step
        mean, spread = textbook(rows[0], 0.1, x)
        predict(rows, 0, 0.1, PARAMS)
        update(rows, 0, x, 50.0, 40.0, 100.0, 1.0, PARAMS)

        assert rows[0, [c.X, c.VX]] == pytest.approx(mean)
        assert rows[0, [c.POSITION_VAR, c.COVARIANCE, c.VELOCITY_VAR]] == pytest.approx(
            [spread[0, 0], spread[0, 1], spread[1, 1]]
        )


def test_two_short_steps_are_one_long_step() -> None:
    """What makes the filter independent of the frame rate."""
    once = begun()
    once[0, c.VX] = 50.0
    twice = once.copy()

    predict(once, 0, 0.5, PARAMS)
    predict(twice, 0, 0.2, PARAMS)
    predict(twice, 0, 0.3, PARAMS)

    assert twice == pytest.approx(once)


def test_a_step_back_undoes_a_step_forth() -> None:
    rows = begun()
    for step in range(1, 6):
        predict(rows, 0, 0.1, PARAMS)
        update(rows, 0, 20.0 + 8.0 * step, 50.0 - step, 40.0, 100.0, 1.0, PARAMS)
    before = rows.copy()

    predict(rows, 0, 1.7, PARAMS)
    assert rows != pytest.approx(before)
    rewind(rows, 0, 1.7, PARAMS)

    assert rows == pytest.approx(before)


@pytest.mark.parametrize("dt_s", [0.04, 0.1, 0.2])
def test_the_velocity_of_a_steady_walker_is_found_at_any_rate(dt_s: Any) -> None:
    rows = begun()
    for step in range(1, round(3.0 / dt_s)):
        predict(rows, 0, dt_s, PARAMS)
        update(rows, 0, 20.0 + 120.0 * dt_s * step, 50.0, 40.0, 100.0, 1.0, PARAMS)

    assert rows[0, c.VX] == pytest.approx(120.0, abs=2.0)
    assert rows[0, c.VY] == pytest.approx(0.0, abs=0.5)


def test_a_box_never_vanishes() -> None:
    rows = begun(0.2, 0.3)
    update(rows, 0, 0.1, 0.1, 0.1, 0.1, 1.0, PARAMS)

    assert rows[0, c.W] >= 1.0
    assert rows[0, c.H] >= 1.0


def test_uncertainty_grows_while_nobody_looks_and_shrinks_with_a_look() -> None:
    rows = begun()
    at_first = rows[0, c.POSITION_VAR]
    predict(rows, 0, 1.0, PARAMS)
    waited = rows[0, c.POSITION_VAR]
    update(rows, 0, 20.0, 50.0, 40.0, 100.0, 1.0, PARAMS)

    assert at_first < waited
    assert rows[0, c.POSITION_VAR] < at_first
