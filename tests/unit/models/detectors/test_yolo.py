"""The adapter to ultralytics, held to what torch and ultralytics gave when they were asked.

Both are replaced by a replay of `recorded/ultralytics.json`, which `make test-gpu-path RECORD=1`
writes: torch is no part of this environment.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.detectors import yolo
from models.detectors.boxes import clip
from models.detectors.detector import DetectorUnavailable, ModelFailed
from models.detectors.factory import make_detector
from models.detectors.graph import GraphSettings
from models.detectors.score_map import ScoreMap
from models.detectors.yolo import YoloDetector
from tests.support.random_yolo import pictures

RECORDED: Any = json.loads((Path(__file__).parent / "recorded" / "ultralytics.json").read_text())
MAP = ScoreMap.of([(0, 0), (0.5, 0.7), (1, 1)])
SCORE_THRESHOLD = 0.6

WEIGHTS = b"random weights"
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


class Tensor:
    """An array with the two steps that bring a tensor to numpy."""

    def __init__(self, values: Any, columns: int) -> None:
        self._values = np.array(values, dtype=np.float32).reshape(-1, columns)

    def cpu(self) -> "Tensor":
        return self

    def numpy(self) -> Any:
        return self._values if self._values.shape[1] > 1 else self._values[:, 0]


class Replay:
    """What was recorded, in the place of `ultralytics.YOLO`.

    Attributes:
        loaded: Name and content of each file that was loaded.
        options: Options of each prediction.
        fails: Whether to fail.
    """

    def __init__(self) -> None:
        self.loaded: list[tuple[str, bytes]] = []
        self.options: list[dict[str, Any]] = []
        self.fails = False

    def load(self, path: str, task: str) -> "Replay":
        assert task == "detect"
        self.loaded.append((Path(path).name, Path(path).read_bytes()))
        return self

    def predict(self, images: Sequence[Any], **options: Any) -> list[Any]:
        if self.fails:
            raise RuntimeError("CUDA out of memory")
        assert [image.shape for image in images] == [image.shape for image in pictures()]
        self.options.append(options)
        return [
            SimpleNamespace(boxes=SimpleNamespace(xyxy=Tensor(boxes, 4), conf=Tensor(scores, 1)))
            for boxes, scores in zip(RECORDED["boxes"], RECORDED["scores"], strict=True)
        ]


@pytest.fixture
def replay(monkeypatch: pytest.MonkeyPatch) -> Replay:
    replay = Replay()
    torch, ultralytics = ModuleType("torch"), ModuleType("ultralytics")
    torch.__dict__.update(
        __version__="1.13.0",
        cuda=SimpleNamespace(is_available=lambda: False),
        set_num_threads=lambda _: None,
    )
    events = ModuleType("ultralytics.utils.events")
    events.__dict__["events"] = SimpleNamespace(enabled=True)
    ultralytics.__dict__.update(__version__="8.4.190", YOLO=replay.load)
    for name, module in {
        "torch": torch,
        "ultralytics": ultralytics,
        "ultralytics.utils": ModuleType("ultralytics.utils"),
        "ultralytics.utils.events": events,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    return replay


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "random11n.pt"
    path.write_bytes(WEIGHTS)
    return path


def settings_of(*trusted: str) -> GraphSettings:
    return GraphSettings(
        threads=1,
        score_threshold=SCORE_THRESHOLD,
        score_map=MAP,
        trusted_sha256=frozenset(trusted),
    )


def test_the_recorded_boxes_come_out_as_detections(replay: Replay, weights: Path) -> None:
    detector = YoloDetector(weights, settings_of(SHA256))

    found = detector.detect(pictures())

    assert replay.options == [RECORDED["options"]]
    assert detector.runtime.split()[::2] == RECORDED["runtime"].split()[::2]
    for boxes, image, raw_boxes, raw in zip(
        found, pictures(), RECORDED["boxes"], RECORDED["scores"], strict=True
    ):
        assert sorted(box["raw_score"] for box in boxes) == pytest.approx(sorted(raw), abs=1e-6)
        expected = clip(np.array(raw_boxes).reshape(-1, 4), image.shape[1], image.shape[0])
        edges = [[box["x_min"], box["y_min"], box["x_max"], box["y_max"]] for box in boxes]
        assert sorted(edges) == [pytest.approx(row, abs=1e-3) for row in sorted(expected.tolist())]
        for box in boxes:
            assert box["score"] == pytest.approx(float(MAP.apply(np.array(box["raw_score"]))))
    assert detector.describe()["score_map_sha256"] == MAP.sha256


def test_only_a_listed_file_is_loaded(replay: Replay, weights: Path) -> None:
    with pytest.raises(DetectorUnavailable) as refused:
        YoloDetector(weights, settings_of("0" * 64))

    assert replay.loaded == []
    assert SHA256 in str(refused.value)
    assert "WARDSTREAM_INFERENCE__TRUSTED_PT_SHA256" in str(refused.value)


def test_a_file_that_was_changed_is_not_loaded(replay: Replay, weights: Path) -> None:
    weights.write_bytes(WEIGHTS + b"!")

    with pytest.raises(DetectorUnavailable, match="can run any program"):
        YoloDetector(weights, settings_of(SHA256))
    assert replay.loaded == []


@pytest.fixture
def fetched(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that ultralytics was asked to fetch; it writes each."""
    names: list[str] = []

    def fetch(path: str) -> None:
        names.append(Path(path).name)
        Path(path).write_bytes(WEIGHTS)

    downloads = ModuleType("ultralytics.utils.downloads")
    downloads.__dict__["attempt_download_asset"] = fetch
    monkeypatch.setitem(sys.modules, "ultralytics.utils.downloads", downloads)
    return names


