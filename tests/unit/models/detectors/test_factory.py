"""Which detector is chosen, and the error when the requested one is not available."""

import sys
from pathlib import Path

import numpy as np
import pytest

from models.detectors import weights as weights_module
from models.detectors.detector import DetectorUnavailable
from models.detectors.factory import make_detector
from models.detectors.weights import FOLDER_VARIABLE, ONNX_SUFFIXES, find_weights
from runtime.process.cache import DETECTORS, cache_dir
from tests.support.onnx_files import write_detector


@pytest.fixture(autouse=True)
def no_weights_on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide weights that this machine may have, because they must not decide these tests."""
    monkeypatch.setattr(weights_module, "_PROJECT", tmp_path / "elsewhere" / "project")
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv("WARDSTREAM_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A models folder with a graph that has the default name."""
    models = tmp_path / "weights"
    models.mkdir()
    reported = np.zeros((189, 85), dtype=np.float32)
    write_detector(models / "yolox_nano.onnx", reported, input_shape=(1, 3, 96, 96))
    return models


def test_openvino_is_taken_where_there_are_weights(folder: Path) -> None:
    detector = make_detector(models_folder=folder, threads=1)

    assert detector.runtime.startswith("openvino")
    assert detector.name == "yolox_nano"
    assert detector.fallback_reason == ""


def test_hog_is_taken_where_there_are_none_and_says_so_with_what_to_do(tmp_path: Path) -> None:
    detector = make_detector(models_folder=tmp_path / "empty", threads=1)

    assert detector.name == "opencv-hog"
    assert "No model weights were found" in detector.fallback_reason
    assert "yolox_nano.onnx" in detector.fallback_reason
    assert FOLDER_VARIABLE in detector.fallback_reason
    assert "run `make install`" in detector.fallback_reason


def fetched(name: str) -> Path:
    """A detector as an install leaves it in the cache."""
    folder = cache_dir() / DETECTORS[name]
    folder.mkdir(parents=True)
    reported = np.zeros((189, 85), dtype=np.float32)
    return write_detector(folder / f"{name}.onnx", reported, input_shape=(1, 3, 96, 96))


def test_without_other_weights_the_best_that_an_install_fetched_is_taken(
    folder: Path, tmp_path: Path
) -> None:
    fetched("ssd_mobilenetv2")
    second = make_detector(models_folder=tmp_path / "empty", threads=1)
    fetched("centernet_mobilenetv3")
    first = make_detector(models_folder=tmp_path / "empty", threads=1)
    found = make_detector(models_folder=folder, threads=1)
    given = make_detector("auto", "ssd_mobilenetv2", models_folder=folder, threads=1)

    assert second.name == "ssd_mobilenetv2"
    assert "CenterNet is not installed" in second.fallback_reason
    assert (first.name, first.fallback_reason) == ("centernet_mobilenetv3", "")
    assert (found.name, found.fallback_reason) == ("yolox_nano", "")
    assert (given.name, given.fallback_reason) == ("ssd_mobilenetv2", "")


def test_hog_that_was_asked_for_is_no_fallback(folder: Path) -> None:
    assert make_detector("hog", models_folder=folder, threads=1).fallback_reason == ""


@pytest.mark.parametrize("backend", ["openvino", "onnx"])
def test_a_named_backend_never_falls_back(backend: str, tmp_path: Path) -> None:
    with pytest.raises(DetectorUnavailable) as missing:
        make_detector(backend, models_folder=tmp_path / "empty")  # type: ignore[arg-type]

    assert str(missing.value).startswith("No weights yolox_nano.onnx in ")
    assert str(tmp_path / "empty") in str(missing.value)
    assert FOLDER_VARIABLE in str(missing.value)


def test_weights_that_are_named_are_not_replaced_by_others(folder: Path) -> None:
    with pytest.raises(DetectorUnavailable, match=r"No weights yolo11s\.onnx in"):
        make_detector("auto", "yolo11s", models_folder=folder)


def test_weights_that_are_corrupt_are_an_error_not_a_fallback(folder: Path) -> None:
    (folder / "yolox_nano.onnx").write_bytes(b"cut off")

    with pytest.raises(DetectorUnavailable, match="fetch the weights again"):
        make_detector("auto", models_folder=folder)


def test_without_the_extra_the_yolo_backend_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)

    with pytest.raises(DetectorUnavailable, match="uv sync --extra gpu"):
        make_detector("yolo", models_folder=folder)


def test_an_unknown_backend_is_answered_with_those_there_are() -> None:
    with pytest.raises(DetectorUnavailable, match="choose one of auto, openvino, onnx, yolo, hog"):
        make_detector("tensorrt")  # type: ignore[arg-type]


def test_settings_reach_the_detector(folder: Path) -> None:
    detector = make_detector(
        "onnx", score_threshold=0.4, nms_iou=0.6, models_folder=folder, threads=1
    )

    assert detector.score_threshold == 0.4
    assert detector.nms_iou == 0.6


@pytest.mark.parametrize("name", ["yolox_nano", "yolox_nano.onnx"])
def test_weights_are_found_by_stem_and_by_file_name(name: str, folder: Path) -> None:
    assert find_weights(name, ONNX_SUFFIXES, folder) == folder / "yolox_nano.onnx"


def test_weights_are_found_by_path(folder: Path, tmp_path: Path) -> None:
    path = folder / "yolox_nano.onnx"

    assert find_weights(str(path), ONNX_SUFFIXES, tmp_path / "empty") == path


def test_the_folder_given_comes_before_the_environment_and_both_before_the_project(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "elsewhere" / "project"
    folders = [
        folder,
        tmp_path / "environment",
        project / ".wardstream" / "models",
        project.parent / "shared" / "data" / "weights",
    ]
    for one in folders:
        one.mkdir(parents=True, exist_ok=True)
        (one / "yolox_nano.onnx").write_bytes(b"")
    monkeypatch.setenv(FOLDER_VARIABLE, str(folders[1]))

    found = []
    for one in folders:
        found.append(find_weights("yolox_nano", ONNX_SUFFIXES, folder).parent)
        (one / "yolox_nano.onnx").unlink()

    assert found == folders


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gone.onnx"

    with pytest.raises(DetectorUnavailable, match=f"No weights {path} there"):
        find_weights(str(path), ONNX_SUFFIXES)
