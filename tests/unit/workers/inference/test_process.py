"""How `wardstream infer` turns settings and options into a worker."""

import pytest
import structlog
from prometheus_client import REGISTRY
from structlog.testing import CapturingLogger

from models.detectors.hog import NMS_IOU, HogDetector
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import InferenceSettings, Settings
from workers.inference import process
from workers.inference.process import batch_policy, detector_of, introduce, with_options


def test_an_option_overrides_the_setting_and_leaves_the_others() -> None:
    settings = Settings(inference=InferenceSettings(backend="onnx", threads=3))
    changed = with_options(settings, {"backend": "hog"}).inference
    assert (changed.backend, changed.threads) == ("hog", 3)
    assert settings.inference.backend == "onnx"


def test_live_mode_looks_further_into_the_queue_than_record_mode() -> None:
    live = batch_policy(InferenceSettings(mode="live", batch_size=8))
    record = batch_policy(InferenceSettings(mode="record", batch_size=8))
    assert live.newest_wins
    assert not record.newest_wins
    assert live.most_queued > record.most_queued >= 2 * record.size
    assert live.wait_s == pytest.approx(InferenceSettings().batch_wait_ms / 1e3)


def test_overlap_is_the_models_own_unless_somebody_set_it() -> None:
    assert detector_of(InferenceSettings(backend="hog")).nms_iou == NMS_IOU
    assert detector_of(InferenceSettings(backend="hog", nms_iou=0.5)).nms_iou == 0.5


def test_a_detector_of_last_resort_is_named_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged = CapturingLogger()
    # A test before this one may have bound the module's logger to an output of its own.
    monkeypatch.setattr(process, "log", structlog.wrap_logger(logged, processors=[]))
    service = Service(Settings(), Health("inference"))
    detector = HogDetector(fallback_reason="No model weights were found")
    introduce(detector, service)
    labels = {
        "name": detector.name,
        "version": detector.version,
        "runtime": detector.runtime,
        "fallback": "No model weights were found",
    }
    assert REGISTRY.get_sample_value("wardstream_detector_info", labels) == 1
    assert service.health.detail["fallback"] == "No model weights were found"
    [warning] = [call for call in logged.calls if call.method_name == "warning"]
    assert warning.kwargs["event"] == "inference.FALLBACK_DETECTOR"
    assert warning.kwargs["reason"] == "No model weights were found"
