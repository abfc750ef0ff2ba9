"""The adapter to ultralytics on torch itself, on the CPU: run by `make test-gpu-path`.

`make test-gpu-path RECORD=1` writes what `make test` holds the adapter to.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.detectors.detector import DetectorUnavailable
from models.detectors.graph import GraphSettings, sha256_of
from models.detectors.score_map import ScoreMap
from models.detectors.yolo import YoloDetector
from tests.support.paths import ROOT
from tests.support.random_yolo import pictures, random_yolo

pytestmark = pytest.mark.gpu_path

RECORDED = ROOT / "tests/unit/models/detectors/recorded/ultralytics.json"
MAP = ScoreMap.of([(0, 0), (0.5, 0.7), (1, 1)])
SCORE_THRESHOLD = 0.6


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_yolo(tmp_path_factory.mktemp("weights") / "random11n.pt")


def settings_for(weights: Path) -> GraphSettings:
    return GraphSettings(
        threads=1,
        score_threshold=SCORE_THRESHOLD,
        score_map=MAP,
        trusted_sha256=frozenset({sha256_of(weights)}),
    )


def numbers(found: Sequence[Sequence[Any]]) -> list[list[list[float]]]:
    names = ("x_min", "y_min", "x_max", "y_max", "score", "raw_score")
    return [[[box[name] for name in names] for box in boxes] for boxes in found]


def test_random_weights_give_the_recorded_boxes(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = YoloDetector(weights, settings_for(weights))
    calls: list[dict[str, Any]] = []
    results: list[Any] = []
    predict = detector._model.predict

    def watched(images: Sequence[Any], **options: Any) -> Any:
        calls.append(options)
        results.extend(predict(images, **options))
        return results

    monkeypatch.setattr(detector._model, "predict", watched)
    found = detector.detect(pictures())
    made: dict[str, Any] = {
        "runtime": detector.runtime,
        "options": calls[0],
        "boxes": [result.boxes.xyxy.cpu().numpy().round(4).tolist() for result in results],
        "scores": [result.boxes.conf.cpu().numpy().round(6).tolist() for result in results],
    }
    if os.environ.get("RECORD"):
        RECORDED.write_text(json.dumps(made) + "\n")
    recorded = json.loads(RECORDED.read_text())

    assert [len(boxes) for boxes in found] == [len(boxes) for boxes in recorded["boxes"]]
    assert sum(map(len, found)) >= 4
    assert made["options"] == recorded["options"]
    for ours, theirs in zip(made["boxes"], recorded["boxes"], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=0.05)
    for scores, theirs in zip(made["scores"], recorded["scores"], strict=True):
        np.testing.assert_allclose(scores, theirs, atol=1e-3)
    for boxes in numbers(found):
        assert all(box[4] == pytest.approx(MAP.apply(np.array([box[5]]))[0]) for box in boxes)
        assert all(box[4] >= SCORE_THRESHOLD - 1e-6 for box in boxes)


def test_a_file_that_is_not_listed_is_not_loaded(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch, "load", lambda *_args, **_options: pytest.fail("it was loaded"))

    with pytest.raises(DetectorUnavailable, match=r"its SHA-256 .* is not listed in"):
        YoloDetector(weights, GraphSettings(threads=1))


def test_a_listed_file_that_torch_cannot_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.pt"
    path.write_bytes(b"PK\3\4 cut off")

    with pytest.raises(DetectorUnavailable, match=r"ultralytics cannot read .*cut\.pt"):
        YoloDetector(path, settings_for(path))
