"""OpenVINO and ONNX Runtime on graphs with known outputs: one suite for both."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.detectors import onnx, openvino
from models.detectors.detector import DetectorUnavailable, ModelFailed
from models.detectors.graph import GraphDetector, GraphSettings, sha256_of
from models.detectors.layouts import cell_count
from models.detectors.score_map import IDENTITY
from schemas.records.frames import Detection
from tests.support.onnx_files import write_detector

SIDE = 96
CELLS = cell_count((SIDE, SIDE))

pytestmark = pytest.mark.parametrize(
    "load", [onnx.load, openvino.load], ids=["onnxruntime", "openvino"]
)

EXACT = GraphSettings(threads=1, precision="f32")

Load = Callable[..., GraphDetector]
Floats = NDArray[np.float32]


def yolo_person(score: float) -> Floats:
    """A YOLO output with one person of 16x24 px at (32, 28) of the canvas."""
    reported = np.zeros((84, CELLS), dtype=np.float32)
    reported[:5, 3] = 32, 28, 16, 24, score
    return reported


def yolox_person(score: float) -> Floats:
    """A YOLOX output with the same person: cell (4, 3) of stride 8."""
    reported = np.zeros((CELLS, 85), dtype=np.float32)
    reported[3 * 12 + 4, :6] = 0, 0.5, np.log(2), np.log(3), 1.0, score
    return reported


def image(width: int, height: int, level: int = 0) -> NDArray[np.uint8]:
    return np.full((height, width, 3), level, dtype=np.uint8)


def box(found: Detection) -> list[float]:
    return [found["x_min"], found["y_min"], found["x_max"], found["y_max"]]


def test_a_yolox_graph_gives_boxes_in_pixels_of_the_image(load: Load, tmp_path: Path) -> None:
    path = write_detector(
        tmp_path / "small.onnx", yolox_person(0.75), input_shape=(1, 3, SIDE, SIDE)
    )
    detector = load(path, EXACT)

    # Twice as wide as high, so the lower half of the canvas is border.
    [[found]] = detector.detect([image(192, 96)])

    assert box(found) == pytest.approx([48, 32, 80, 80], abs=1e-3)
    assert found["score"] == pytest.approx(0.75)
    assert found["label"] == "person"


def test_a_yolo_graph_gives_boxes_in_pixels_of_the_image(load: Load, tmp_path: Path) -> None:
    path = write_detector(
        tmp_path / "small.onnx", yolo_person(0.75), input_shape=(1, 3, SIDE, SIDE)
    )
    detector = load(path, EXACT)

    # The image is in the middle: 24 px of border above it on the canvas.
    [[found]] = detector.detect([image(192, 96)])

    assert box(found) == pytest.approx([48, 0, 80, 32], abs=1e-3)


def test_a_detector_says_what_it_is(load: Load, tmp_path: Path) -> None:
    path = write_detector(
        tmp_path / "small.onnx", yolox_person(0.75), input_shape=(1, 3, SIDE, SIDE)
    )
    model = load(path, GraphSettings(threads=1, score_threshold=0.2, precision="f32")).describe()

    assert model["name"] == "small"
    assert model["weights_sha256"] == sha256_of(path)
    assert model["version"] == f"{sha256_of(path)[:12]}.{IDENTITY.sha256[:6]}"
    assert model["score_map_sha256"] == IDENTITY.sha256
    assert model["runtime"].endswith(" CPU f32")
    assert (model["input_width"], model["input_height"]) == (SIDE, SIDE)
    assert (model["score_threshold"], model["nms_iou"]) == (0.2, 0.45)


@pytest.mark.parametrize("batch", [1, 2, "batch"])
def test_each_image_of_a_batch_gets_its_own_boxes_whatever_batch_the_graph_takes(
    load: Load, tmp_path: Path, batch: int | str
) -> None:
    gain = np.zeros((84, CELLS), dtype=np.float32)
    gain[4, 3] = 0.5  # the score of a person rises with brightness
    path = write_detector(
        tmp_path / "small.onnx",
        yolo_person(0.25),
        input_shape=(batch, 3, SIDE, SIDE),
        gain=gain,
    )
    detector = load(path, EXACT)
    levels = [0, 255, 51, 102, 0]

    found = detector.detect([image(64, 64, level) for level in levels])

    assert [one["score"] for [one] in found] == pytest.approx(
        [0.25 + level / 255 * 0.5 for level in levels], abs=1e-5
    )
    assert detector.detect([]) == []


def test_images_of_different_sizes_go_in_one_batch(load: Load, tmp_path: Path) -> None:
    path = write_detector(
        tmp_path / "small.onnx", yolox_person(0.75), input_shape=("batch", 3, SIDE, SIDE)
    )
    detector = load(path, EXACT)

    [[small], [large]] = detector.detect([image(64, 64), image(640, 640)])

    assert box(large) == pytest.approx([10 * edge for edge in box(small)], rel=1e-4)


def test_a_graph_with_open_sizes_takes_the_size_it_was_trained_at(
    load: Load, tmp_path: Path
) -> None:
    reported = np.zeros((84, cell_count((640, 640))), dtype=np.float32)
    reported[:5, 0] = 100, 100, 20, 40, 0.5
    path = write_detector(
        tmp_path / "open.onnx", reported, input_shape=("batch", 3, "height", "width")
    )
    detector = load(path, EXACT)

    [[found]] = detector.detect([image(640, 640)])

    assert detector.input_size == (640, 640)
    assert box(found) == pytest.approx([90, 80, 110, 120])


@pytest.mark.parametrize("shape", [(300, 6), (1000,), (CELLS, 5)], ids=str)
def test_another_output_shape_is_refused_by_name(
    load: Load, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    path = write_detector(
        tmp_path / "other.onnx", np.zeros(shape, np.float32), input_shape=(1, 3, SIDE, SIDE)
    )

    with pytest.raises(DetectorUnavailable) as refused:
        load(path, EXACT)

    assert str(path) in str(refused.value)
    assert f"shape {(1, *shape)}" in str(refused.value)


def test_another_input_shape_is_refused_by_name(load: Load, tmp_path: Path) -> None:
    path = write_detector(
        tmp_path / "grey.onnx", np.zeros((84, CELLS), np.float32), input_shape=(1, 1, SIDE, SIDE)
    )

    with pytest.raises(DetectorUnavailable, match=r"grey\.onnx takes input of shape \(1, 1, 96"):
        load(path, EXACT)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x08\x3a\xff\xff\x7f"], ids=repr)
def test_a_corrupt_file_is_named_with_what_to_do(
    load: Load, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "corrupt.onnx"
    path.write_bytes(content)

    with pytest.raises(DetectorUnavailable) as refused:
        load(path, EXACT)

    assert f"cannot read {path}" in str(refused.value)
    assert str(refused.value).endswith("fetch the weights again or name others.")


def test_half_a_file_is_as_corrupt(load: Load, tmp_path: Path) -> None:
    path = write_detector(
        tmp_path / "half.onnx", yolox_person(0.75), input_shape=(1, 3, SIDE, SIDE)
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(DetectorUnavailable, match="fetch the weights again"):
        load(path, EXACT)


def test_numbers_that_are_not_finite_are_a_failed_model_not_an_empty_room(
    load: Load, tmp_path: Path
) -> None:
    gain = np.zeros((CELLS, 85), dtype=np.float32)
    gain[0, 0] = 3e38
    path = write_detector(
        tmp_path / "wild.onnx", yolox_person(0.75), input_shape=(1, 3, SIDE, SIDE), gain=gain
    )
    detector = load(path, EXACT)
    assert len(detector.detect([image(64, 64, 0)])[0]) == 1

    with pytest.raises(ModelFailed, match="not finite") as failed:
        detector.detect([image(64, 64, 255)])

    assert failed.value.reason == "model_failed"


def test_what_is_no_image_is_refused(load: Load, tmp_path: Path) -> None:
    path = write_detector(
        tmp_path / "small.onnx", yolox_person(0.75), input_shape=(1, 3, SIDE, SIDE)
    )
    detector = load(path, EXACT)

    with pytest.raises(ValueError, match=r"image 1 is uint8 of shape \(64, 64\)"):
        detector.detect([image(64, 64), np.zeros((64, 64), dtype=np.uint8)])
