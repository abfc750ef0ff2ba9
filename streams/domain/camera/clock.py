"""The time of a camera's frames on the clock that all cameras of a floor share."""

import math
from collections.abc import Mapping
from typing import Any, Final

MOST_DRIFT_PPM: Final = 1_000.0
"""Largest drift of a camera's clock that is corrected; one that is worse is no clock."""

MOST_DELAY_US: Final = 60_000_000
"""Largest delay of pictures that is taken off their arrival, microseconds."""

_MOST_US: Final = 1 << 62


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
