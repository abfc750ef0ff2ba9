"""What each tracker may be tuned over: the same number of sampled configurations for each.

A name that ends in `_s` is seconds, turned into frames of the sequence's rate where a library
counts frames. The first configuration of each is its defaults, ages given in seconds.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from tests.bench.tracking import ours

Config = dict[str, Any]
Draw = Callable[[np.random.Generator], Any]

BUDGET = 24
"""Configurations for each tracker, the defaults among them."""


def uniform(low: float, high: float) -> Draw:
    """Evenly from `low` to `high`."""
    return lambda random: round(float(random.uniform(low, high)), 3)


def log_uniform(low: float, high: float) -> Draw:
    """Evenly in ratio from `low` to `high`."""
    return lambda random: round(float(np.exp(random.uniform(np.log(low), np.log(high)))), 4)


def choice(*options: Any) -> Draw:
    """One of the options."""
    return lambda random: options[int(random.integers(len(options)))]


LOST_S = log_uniform(0.3, 6.0)
HITS = choice(1, 2, 3)

SPACES: dict[str, dict[str, Draw]] = {
    ours.NAME: {
        "high_score": uniform(0.3, 0.7),
        "birth_score": uniform(0.3, 0.8),
        "hidden_birth_score": uniform(0.1, 0.6),
        "match_iou": uniform(0.05, 0.4),
        "low_match_iou": uniform(0.2, 0.6),
        "tentative_iou": uniform(0.1, 0.4),
        "rescue_buffer": uniform(0.0, 0.6),
        "rescue_iou": uniform(0.1, 0.6),
        "height_weight": uniform(0.0, 1.0),
        "momentum_weight": uniform(0.0, 0.4),
        "confirm_hits": HITS,
        "max_lost_s": LOST_S,
        "coast_presence": uniform(0.2, 0.9),
        "lost_after_s": uniform(0.1, 0.6),
        "noise.acceleration": log_uniform(0.1, 1.0),
        "noise.size": log_uniform(0.03, 0.4),
        "rescue_growth": uniform(0.0, 2.0),
        "unseen_yield": uniform(0.0, 0.6),
    },
    "trackers-sort": {
        "score_threshold": uniform(0.1, 0.7),
        "track_activation_threshold": uniform(0.2, 0.8),
        "minimum_iou_threshold": uniform(0.05, 0.4),
        "minimum_consecutive_frames": HITS,
        "lost_s": LOST_S,
    },
    "trackers-bytetrack": {
        "high_conf_det_threshold": uniform(0.3, 0.7),
        "track_activation_threshold": uniform(0.3, 0.8),
        "minimum_iou_threshold": uniform(0.05, 0.4),
        "minimum_consecutive_frames": HITS,
        "lost_s": LOST_S,
    },
    "trackers-ocsort": {
        "high_conf_det_threshold": uniform(0.3, 0.7),
        "minimum_iou_threshold": uniform(0.05, 0.4),
        "direction_consistency_weight": uniform(0.0, 0.4),
        "delta_s": log_uniform(0.1, 1.0),
        "minimum_consecutive_frames": HITS,
        "lost_s": LOST_S,
    },
    "trackers-cbiou": {
        "high_conf_det_threshold": uniform(0.3, 0.7),
        "track_activation_threshold": uniform(0.3, 0.8),
        "minimum_iou_threshold_first_assoc": uniform(0.05, 0.4),
        "minimum_iou_threshold_second_assoc": uniform(0.2, 0.6),
        "buffer_ratio_first": uniform(0.0, 0.6),
        "buffer_ratio_second": uniform(0.2, 0.8),
        "minimum_consecutive_frames": HITS,
        "lost_s": LOST_S,
    },
    "supervision-bytetrack": {
        "track_activation_threshold": uniform(0.2, 0.7),
        "minimum_matching_threshold": uniform(0.6, 0.95),
        "minimum_consecutive_frames": HITS,
        "lost_s": LOST_S,
    },
    "norfair": {
        "score_threshold": uniform(0.1, 0.7),
        "distance_threshold": uniform(0.5, 0.95),
        "delay_s": log_uniform(0.05, 0.6),
        "filter_r": log_uniform(0.5, 8.0),
        "filter_q": log_uniform(0.02, 1.0),
        "observed_only": choice(True, True, False),
        "lost_s": LOST_S,
    },
    "ultralytics-bytetrack": {
        "track_high_thresh": uniform(0.2, 0.7),
        "new_track_thresh": uniform(0.2, 0.8),
        "match_thresh": uniform(0.6, 0.95),
        "fuse_score": choice(True, False),
        "lost_s": LOST_S,
    },
}

SHIPPED: dict[str, Config] = {"norfair": {"score_threshold": 0.25}}
"""Configurations as shipped: empty, but norfair has no score threshold of its own."""

IN_SECONDS: dict[str, Config] = {
    "trackers-sort": {"lost_s": 1.0},
    "trackers-bytetrack": {"lost_s": 1.0},
    "trackers-ocsort": {"lost_s": 1.0, "delta_s": 0.1},
    "trackers-cbiou": {"lost_s": 1.0},
    "supervision-bytetrack": {"lost_s": 1.0},
    "norfair": {"score_threshold": 0.25, "lost_s": 0.5, "delay_s": 0.23},
    "ultralytics-bytetrack": {"lost_s": 1.0},
}
"""The same with ages in seconds, as the defaults are at 30 frames per second."""


Kind = Literal["shipped", "in seconds", "tuned"]

KINDS: tuple[Kind, ...] = ("shipped", "in seconds", "tuned")
"""How a tracker is configured: as it comes; as it comes, but with its ages in seconds; tuned."""


def shipped(tracker: str) -> Config:
    """A tracker as it comes."""
    return SHIPPED.get(tracker, {})


def in_seconds(tracker: str) -> Config:
    """A tracker as it comes, with ages in seconds; ours has no others."""
    return IN_SECONDS.get(tracker, {})


def sampled(tracker: str, budget: int = BUDGET) -> list[Config]:
    """The configurations to choose from; the same every time."""
    seed = sum(tracker.encode())
    random = np.random.default_rng(seed)
    space = SPACES[tracker]
    drawn = [
        {name: draw(random) for name, draw in space.items()} for _ in range(max(0, budget - 1))
    ]
    return [in_seconds(tracker), *drawn]
