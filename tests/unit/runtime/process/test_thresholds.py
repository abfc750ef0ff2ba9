"""Thresholds of the tracker that inference makes useless."""

import pytest

from runtime.process.sections import InferenceSettings
from runtime.process.thresholds import without_effect
from schemas.fusion_settings import FusedFloorSettings
from schemas.tracker_settings import MovingTrackerSettings, TrackerSettings


def test_the_shipped_thresholds_get_no_warning() -> None:
    assert (
        without_effect(
            InferenceSettings(), TrackerSettings(), MovingTrackerSettings(), FusedFloorSettings()
        )
        == []
    )


def test_a_threshold_set_below_what_inference_keeps_is_named_with_what_it_acts_as() -> None:
    fixed = TrackerSettings(low_score=0.07)

    assert without_effect(
        InferenceSettings(), fixed, MovingTrackerSettings(), FusedFloorSettings()
    ) == [
        (
            "WARDSTREAM_TRACKING__LOW_SCORE is 0.07 and acts as 0.1: inference drops boxes below "
            "WARDSTREAM_INFERENCE__SCORE_THRESHOLD, which is 0.1"
        )
    ]


def test_a_raised_threshold_of_inference_names_what_it_makes_useless() -> None:
    raised = InferenceSettings(score_threshold=0.3)

    found = without_effect(raised, TrackerSettings(), MovingTrackerSettings(), FusedFloorSettings())

    named = [sentence.split()[0] for sentence in found]

    assert named == [
        "WARDSTREAM_TRACKING__LOW_SCORE",
        "WARDSTREAM_TRACKING__HIDDEN_BIRTH_SCORE",
        "WARDSTREAM_TRACKING_MOVING__LOW_SCORE",
    ]


@pytest.mark.parametrize(("low_score", "kept"), [(0.2, 0.1), (0.05, 0.02)])
def test_a_threshold_above_what_inference_keeps_has_an_effect(
    low_score: float, kept: float
) -> None:
    fixed = TrackerSettings(low_score=low_score)

    found = without_effect(
        InferenceSettings(score_threshold=kept),
        fixed,
        MovingTrackerSettings(),
        FusedFloorSettings(),
    )

    assert found == []


def test_a_score_of_fusion_that_inference_makes_useless_is_named() -> None:
    found = without_effect(
        InferenceSettings(),
        TrackerSettings(),
        MovingTrackerSettings(),
        FusedFloorSettings(least_score=0.05),
    )

    assert [sentence.split()[0] for sentence in found] == ["WARDSTREAM_FUSION__LEAST_SCORE"]