def test_nothing_is_fetched_while_no_file_is_trusted(fetched: list[str], tmp_path: Path) -> None:
    with pytest.raises(
        DetectorUnavailable, match=r"yolo11n\.pt is not there, and it is not fetched"
    ):
        make_detector("yolo", models_folder=tmp_path)

    assert fetched == []


def test_on_a_gpu_auto_fetches_nothing_either_and_says_why(
    fetched: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["torch"], "cuda", SimpleNamespace(is_available=lambda: True))
    monkeypatch.setenv("WARDSTREAM_CACHE", str(tmp_path / "cache"))

    detector = make_detector("auto", models_folder=tmp_path)

    assert fetched == []
    assert detector.fallback_reason.startswith("The GPU is not used: ")
    assert f"{yolo.TRUSTED_VARIABLE} is empty" in detector.fallback_reason


def test_a_missing_file_is_fetched_when_one_is_trusted(fetched: list[str], tmp_path: Path) -> None:
    detector = make_detector("yolo", models_folder=tmp_path, trusted_sha256=frozenset({SHA256}))

    assert fetched == ["yolo11n.pt"]
    assert detector.name == "yolo11n"


def test_the_list_reaches_the_detector_through_the_factory(replay: Replay, weights: Path) -> None:
    detector = make_detector("auto", str(weights), trusted_sha256=frozenset({SHA256}))

    assert detector.name == "random11n"
    assert replay.loaded == [(f"{SHA256}.pt", WEIGHTS)]
    assert yolo.TRUSTED_VARIABLE == "WARDSTREAM_INFERENCE__TRUSTED_PT_SHA256"


@pytest.mark.parametrize("name", ["yolov5n.pt", "ward's.pt"])
def test_what_is_loaded_are_the_bytes_that_were_checked_whatever_the_name(
    replay: Replay, tmp_path: Path, name: str
) -> None:
    """Ultralytics takes these names for other files, which it would fetch."""
    (tmp_path / name).write_bytes(WEIGHTS)

    YoloDetector(tmp_path / name, settings_of(SHA256))

    assert replay.loaded == [(f"{SHA256}.pt", WEIGHTS)]


def test_a_failure_of_the_model_is_that_of_the_batch(replay: Replay, weights: Path) -> None:
    detector = YoloDetector(weights, settings_of(SHA256))
    replay.fails = True

    with pytest.raises(ModelFailed, match="failed on 2 images: CUDA out of memory"):
        detector.detect(pictures())
