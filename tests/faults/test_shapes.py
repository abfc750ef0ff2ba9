"""Coordinates that cannot be meant are refused by the import, with what the fold would refuse."""

from pathlib import Path

import pytest

from tests.faults.product import fold_refusal, import_text

_CAMERA = """
- camera_id: bay-cam
  name: Bay camera
  width: {width}
  height: {height}
  time_zone: Europe/Berlin
"""


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="the import checks less than the fold"
)
def test_a_zone_with_a_doubled_vertex_is_refused_or_taken_by_import_and_fold_alike(
    tmp_path: Path,
) -> None:
    imported = import_text(
        "zone",
        """
- zone_id: double-click
  camera_id: bay-cam
  polygon: [[10, 10], [180, 10], [180, 10], [180, 120], [10, 120]]
""",
        tmp_path,
    )

    assert imported.refusal or fold_refusal("zones.v1", imported.records) is None


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="the zones of a camera are not asked")
def test_a_camera_is_not_resized_under_its_zones(tmp_path: Path) -> None:
    imported = import_text("camera", _CAMERA.format(width=96, height=64), tmp_path)

    assert imported.refusal
    assert "bay" in imported.refusal


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="any area above zero is taken")
def test_a_zone_in_fractions_of_the_frame_is_refused(tmp_path: Path) -> None:
    imported = import_text(
        "zone",
        """
- zone_id: normalised
  camera_id: bay-cam
  polygon: [[0.05, 0.1], [0.95, 0.1], [0.95, 0.9], [0.05, 0.9]]
""",
        tmp_path,
    )

    assert imported.refusal


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="any area above zero is taken")
def test_a_privacy_mask_in_fractions_of_the_frame_is_refused(tmp_path: Path) -> None:
    mask = "  privacy_masks: [[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]]\n"

    imported = import_text("camera", _CAMERA.format(width=192, height=128) + mask, tmp_path)

    assert imported.refusal
