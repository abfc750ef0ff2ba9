"""The time of a camera's frames on the clock that all cameras of a floor share.

A frame's event time is when it arrived, and cameras differ in how long that takes. What was decided
about a camera's clock says when the picture was taken instead: the camera's own time, corrected,
while its clock has run without a jump for long enough, and else the arrival less the usual delay.
Only the floor goes by this time. The camera's fence and tracker stay on the event time, so a clock
that is wrong can never lose a frame.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from schemas.records.cameras import CameraClock

MOST_DRIFT_PPM: Final = 1_000.0
"""Largest drift of a camera's clock that is corrected; one that is worse is no clock."""

MOST_DELAY_US: Final = 60_000_000
"""Largest delay of pictures that is taken off their arrival, microseconds."""

SLACK_US: Final = 100_000
"""How far after its arrival a corrected time may lie before it is called wrong, microseconds."""

LEAST_STEP_US: Final = 20_000
"""The floor's time of a camera rises by so much from frame to frame, or by half of what the event
time does, microseconds; pictures are further apart than that."""

_MOST_US: Final = 1 << 62
_BILLION: Final = 1_000_000_000


def check_clock(record: Mapping[str, Any]) -> None:
    """Check what was decided about a camera's clock.

    Raises:
        ValueError: The drift or the delay is not a number in its range, or a time is out of reach.
    """
    if not math.isfinite(record["drift_ppm"]) or abs(record["drift_ppm"]) > MOST_DRIFT_PPM:
        raise ValueError(f"drift_ppm: {record['drift_ppm']} is beyond {MOST_DRIFT_PPM:g} ppm")
    if not 0 <= record["delay_us"] <= MOST_DELAY_US:
        raise ValueError(f"delay_us: {record['delay_us']} is not between 0 and {MOST_DELAY_US}")
    for name in ("offset_us", "reference_us"):
        if abs(record[name]) > _MOST_US:
            raise ValueError(f"{name}: {record[name]} is no time that can be counted with")


def corrected_us(clock: CameraClock, source_clock_us: int) -> int:
    """What a camera's clock says, on the shared clock, microseconds; in whole numbers."""
    drift_ppb = round(clock["drift_ppm"] * 1_000)
    elapsed_us = source_clock_us - clock["reference_us"]
    return source_clock_us + clock["offset_us"] + drift_ppb * elapsed_us // _BILLION


def floor_time(
    captured_us: int,
    source_clock_us: int | None,
    clock: CameraClock | None,
    last: tuple[int, int],
    lateness_us: int,
) -> int:
    """Time at which the floor sees a frame, microseconds.

    It is never later than the frame's event time, and never earlier than a tick still waits for. A
    corrected time outside of these bounds is not believed: the clock has jumped, whether that was
    decided about already or not, and the arrival less the delay is taken. From one frame to the
    next, the floor's time of a camera rises by a little at least, so that it never goes back when a
    correction begins or changes.

    Args:
        captured_us: Event time of the frame.
        source_clock_us: What the camera's clock said; None when not known.
        clock: What was decided about that clock; None for nothing, which gives the event time.
        last: Event time and floor time of the camera's frame before; zeros at the first.
        lateness_us: Longest time that the floor waits for a camera.
    """
    oldest_us = captured_us - lateness_us
    found_us = captured_us
    if clock is not None and clock["state"] in {"SETTLED", "UNSETTLED"}:
        found_us = max(captured_us - clock["delay_us"], oldest_us)
        if clock["state"] == "SETTLED" and source_clock_us is not None:
            own_us = corrected_us(clock, source_clock_us)
            if oldest_us <= own_us <= captured_us + SLACK_US:
                found_us = min(own_us, captured_us)
    last_captured_us, last_floor_us = last
    if not last_floor_us:
        return found_us
    least_us = max(1, min(LEAST_STEP_US, (captured_us - last_captured_us) // 2))
    return max(found_us, last_floor_us + least_us)
