"""Percentiles of the time from capture to the board."""

import pytest

from workers.local.demo.latency_probe import LatencyProbe, LatencySummary
from workers.local.demo.sse_client import SseEvent


def test_percentiles_are_those_of_the_samples() -> None:
    summary = LatencySummary.of(range(0, 101_000, 1_000))

    assert summary == LatencySummary(101, 50.0, 95.0, 99.0, 100.0)


def test_no_samples_have_no_percentiles() -> None:
    with pytest.raises(ValueError, match="no event was measured"):
        LatencySummary.of([])


def test_a_camera_is_measured_from_its_capture_and_the_rest_from_their_event_time() -> None:
    probe = LatencyProbe("http://127.0.0.1:9/")
    probe.take(SseEvent("camera", "1-0", {"captured_us": 1_000, "as_of_us": 9_000}), 251_000)
    probe.take(SseEvent("floor", "1-1", {"as_of_us": 1_000}), 101_000)
    probe.take(SseEvent("clock", "", {"now_us": 1_000}), 1_000_000)

    assert {kind: summary.p50_ms for kind, summary in probe.summary().items()} == {
        "camera": 250.0,
        "floor": 100.0,
    }
