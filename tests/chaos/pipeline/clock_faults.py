"""Faults of cameras' clocks, of what is decided about them, and of the moment of a decision.

They strike a pipeline whose input is dated by the wall clock: there the clocks are followed by the
real process, and what it decides is input of the fold.
"""

import time
from collections.abc import Callable
from random import Random
from typing import Any, Final

from schemas.topics import CAMERA_CLOCK
from tests.chaos.pipeline.decisions import (
    S,
    append,
    append_again,
    decisions,
    right,
    until,
)
from tests.chaos.pipeline.pipeline import AttackedPipeline, PipelineStopped
from tests.chaos.pipeline.source_clocks import Error, SourceClocks

HOUR_US: Final = 3_600 * S
SETTLES_S: Final = 90.0
"""Longest time until a clock is settled and that is in force, seconds."""

NOTICED_S: Final = 20.0
"""Longest time until a jump is decided about, seconds."""

OPEN_S: Final = 20.0
LATE_US: Final = 1_000_000
"""How long before it is appended a late decision was recorded, microseconds: within what a writer
promises."""

NONSENSE: Final[tuple[int | None, ...]] = (0, -5, 1, 1 << 62, -(1 << 63), (1 << 63) - 1, None)

Harm = Callable[[SourceClocks, str, Random], None]


def settle(pipeline: AttackedPipeline, deadline_s: float = SETTLES_S) -> None:
    """Wait until every camera's clock is settled, and the correction in force is right.

    Raises:
        PipelineStopped: It does not get there: a decision was lost, or is wrong.
    """
    clocks = pipeline.source_clocks
    assert clocks is not None
    with decisions(pipeline.settings) as log:

        def wrong() -> list[str]:
            log.read()
            now_us = time.time_ns() // 1_000
            return [
                name
                for name in clocks.followed
                if not right(log, name, now_us + clocks.error_us(name), now_us)
            ]

        if not until(lambda: not wrong(), deadline_s):
            shown = {name: log.newest(name) for name in wrong()}
            raise PipelineStopped(f"no right correction is in force: {shown}")


def _wrong_clock(
    harm: Harm, between_s: tuple[float, float], *, stays: bool = False
) -> Callable[[AttackedPipeline, Random], bool]:
    """One camera's clock is wrong for some seconds, or from now on.

    It hit when the clock was followed before, and when what it said led to a decision or, of a
    clock that gives nothing to decide about, was sent.
    """

    def deed(pipeline: AttackedPipeline, chance: Random) -> bool:
        clocks = pipeline.source_clocks
        assert clocks is not None
        camera_id = chance.choice(clocks.followed)
        with decisions(pipeline.settings) as log:

            def holds() -> bool:
                log.read()
                return log.holds(camera_id)

            came = until(holds, SETTLES_S)
            before = log.version(camera_id)
            sent = clocks.missing + clocks.nonsense
            harm(clocks, camera_id, chance)
            end_s = time.monotonic() + chance.uniform(*between_s)

            def bit() -> bool:
                log.read()
                given = clocks.missing + clocks.nonsense > sent
                return given or log.version(camera_id) > before

            came = until(bit, NOTICED_S + between_s[1]) and came
            pipeline.idle(end_s)
            if not stays:
                clocks.set(camera_id, Error())
        return came

    return deed


def _jump(least_us: int, most_us: int) -> Harm:
    def harm(clocks: SourceClocks, camera_id: str, chance: Random) -> None:
        clocks.jump(camera_id, chance.choice((-1, 1)) * chance.randint(least_us, most_us))

    return harm


def _run_at(*rates: float) -> Harm:
    def harm(clocks: SourceClocks, camera_id: str, chance: Random) -> None:
        now_us = time.time_ns() // 1_000
        clocks.set(camera_id, Error(rate=chance.choice(rates), since_us=now_us))

    return harm


def _give(*readings: int | None) -> Harm:
    def harm(clocks: SourceClocks, camera_id: str, chance: Random) -> None:
        clocks.set(camera_id, Error(readings=readings))

    return harm


