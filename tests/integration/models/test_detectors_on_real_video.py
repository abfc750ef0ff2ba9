"""The detectors on a real clip with known people: `vtest.avi`, 480x360, 3 to 9 people."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from models.datasets.video import read_frames
from models.detectors import onnx, openvino
from models.detectors.boxes import Boxes, Image, iou
from models.detectors.detector import Detector
from models.detectors.graph import GraphSettings
from models.detectors.hog import HogDetector
from models.evaluation.detection import evaluate_detections
from models.evaluation.records import detect_frames, detections_table
from schemas.records.frames import Detection
from tests.support.pets2009 import read_clip_ground_truth

EVERY = 20


@pytest.fixture(scope="module")
def frames(recordings: Path) -> list[Image]:
    """Every twentieth frame of the clip."""
    return list(islice(read_frames(recordings / "video" / "vtest" / "vtest.avi"), 0, None, EVERY))


@pytest.fixture(scope="module")
def weights(recordings: Path) -> Path:
    return recordings / "weights" / "yolox_nano.onnx"


@pytest.fixture(scope="module", params=["onnxruntime", "openvino"])
def detector(request: pytest.FixtureRequest, weights: Path) -> Iterator[Detector]:
    load = {"onnxruntime": onnx.load, "openvino": openvino.load}[request.param]
    made = load(weights, GraphSettings(threads=2))
    yield made
    made.close()


def sure(found: list[Detection], score: float = 0.3) -> Boxes:
    return np.array(
        [
            [one["x_min"], one["y_min"], one["x_max"], one["y_max"]]
            for one in found
            if one["score"] >= score
        ]
    ).reshape(-1, 4)


def test_yolox_nano_finds_about_seven_people_a_frame(
    detector: Detector, frames: list[Image]
) -> None:
    found = detector.detect(frames)

    assert np.mean([len(sure(one)) for one in found]) == pytest.approx(7.0, abs=0.5)
    for one in found:
        assert one == sorted(one, key=lambda box: -box["score"])
        assert all(box["score"] >= detector.score_threshold for box in one)
        assert all(0 <= box["x_min"] < box["x_max"] <= 480 for box in one)
        assert all(0 <= box["y_min"] < box["y_max"] <= 360 for box in one)
        assert all(np.float32(box["x_min"]) == box["x_min"] for box in one)


def test_openvino_and_onnx_runtime_see_the_same_people(weights: Path, frames: list[Image]) -> None:
    exact = GraphSettings(threads=2, precision="f32")
    first = onnx.load(weights, exact).detect(frames)
    second = openvino.load(weights, exact).detect(frames)

    for one, other in zip(first, second, strict=True):
        assert len(one) == len(other)
        overlaps = iou(sure(one, 0), sure(other, 0))
        assert (overlaps.max(axis=1) > 0.99).all()
        for mine, theirs in zip(one, other, strict=True):
            assert mine["score"] == pytest.approx(theirs["score"], abs=1e-3)


def test_openvino_in_its_own_precision_sees_the_people_it_is_sure_of(
    weights: Path, frames: list[Image]
) -> None:
    exact = openvino.load(weights, GraphSettings(threads=2, precision="f32")).detect(frames)
    own = openvino.load(weights, GraphSettings(threads=2)).detect(frames)

    surest = [(sure(one, 0.5), sure(other, 0.4)) for one, other in zip(exact, own, strict=True)]
    found = [iou(one, other).max(axis=1, initial=0) > 0.8 for one, other in surest]

    assert np.concatenate(found).mean() > 0.98


def test_a_batch_gives_what_its_frames_give_alone(detector: Detector, frames: list[Image]) -> None:
    together = detector.detect(frames[:5])

    assert together == [detector.detect([frame])[0] for frame in frames[:5]]


def test_detections_agree_with_the_ground_truth_of_the_clip(
    recordings: Path, detector: Detector, frames: list[Image]
) -> None:
    """A letterbox, an offset or a colour order that is wrong by a little would show here."""
    ground_truth = read_clip_ground_truth(
        recordings / "mot" / "MOT15-train" / "PETS09-S2L1" / "gt" / "gt.txt", frames[0].shape[1]
    )
    picked = ground_truth.where((ground_truth.frames - 1) % EVERY == 0)
    numbered = detections_table(enumerate(detect_frames(detector, frames), 1))
    numbered.frames[:] = (numbered.frames - 1) * EVERY + 1

    scores = evaluate_detections(picked, numbered)

    assert scores.ap50 > 0.8
    assert scores.recall > 0.85
    assert scores.precision > 0.65


def test_hog_finds_some_of_the_people(recordings: Path, frames: list[Image]) -> None:
    ground_truth = read_clip_ground_truth(
        recordings / "mot" / "MOT15-train" / "PETS09-S2L1" / "gt" / "gt.txt", frames[0].shape[1]
    )
    picked = ground_truth.where((ground_truth.frames - 1) % EVERY == 0)
    numbered = detections_table(enumerate(detect_frames(HogDetector(threads=2), frames), 1))
    numbered.frames[:] = (numbered.frames - 1) * EVERY + 1

    scores = evaluate_detections(picked, numbered)

    assert scores.recall > 0.3
    assert scores.precision > 0.4
