"""A camera whose clock is wrong, and whose pictures take longer or shorter: simulated."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from schemas.records.cameras import CameraClock
from streams.domain.camera.clock import floor_time
from workers.clocks.estimator import ClockEstimator, Decision, Rules

S = 1_000_000
START_US = 1_767_225_600 * S
AHEAD_US = 10 * S
LATENESS_US = 1_800_000


class Picture(NamedTuple):
    """One picture.

    Attributes:
        taken_us: When it was taken, true time.
        arrival_us: When it arrived, true time.
        source_us: What the camera's clock said when it was taken; None for nothing.
    """

    taken_us: int
    arrival_us: int
    source_us: int | None


@dataclass(kw_only=True)
class Camera:
    """A camera with a clock.

    Attributes:
        clock: Error of its clock, microseconds, by seconds since the start.
        fps: Pictures per second.
        delay_us: Least delay of its pictures.
        jitter_us: Mean of what the network adds.
        lost: Share of the pictures that do not arrive.
        stalls: Seconds since the start from which nothing arrives for `stall_s`, then all at once.
        stall_s: Length of a stall, s.
        seed: Of the chance.
    """

    clock: Callable[[float], float] = lambda _: 0.0
    fps: float = 10.0
    delay_us: int = 0
    jitter_us: int = 30_000
    lost: float = 0.0
    stalls: tuple[float, ...] = ()
    stall_s: float = 0.0
    seed: int = 1

    def pictures(self, seconds: float) -> Iterator[Picture]:
        """The pictures of some seconds, in the order of their arrival."""
        chance = random.Random(self.seed)
        last_us = 0
        for number in range(round(seconds * self.fps)):
            at_s = number / self.fps
            late_us = self.delay_us + round(chance.expovariate(1) * self.jitter_us)
            for stall_s in self.stalls:
                if stall_s <= at_s < stall_s + self.stall_s:
                    late_us += round((stall_s + self.stall_s - at_s) * S)
            if chance.random() < self.lost:
                continue
            taken_us = START_US + round(at_s * S)
            last_us = max(taken_us + late_us, last_us + 1_000)
            yield Picture(taken_us, last_us, taken_us + round(self.clock(at_s)))


class Run:
    """Follows a camera's clock as the process does, and dates its pictures as the floor does.

    Args:
        rules: The settings of the estimator.
        on: False to decide nothing.
    """

    def __init__(self, rules: Rules, *, on: bool = True) -> None:
        self.rules = rules
        self.on = on
        self.written: list[CameraClock] = []
        self.errors: list[tuple[float, int]] = []
        self.estimator = ClockEstimator(rules)
        self._last = (0, 0)

    def take(self, picture: Picture) -> None:
        """Take a picture; keeps the error of its time, in seconds since the start and us."""
        if self.on and picture.source_us is not None:
            self.estimator.observe(picture.arrival_us, picture.source_us)
        decision = self.estimator.decide(picture.arrival_us) if self.on else None
        if decision is not None:
            self.write(decision, picture.arrival_us)
        visible = [one for one in self.written if one["valid_from_us"] <= picture.arrival_us]
        at_us = floor_time(
            picture.arrival_us,
            picture.source_us,
            visible[-1] if visible else None,
            self._last,
            LATENESS_US,
        )
        self._last = (picture.arrival_us, at_us)
        since_s = (picture.arrival_us - START_US) / S
        self.errors.append((since_s, at_us - picture.taken_us))

    def write(self, decision: Decision, now_us: int) -> None:
        """Write a decision, and let the estimator know of it."""
        fields: dict[str, Any] = {
            "camera_id": "cam",
            "version": len(self.written) + 1,
            "valid_from_us": now_us + AHEAD_US,
            "recorded_at_us": now_us,
            "removed": False,
            "recorded_by": "clocks",
            **decision._asdict(),
        }
        record = cast("CameraClock", fields)
        self.written.append(record)
        self.estimator.note(record)

    def restart(self) -> None:
        """Go on with a new estimator that knows only what was written."""
        self.estimator = ClockEstimator(self.rules, self.written[-1] if self.written else None)

    def worst_us(self, from_s: float, to_s: float = 1e9) -> int:
        """Largest error within a stretch, microseconds."""
        return max(abs(error) for at_s, error in self.errors if from_s <= at_s < to_s)

    def settled_s(self) -> list[float]:
        """When each epoch was written as settled for the first time, s since the start."""
        found: dict[int, float] = {}
        for one in self.written:
            if one["state"] == "SETTLED":
                found.setdefault(one["epoch"], (one["recorded_at_us"] - START_US) / S)
        return list(found.values())