def deciding(pipeline: AttackedPipeline, name: str, chance: Random) -> bool:
    """Let clocks jump, and wait for an open transaction of decisions about them."""
    clocks = pipeline.source_clocks
    assert clocks is not None
    settle(pipeline)
    for camera_id in clocks.followed:
        clocks.jump(camera_id, chance.choice((-1, 1)) * chance.randint(S // 2, 4 * S))
    end_s = time.monotonic() + OPEN_S
    while time.monotonic() < end_s:
        whole = pipeline.progress.ends(CAMERA_CLOCK, partitions=[0])
        closed = pipeline.progress.ends(CAMERA_CLOCK, committed=True, partitions=[0])
        if whole is not None and closed is not None and whole[0] > closed[0]:
            return True
    return False


def _about(pipeline: AttackedPipeline, chance: Random, **fields: Any) -> dict[str, Any]:
    """A decision about a camera that has no clock, so that nobody else decides about it."""
    clocks = pipeline.source_clocks
    assert clocks is not None
    camera_id = chance.choice(clocks.unclocked)
    with decisions(pipeline.settings) as log:
        log.read()
        version = log.version(camera_id) + 1
    now_us = time.time_ns() // 1_000
    record: dict[str, Any] = {
        "camera_id": camera_id,
        "version": version,
        "valid_from_us": now_us,
        "recorded_at_us": now_us,
        "removed": False,
        "recorded_by": "chaos",
        "epoch": version,
        "state": "UNSETTLED",
        "offset_us": 0,
        "drift_ppm": 0.0,
        "reference_us": 0,
        "delay_us": chance.randrange(100_000, 900_000),
        "jitter_us": 0,
        "jump_us": 0,
        "since_us": now_us,
        "observed_until_us": now_us,
    }
    return record | fields


def _twice(pipeline: AttackedPipeline, chance: Random) -> bool:
    """Every decision is appended again, as a restore does."""
    settle(pipeline)
    append(pipeline.settings, [_about(pipeline, chance)])
    return append_again(pipeline.settings) > 1


def _late(pipeline: AttackedPipeline, chance: Random) -> bool:
    """A decision is appended as late as a writer may."""
    record = _about(pipeline, chance)
    append(pipeline.settings, [record | {"recorded_at_us": record["recorded_at_us"] - LATE_US}])
    return True


def _past(pipeline: AttackedPipeline, chance: Random) -> bool:
    """A decision says that it held an hour ago; no frame that was folded may learn of it."""
    record = _about(pipeline, chance)
    append(pipeline.settings, [record | {"valid_from_us": record["valid_from_us"] - HOUR_US}])
    return True


def _disordered(pipeline: AttackedPipeline, chance: Random) -> bool:
    """A newer version comes before an older one, with another delay."""
    older = _about(pipeline, chance)
    newer = older | {"version": older["version"] + 1, "delay_us": chance.randrange(900_000)}
    append(pipeline.settings, [newer])
    time.sleep(chance.uniform(0.0, 1.0))
    append(pipeline.settings, [older])
    return True


def _unusable(pipeline: AttackedPipeline, chance: Random) -> bool:
    """A decision holds numbers that are no correction: the one before stays in force."""
    kinds: list[dict[str, Any]] = [
        {"drift_ppm": float("nan")},
        {"drift_ppm": 5_000.0},
        {"delay_us": -1},
        {"offset_us": (1 << 63) - 1},
        {"valid_from_us": (1 << 63) - 1},
    ]
    wrong = chance.choice(kinds)
    append(pipeline.settings, [_about(pipeline, chance, state="SETTLED", **wrong)])
    return True


SOURCE_CLOCK_FAULTS: Final[dict[str, Callable[[AttackedPipeline, Random], bool]]] = {
    "source-clock-jump": _wrong_clock(_jump(300_000, 5 * S), (4.0, 12.0), stays=True),
    "source-clock-hour": _wrong_clock(_jump(HOUR_US, HOUR_US), (4.0, 12.0), stays=True),
    "source-clock-drift": _wrong_clock(_run_at(-0.05, -2e-2, 2e-2, 0.05), (15.0, 25.0)),
    "source-clock-backward": _wrong_clock(_run_at(-2.0, -1.0), (8.0, 16.0)),
    "source-clock-missing": _wrong_clock(_give(None), (6.0, 16.0)),
    "source-clock-nonsense": _wrong_clock(_give(*NONSENSE), (6.0, 16.0)),
    "decision-twice": _twice,
    "decision-late": _late,
    "decision-past": _past,
    "decision-disordered": _disordered,
    "decision-unusable": _unusable,
}
"""Faults by name, but for those of the process that decides."""
