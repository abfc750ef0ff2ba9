"""The motion model of people on the floor."""

import math
from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.domain.fusion.motion import predict
from streams.domain.fusion.settings import PARAMETERS, FusionSettings, parameters_of

SETTINGS = FusionSettings()
PARAMS = parameters_of(SETTINGS).view(np.recarray)[0]


def test_two_short_steps_are_one_long_one() -> None:
    mean, covariance = person()
    twice_mean, twice_covariance = person()

    step(mean, covariance, 0.5)
    step(twice_mean, twice_covariance, 0.2)
    step(twice_mean, twice_covariance, 0.3)

    assert twice_mean == pytest.approx(mean)
    assert twice_covariance == pytest.approx(covariance)


def test_a_velocity_is_forgotten_and_its_spread_becomes_that_of_all_people() -> None:
    mean, covariance = person()

    step(mean, covariance, 60.0)

    assert mean[2:4] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert covariance[2, 2] == pytest.approx(SETTINGS.speed_m_s**2)
    assert mean[0] == pytest.approx(1.0 + 0.8 * SETTINGS.turn_s)


def test_the_spread_of_a_step_is_that_of_simulated_walks() -> None:
    mean, covariance = person(spread=0.0)
    step(mean, covariance, 1.0)
    walks, dt, turn = np.zeros((20_000, 2)), 0.01, SETTINGS.turn_s
    random = np.random.default_rng(1)
    walks[:, 1] = 0.8
    kick = SETTINGS.speed_m_s * math.sqrt(1 - math.exp(-2 * dt / turn))
    for _ in range(100):
        walks[:, 0] += walks[:, 1] * dt
        walks[:, 1] = walks[:, 1] * math.exp(-dt / turn) + kick * random.normal(size=len(walks))

    assert covariance[0, 0] == pytest.approx(walks[:, 0].var(), rel=0.05)
    assert covariance[2, 2] == pytest.approx(walks[:, 1].var(), rel=0.05)
    assert covariance[0, 2] == pytest.approx(np.cov(walks.T)[0, 1], rel=0.05)


def test_every_setting_reaches_compiled_code() -> None:
    assert PARAMETERS.names == tuple(one.name for one in fields(SETTINGS))


@pytest.mark.parametrize("name", ["height_m", "clutter", "hypotheses", "turn_s"])
def test_a_setting_that_means_nothing_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0: give a number above 0"):
        FusionSettings(**{name: 0})


def person(spread: float = 0.1) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.array([1.0, 2.0, 0.8, -0.4, 1.7, 0.28]), spread * np.eye(6)


def step(mean: NDArray[np.float64], covariance: NDArray[np.float64], dt_s: float) -> None:
    getattr(predict, "py_func")(mean, covariance, dt_s, PARAMS)  # noqa: B009
