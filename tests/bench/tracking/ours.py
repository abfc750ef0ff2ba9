"""Our tracker, in this process."""

from dataclasses import replace
from typing import Any

from models.datasets.motchallenge import BoxTable
from streams.domain.settings import MovingTrackerSettings, TrackerSettings
from tests.bench.tracking.sequences import Mount, Sequence
from workers.operations.scoring.boxes import follow

NAME = "wardstream"


def settings_of(config: dict[str, Any], mount: Mount = "fixed") -> TrackerSettings:
    """The settings for a mount with some values changed; `noise.` names the motion model's."""
    base = TrackerSettings() if mount == "fixed" else MovingTrackerSettings()
    noise = {key[6:]: value for key, value in config.items() if key.startswith("noise.")}
    rest = {key: value for key, value in config.items() if not key.startswith("noise.")}
    return replace(base, **rest, noise=replace(base.noise, **noise))


def run(sequence: Sequence, config: dict[str, Any], *, seen_only: bool = False) -> BoxTable:
    """Tracks of one sequence."""
    return follow(
        sequence.detections,
        sequence.frame_numbers,
        sequence.fps,
        settings_of(config, sequence.mount),
        seen_only=seen_only,
    )
