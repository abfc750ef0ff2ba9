"""Two arms over a simulated day: four cameras, three people, errors correlated in time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtr

from models.comparison.arms import Frames
from models.comparison.ratios import Ratio

Floats = NDArray[np.float64]

CAMERAS = ("a", "b", "c", "d")
DAY_S = 24 * 3600
DARK_HOURS = (20, 6)
HELD = 0.9
"""What is left of an error after a second: AR(1)."""
OWN, SHARED = 0.6, 0.8
MISSED = 0.3


@dataclass(frozen=True, slots=True)
class SimulatedDay:
    """One frame a second of four cameras.

    Attributes:
        frames: The frames; dark by night.
        people: People of each frame.
        found_a: How many of them arm a finds.
        found_b: How many arm b finds.
    """

    frames: Frames
    people: Floats
    found_a: Floats
    found_b: Floats

    @property
    def recall(self) -> Ratio:
        return Ratio(
            name="recall",
            up_a=self.found_a,
            up_b=self.found_b,
            down_a=self.people,
            down_b=self.people,
        )


def day_frames() -> Frames:
    second = np.tile(np.arange(DAY_S), len(CAMERAS))
    hour = second // 3600
    dark = (hour >= DARK_HOURS[0]) | (hour < DARK_HOURS[1])
    return Frames(
        cameras=np.repeat(np.array(CAMERAS), DAY_S),
        times_us=second * 1_000_000,
        size=(640, 480),
        light=np.where(dark, "dark", "light"),
    )


def simulate(frames: Frames, seed: int, *, lost: float = 0.0) -> SimulatedDay:
    """A day in which arm b is arm a with errors of its own.

    Args:
        frames: Of `day_frames`.
        seed: Of the day.
        lost: Share of the people whom arm b finds no more, in the dark hours of camera c.
    """
    rng = np.random.default_rng(seed)
    people = np.clip(np.round(3 + 1.5 * _held(rng)), 0, 8)
    hard = _held(rng)
    found = []
    for _ in range(2):
        chance = MISSED * ndtr(SHARED * hard + OWN * _held(rng))
        missed = np.minimum(people, np.floor(people * chance + rng.random(len(people))))
        found.append(people - missed)
    if lost:
        where = (frames.cameras == "c") & (frames.light == "dark")
        unfound = rng.binomial(found[1].astype(np.int64), lost) * where
        found[1] = found[1] - unfound
    return SimulatedDay(frames, people, found[0], found[1])


def _held(rng: np.random.Generator) -> Floats:
    noise = rng.standard_normal((len(CAMERAS), DAY_S + 100), dtype=np.float32)
    series = lfilter([np.sqrt(1 - HELD**2)], [1.0, -HELD], noise, axis=1)
    return np.asarray(series[:, 100:], dtype=np.float64).ravel()
