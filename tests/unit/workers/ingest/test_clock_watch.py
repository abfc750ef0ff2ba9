"""A clock that runs ahead is reported once, with the camera's name."""

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from workers.ingest.clock_watch import ClockWatch

NOW_US = 1_780_000_000_000_000
S_US = 1_000_000


def sample(name: str, camera_id: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"camera_id": camera_id})


def test_records_are_refused_only_while_they_are_too_far_ahead() -> None:
    watch = ClockWatch("bed-1", 5.0)

    with capture_logs() as logged:
        ahead = [0, 5 * S_US, 5 * S_US + 1, 60 * S_US, S_US, 9 * S_US]
        refused = [watch.refuses(NOW_US + each, NOW_US) for each in ahead]

    assert refused == [False, False, True, True, False, True]
    assert [entry["camera_id"] for entry in logged] == ["bed-1"] * 2, "when it begins, each time"
    assert "camera bed-1" in logged[0]["error"]


def test_a_cameras_own_clock_is_measured_and_reported_when_it_is_ahead() -> None:
    watch = ClockWatch("bed-2", 5.0)

    with capture_logs() as logged:
        for ahead_us in (None, -3 * S_US, 8 * S_US, 9 * S_US):
            watch.note_source(None if ahead_us is None else NOW_US + ahead_us, NOW_US)

    assert sample("wardstream_ingest_source_clock_offset_seconds", "bed-2") == 9
    assert sample("wardstream_ingest_source_clock_ahead_frames_total", "bed-2") == 2
    (reported,) = logged
    assert reported["error"].startswith("camera bed-2: its own clock is 8.0 s ahead")
