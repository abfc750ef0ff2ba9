"""Our tracker, in this process."""

from dataclasses import fields
from typing import Any

from models.datasets.motchallenge import BoxTable
from streams.domain.settings import MotionNoise, TrackerSettings
from tests.bench.tracking.sequences import Sequence
from workers.operations.scoring.boxes import follow

NAME = "wardstream"


def settings_of(config: dict[str, Any]) -> TrackerSettings:
    """Settings with some values changed; `noise.` names those of the motion model."""
    noise = {key[6:]: value for key, value in config.items() if key.startswith("noise.")}
    rest = {key: value for key, value in config.items() if not key.startswith("noise.")}
    if any(field.name == "noise" for field in fields(TrackerSettings)):
        return TrackerSettings(**rest, noise=MotionNoise(**noise))
    return TrackerSettings(**rest)


def run(sequence: Sequence, config: dict[str, Any]) -> BoxTable:
    """Tracks of one sequence."""
    return follow(sequence.detections, sequence.frame_numbers, sequence.fps, settings_of(config))
