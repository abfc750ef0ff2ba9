"""Settings that an earlier release saved mean what they meant there.

A setting added since has a neutral value, with which the tracker works as before it. The saved
settings are those of checkpoints that earlier releases wrote.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas import (
    class_settings,
    evidence_settings,
    fusion_settings,
    shift_settings,
    tracker_settings,
)
from streams.domain.settings import MovingTrackerSettings, PipelineSettings, TrackerSettings
from streams.state.settings_by_offset import from_values, to_values
from tests.support.paths import ROOT

STORED = ROOT / "tests" / "unit" / "streams" / "state" / "stored"
FIRST, RELEASE_4 = STORED / "state_version_4.json", STORED / "state_version_5.json"


def saved_in(path: Path) -> Any:
    """The settings of a stored checkpoint."""
    head = json.loads(json.loads(path.read_text())["head"])
    return head["settings"][0]["values"]


@pytest.mark.parametrize("path", [FIRST, RELEASE_4], ids=lambda path: path.stem)
def test_every_setting_added_since_an_earlier_release_has_a_neutral_value(path: Path) -> None:
    """A new setting fails here: give it a neutral value in `schemas/tracker_settings.py`."""
    saved = saved_in(path)

    read = to_values(from_values(saved))

    neutral = {
        "fuses_cameras": False,
        "fusion": dict(fusion_settings.NEUTRAL),
        "takes_reads": False,
        "badges": dict(evidence_settings.NEUTRAL),
        "shifts": dict(shift_settings.NEUTRAL),
        "census_max_age_us": 26 * 3_600_000_000,
        "role_only": False,
        "follows_gaps": False,
        "widens_flow": False,
        "classes": dict(class_settings.NEUTRAL),
        "decides_alerts": False,
        "finds_longest": False,
        "doubts_badges": False,
    }
    assert read["floor"] == {**saved["floor"], **neutral}
    assert saved["tracker"].items() <= read["tracker"].items()


def test_a_neutral_value_belongs_to_a_setting_that_was_added() -> None:
    names = set(to_values(PipelineSettings())["tracker"])

    assert tracker_settings._NEUTRAL.keys() == names - set(saved_in(FIRST)["tracker"])


def test_every_setting_of_fusion_has_a_neutral_value() -> None:
    """The first release that fused cameras saved no settings of fusion."""
    saved = to_values(PipelineSettings())
    del saved["floor"]["fusion"]

    read = from_values(saved)

    assert fusion_settings.NEUTRAL.keys() == to_values(PipelineSettings())["floor"]["fusion"].keys()
    assert to_values(read)["floor"]["fusion"] == fusion_settings.NEUTRAL
    assert read.floor.fuses_cameras


def test_every_setting_of_evidence_has_a_neutral_value() -> None:
    """The first release that took reads of badges saved no settings of evidence."""
    saved = to_values(PipelineSettings())
    names = saved["floor"].pop("badges").keys()

    read = from_values(saved)

    assert evidence_settings.NEUTRAL.keys() == names
    assert to_values(read)["floor"]["badges"] == evidence_settings.NEUTRAL
    assert read.floor.takes_reads


def test_every_setting_of_shifts_and_classes_has_a_neutral_value() -> None:
    """Releases without duty status and classes saved no settings of them."""
    saved = to_values(PipelineSettings())
    names = saved["floor"].pop("shifts").keys()
    class_names = saved["floor"].pop("classes").keys()

    read = from_values(saved)

    assert shift_settings.NEUTRAL.keys() == names
    assert class_settings.NEUTRAL.keys() == class_names
    assert to_values(read)["floor"]["shifts"] == shift_settings.NEUTRAL
    assert to_values(read)["floor"]["classes"] == class_settings.NEUTRAL


def test_what_was_added_does_nothing_under_settings_of_release_4() -> None:
    saved = saved_in(RELEASE_4)

    read = from_values(saved)

    added = {
        "hidden_birth_score": saved["tracker"]["birth_score"],
        "confirm_evidence": 0.0,
        "coast_presence": 0.0,
        "presence_s": 0.75,
    }
    assert read.tracker == msgspec.convert(saved["tracker"] | added, TrackerSettings)
    assert read.moving_tracker == msgspec.convert(saved["tracker"] | added, MovingTrackerSettings)
