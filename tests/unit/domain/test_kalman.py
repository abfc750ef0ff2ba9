import dataclasses
from typing import Any

import numpy as np
import pytest

from streams.domain.kalman import box_of, initiate, predict, update
from streams.domain.settings import MotionNoise

NOISE = MotionNoise()


def textbook(motion: Any, dt_s: Any, measured: Any, noise: Any) -> Any:
    """One axis of the same filter in matrices: predicted and corrected mean and covariance."""
    square = motion.height**2
    turn = noise.acceleration**2 * square
    transition = np.array([[1.0, dt_s], [0.0, 1.0]])
    process = np.array([[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]]) * turn
    process[0, 0] += noise.position**2 * square * dt_s
    mean = transition @ np.array([motion.x, motion.velocity_x])
    spread = np.array(
        [[motion.position_var, motion.covariance], [motion.covariance, motion.velocity_var]]
    )
    spread = transition @ spread @ transition.T + process
    gain = spread[:, 0] / (spread[0, 0] + (noise.measurement * motion.height) ** 2)
    return mean + gain * (measured - mean[0]), spread - np.outer(gain, spread[0])


def test_the_scalar_filter_is_the_textbook_one() -> None:
    motion = initiate((0.0, 0.0, 40.0, 100.0), NOISE)
    for step in range(1, 8):
        x = 20.0 + 9.0 * step
        mean, spread = textbook(motion, 0.1, x, NOISE)
        predict(motion, 0.1, NOISE)
        update(motion, (x - 20.0, 0.0, x + 20.0, 100.0), NOISE)

        assert [motion.x, motion.velocity_x] == pytest.approx(mean)
        assert [motion.position_var, motion.covariance, motion.velocity_var] == pytest.approx(
            [spread[0, 0], spread[0, 1], spread[1, 1]]
        )


def test_two_short_steps_are_one_long_step() -> None:
    """What makes the filter independent of the frame rate."""
    once = initiate((0.0, 0.0, 40.0, 100.0), NOISE)
    once.velocity_x = 50.0
    twice = dataclasses.replace(once)

    predict(once, 0.5, NOISE)
    predict(twice, 0.2, NOISE)
    predict(twice, 0.3, NOISE)

    assert dataclasses.astuple(twice) == pytest.approx(dataclasses.astuple(once))


@pytest.mark.parametrize("dt_s", [0.04, 0.1, 0.2])
def test_the_velocity_of_a_steady_walker_is_found_at_any_rate(dt_s: Any) -> None:
    motion = initiate((0.0, 0.0, 40.0, 100.0), NOISE)
    for step in range(1, round(3.0 / dt_s)):
        x = 120.0 * dt_s * step
        predict(motion, dt_s, NOISE)
        update(motion, (x, 0.0, x + 40.0, 100.0), NOISE)

    assert motion.velocity_x == pytest.approx(120.0, abs=2.0)
    assert motion.velocity_y == pytest.approx(0.0, abs=0.5)


def test_a_box_never_vanishes() -> None:
    motion = initiate((0.0, 0.0, 0.2, 0.3), NOISE)
    update(motion, (0.0, 0.0, 0.1, 0.1), NOISE)

    x_min, y_min, x_max, y_max = box_of(motion)

    assert x_max - x_min >= 1.0
    assert y_max - y_min >= 1.0


def test_uncertainty_grows_while_nobody_looks_and_shrinks_with_a_look() -> None:
    motion = initiate((0.0, 0.0, 40.0, 100.0), NOISE)
    begun = motion.position_var
    predict(motion, 1.0, NOISE)
    waited = motion.position_var
    update(motion, (0.0, 0.0, 40.0, 100.0), NOISE)

    assert begun < waited
    assert motion.position_var < begun
