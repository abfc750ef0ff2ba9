"""The tracker's settings as one vector, which compiled code reads by index."""

from functools import lru_cache
from typing import Final

import numpy as np

from streams.domain.settings import TrackerSettings
from streams.domain.tracking.types import Vector

HIGH_SCORE: Final = 0
LOW_SCORE: Final = 1
BIRTH_SCORE: Final = 2
MATCH_IOU: Final = 3
LOW_MATCH_IOU: Final = 4
TENTATIVE_IOU: Final = 5
RESCUE_BUFFER: Final = 6
RESCUE_GROWTH: Final = 7
RESCUE_IOU: Final = 8
UNSEEN_YIELD: Final = 9
HEIGHT_WEIGHT: Final = 10
MOMENTUM_WEIGHT: Final = 11
CAMERA_SHARE: Final = 12
CAMERA_BUFFER: Final = 13
CAMERA_MEMORY_S: Final = 14
BIRTH_IOU: Final = 15
BIRTH_COVER: Final = 16
CONFIRM_HITS: Final = 17
CONFIRM_AFTER_S: Final = 18
CONFIRM_WITHIN_S: Final = 19
TENTATIVE_UNSEEN_S: Final = 20
LOST_AFTER_S: Final = 21
MAX_LOST_S: Final = 22
REUPDATE: Final = 23
LINK_WITHIN_S: Final = 24
LINK_SPEED: Final = 25
LINK_SCORE: Final = 26
MEASUREMENT: Final = 27
SCORE_NOISE: Final = 28
POSITION: Final = 29
ACCELERATION: Final = 30
SIZE: Final = 31
FIRST_VELOCITY: Final = 32

NAMES: Final = (
    "high_score",
    "low_score",
    "birth_score",
    "match_iou",
    "low_match_iou",
    "tentative_iou",
    "rescue_buffer",
    "rescue_growth",
    "rescue_iou",
    "unseen_yield",
    "height_weight",
    "momentum_weight",
    "camera_share",
    "camera_buffer",
    "camera_memory_s",
    "birth_iou",
    "birth_cover",
    "confirm_hits",
    "confirm_after_s",
    "confirm_within_s",
    "tentative_unseen_s",
    "lost_after_s",
    "max_lost_s",
    "reupdate",
    "link_within_s",
    "link_speed",
    "link_score",
)
"""Of `TrackerSettings`, in the order of the indices above."""

NOISE_NAMES: Final = (
    "measurement",
    "score_noise",
    "position",
    "acceleration",
    "size",
    "first_velocity",
)
"""Of `MotionNoise`, behind them."""


@lru_cache(maxsize=64)
def parameters_of(settings: TrackerSettings) -> Vector:
    """The settings in the order of the indices, one number each; for reading only."""
    values = [float(getattr(settings, name)) for name in NAMES]
    values += [float(getattr(settings.noise, name)) for name in NOISE_NAMES]
    return np.array(values, dtype=np.float64)
