"""Score thresholds that are below what inference keeps, and so have no effect."""

from typing import Final

from runtime.process.sections import InferenceSettings
from schemas.fusion_settings import FusedFloorSettings
from schemas.tracker_settings import MovingTrackerSettings, TrackerSettings

_THRESHOLDS: Final = ("high_score", "low_score", "birth_score", "hidden_birth_score")


def without_effect(
    inference: InferenceSettings,
    fixed: TrackerSettings,
    moving: MovingTrackerSettings,
    fusion: FusedFloorSettings,
) -> list[str]:
    """A sentence for each threshold that no detection of the pipeline can be below.

    The shipped value of `low_score` is one: it acts in `wardstream track`, on files that hold lower
    scores. It is named only beside a threshold that was set.

    Args:
        inference: Settings of inference.
        fixed: Settings of the tracker for cameras that are fixed.
        moving: Settings of the tracker for those that move.
        fusion: Settings of fusion.
    """
    kept = inference.score_threshold
    kept_is_shipped = kept == InferenceSettings().score_threshold
    found = []
    thresholds: list[tuple[str, object, str]] = [
        *(("TRACKING", fixed, name) for name in _THRESHOLDS),
        *(("TRACKING_MOVING", moving, name) for name in _THRESHOLDS),
        ("FUSION", fusion, "least_score"),
    ]
    for section, settings, name in thresholds:
        value = getattr(settings, name)
        is_shipped = value == getattr(type(settings)(), name)
        if value < kept and not (kept_is_shipped and is_shipped):
            found.append(
                f"WARDSTREAM_{section}__{name.upper()} is {value:g} and acts as {kept:g}: "
                f"inference drops boxes below WARDSTREAM_INFERENCE__SCORE_THRESHOLD, which is "
                f"{kept:g}"
            )
    return found
