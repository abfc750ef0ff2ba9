"""The tracker's settings as one record, which compiled code reads by name.

The dtype is made from `TrackerSettings`, so a setting stands there and nowhere else: compiled code
reads `params.match_iou` and `params.noise.measurement`.
"""

from dataclasses import astuple
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np

from streams.domain.settings import TrackerSettings
from streams.domain.tracking.dtypes import dtype_of
from streams.domain.tracking.types import Structured

Parameters: TypeAlias = TrackerSettings
"""Compiled code is given a record with the fields of the settings."""

PARAMETERS: Final = dtype_of(TrackerSettings)


@lru_cache(maxsize=64)
def parameters_of(settings: TrackerSettings) -> Structured:
    """The settings as an array of one `PARAMETERS` record; for reading only."""
    parameters = np.array([astuple(settings)], dtype=PARAMETERS)
    parameters.flags.writeable = False
    return parameters
