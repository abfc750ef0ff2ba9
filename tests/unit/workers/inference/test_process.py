"""How `wardstream infer` turns settings and options into a worker."""

import pytest
import structlog
from prometheus_client import REGISTRY
from structlog.testing import CapturingLogger

from models.detectors.hog import NMS_IOU, HogDetector
from runtime.process.health import Health
from runtime.process.sections import InferenceSettings
from runtime.process.service import Service
from runtime.process.settings import Settings
from workers.inference import process
from workers.inference.process import batch_policy, detector_of, introduce


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


def test_scores_without_a_card_are_reported_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged = CapturingLogger()
    monkeypatch.setattr(process, "log", structlog.wrap_logger(logged, processors=[]))
    detector = HogDetector()
    introduce(detector, Service(Settings(), Health("inference")))
    assert [call for call in logged.calls if call.method_name == "warning"] == []

    detector.scores_known = False
    introduce(detector, Service(Settings(), Health("inference")))

    [warning] = [call for call in logged.calls if call.method_name == "warning"]
    assert warning.kwargs["event"] == "inference.score_map_unknown"
    assert "wardstream score-map" in warning.kwargs["reason"]


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
