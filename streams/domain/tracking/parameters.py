"""The tracker's settings as one vector, which compiled code reads by index."""

from functools import lru_cache
from typing import Final

import numpy as np

from streams.domain.settings import TrackerSettings
from streams.domain.tracking.types import Vector

_NAMES: Final = (
    "high_score",
    "low_score",
    "birth_score",
    "match_iou",
    "low_match_iou",
    "tentative_iou",
    "buffer",
    "buffer_sigma",
    "rescue_buffer",
    "rescue_iou",
    "score_weight",
    "height_weight",
    "momentum_weight",
    "birth_iou",
    "confirm_hits",
    "confirm_after_s",
    "confirm_within_s",
    "tentative_unseen_s",
    "lost_after_s",
    "max_lost_s",
    "low_rescues_lost",
    "reupdate",
    "score_noise",
    "link_within_s",
    "link_speed",
    "link_score",
)
_NOISE_NAMES: Final = ("measurement", "position", "acceleration", "size", "first_velocity")

HIGH_SCORE: Final = 0
LOW_SCORE: Final = 1
BIRTH_SCORE: Final = 2
MATCH_IOU: Final = 3
LOW_MATCH_IOU: Final = 4
TENTATIVE_IOU: Final = 5
BUFFER: Final = 6
BUFFER_SIGMA: Final = 7
RESCUE_BUFFER: Final = 8
RESCUE_IOU: Final = 9
SCORE_WEIGHT: Final = 10
HEIGHT_WEIGHT: Final = 11
MOMENTUM_WEIGHT: Final = 12
BIRTH_IOU: Final = 13
CONFIRM_HITS: Final = 14
CONFIRM_AFTER_S: Final = 15
CONFIRM_WITHIN_S: Final = 16
TENTATIVE_UNSEEN_S: Final = 17
LOST_AFTER_S: Final = 18
MAX_LOST_S: Final = 19
LOW_RESCUES_LOST: Final = 20
REUPDATE: Final = 21
SCORE_NOISE: Final = 22
LINK_WITHIN_S: Final = 23
LINK_SPEED: Final = 24
LINK_SCORE: Final = 25
MEASUREMENT: Final = 26
POSITION: Final = 27
ACCELERATION: Final = 28
SIZE: Final = 29
FIRST_VELOCITY: Final = 30


@lru_cache(maxsize=64)
def parameters_of(settings: TrackerSettings) -> Vector:
    """Shape `(31,)`: the settings in the order of the indices above; not to be written to."""
    values = [float(getattr(settings, name)) for name in _NAMES]
    values += [float(getattr(settings.noise, name)) for name in _NOISE_NAMES]
    return np.array(values, dtype=np.float64)
