"""A record that cannot be processed becomes a dead letter with its reason; the rest continues."""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from models.detectors.boxes import Image
from models.detectors.detector import ModelFailed
from models.detectors.hog import HogDetector
from runtime.errors import EXIT_REPLAY, EXIT_STOP, Stop
from runtime.process.sections import DeadLetterSettings
from schemas.records.frames import Detection, Frame
from schemas.topics import CAMERAS, DEAD_LETTERS, FRAMES
from tests.support.clusters import cluster_of
from tests.support.inference_ward import InferenceThread, Ward, frame, inferring, jpeg
from workers.inference import process

HEADERS = {
    "reason",
    "field",
    "error",
    "stage",
    "topic",
    "partition",
    "offset",
    "schema_id",
    "at_us",
}


def foreign_record(ward: Ward) -> bytes:
    """A well-formed record with another topic's schema."""
    stamp = {"valid_from_us": 0, "recorded_at_us": 0, "removed": False, "recorded_by": ""}
    fields = {"floor_id": "", "name": "", "width": 0, "height": 0}
    rest = {"camera_id": "bed-1", "version": 1, "privacy_masks": [], "homography": None}
    return ward.registry.writer(CAMERAS).encode(stamp | fields | rest)


def test_a_malformed_record_is_a_dead_letter_and_nothing_more(ward: Ward) -> None:
    whole = ward.encode(frame("bed-1", 0))
    malformed: dict[str, list[bytes | None]] = {
        "no_value": [None],
        "not_wire_format": [b"", b"garbage", b"\x01" + whole[1:]],
        "not_avro": [whole[: len(whole) // 2], whole + b"trailing"],
        "unknown_schema": [
            whole[:1] + struct.pack(">I", 999_999) + whole[5:],
            foreign_record(ward),
        ],
    }
    expected = []
    ward.send(frame("bed-1", 0))
    for reason, values in malformed.items():
        for value in values:
            ward.put("bed-1", value)
            expected.append((reason, value))
    ward.send(frame("bed-1", 1), frame("door", 0))
    with inferring(ward):
        ward.await_read()

    assert [one["frame_seq"] for one in ward.outcomes()["bed-1"]] == [0, 1]
    assert [one["frame_seq"] for one in ward.outcomes()["door"]] == [0]
    dead_letters = ward.dead_letters()
    assert [(one.headers["reason"], one.value) for one in dead_letters] == expected
    positions = {(one.headers["topic"], one.headers["offset"]) for one in dead_letters}
    assert positions == {
        (cluster_of(ward.settings).name(FRAMES), str(offset)) for offset in range(1, 9)
    }
    for dead_letter in dead_letters:
        assert set(dead_letter.headers) == HEADERS
        assert dead_letter.headers["stage"] == "inference"
        assert dead_letter.headers["error"]


def test_bad_pixels_are_a_failed_outcome_and_a_dead_letter(ward: Ward, tmp_path: Path) -> None:
    picture = jpeg(1)
    later = f"file://{tmp_path}/objects/raw/gone.jpg"
    outside = f"file://{tmp_path}/elsewhere.jpg"
    (tmp_path / "elsewhere.jpg").write_bytes(picture)
    bad: dict[str, list[Frame]] = {
        "corrupt_jpeg": [frame("bed-1", 1, picture[:-40]), frame("bed-1", 2, b"no picture")],
        "sha256_mismatch": [frame("bed-1", 3, sha256="0" * 64)],
        "size_mismatch": [frame("bed-1", 4, width=640)],
        "no_pixels": [{**frame("bed-1", 5), "data": None}],
        "missing_object": [{**frame("bed-1", 6), "data": None, "object_uri": later}],
        "foreign_object": [{**frame("bed-1", 7), "data": None, "object_uri": outside}],
        "unknown_kind": [frame("bed-1", 8, kind="UNKNOWN")],
    }
    ward.send(frame("bed-1", 0))
    ward.send(*[one for frames in bad.values() for one in frames])
    ward.send(frame("bed-1", 9))
    with inferring(ward):
        ward.await_read()

    reasons = [reason for reason, frames in bad.items() for _ in frames]
    outcomes = ward.outcomes()["bed-1"]
    assert [one["frame_seq"] for one in outcomes] == list(range(10))
    assert [one["reason"] for one in outcomes] == ["", *reasons, ""]
    assert [one["outcome"] for one in outcomes] == ["DETECTED", *["FAILED"] * 8, "DETECTED"]
    assert all(one["detections"] == [] and one["model"] is None for one in outcomes[1:-1])
    dead_letters = ward.dead_letters()
    assert [one.headers["reason"] for one in dead_letters] == reasons
    assert dead_letters[0].value == ward.encode(frame("bed-1", 1, picture[:-40]))


def test_a_frame_of_an_unregistered_camera_is_a_dead_letter(ward: Ward) -> None:
    ward.send(frame("stray", 0), frame("bed-1", 0), frame("stray", 1), frame("bed-1", 1))
    with inferring(ward):
        ward.await_read()

    assert set(ward.outcomes()) == {"bed-1"}
    dead_letters = ward.dead_letters()
    assert [one.headers["reason"] for one in dead_letters] == ["unknown_camera"] * 2
    assert {one.headers["field"] for one in dead_letters} == {"camera_id"}
    assert "'stray'" in dead_letters[0].headers["error"]


def test_five_megabytes_of_garbage_are_kept_whole_beside_the_log(ward: Ward) -> None:
    """They compress, so the frames topic takes them; the dead-letter topic might not."""
    garbage = b"garbage " * 655_360
    ward.send(frame("bed-1", 0))
    ward.put("bed-1", garbage)
    ward.send(frame("bed-1", 1))
    with inferring(ward):
        ward.await_read()

    assert [one["frame_seq"] for one in ward.outcomes()["bed-1"]] == [0, 1]
    [dead_letter] = ward.dead_letters()
    assert dead_letter.headers["reason"] == "not_wire_format"
    assert dead_letter.value is None
    assert Path(dead_letter.headers["object_uri"].removeprefix("file://")).read_bytes() == garbage


class Breaking(HogDetector):
    """HOG that fails on dark pictures."""

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        if any(one.mean() < 16 for one in images):
            raise ModelFailed("too dark")
        return super().detect(images)


def dark() -> bytes:
    import simplejpeg

    data: bytes = simplejpeg.encode_jpeg(np.zeros((128, 64, 3), np.uint8), colorspace="BGR")
    return data


def breaking_detector(*_given: object, **_options: object) -> HogDetector:
    return Breaking()


def test_a_frame_on_which_the_model_fails_does_not_cost_its_batch(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "make_detector", breaking_detector)
    sent = [frame("bed-1", seq, dark() if seq == 3 else None) for seq in range(8)]
    ward.send(*sent)
    with inferring(ward, batch_size=8):
        ward.await_read()

    outcomes = ward.outcomes()["bed-1"]
    assert [one["frame_seq"] for one in outcomes] == list(range(8))
    assert [one["reason"] for one in outcomes] == ["", "", "", "model_failed", "", "", "", ""]
    assert [one.headers["reason"] for one in ward.dead_letters()] == ["model_failed"]


def test_a_detector_that_fails_on_everything_ends_the_process_after_its_failures(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart may repair it, and must not get the same frames again if they were the cause."""
    monkeypatch.setattr(process, "make_detector", breaking_detector)
    ward.send(*[frame("bed-1", seq, dark()) for seq in range(30)])
    options = {"backend": "hog", "mode": "record", "batch_size": 4}
    worker = InferenceThread(ward.with_inference(**options))
    ward.await_that(lambda: not worker.running, "the process ended by itself", 60)

    error = worker.end()

    assert isinstance(error, Stop)
    assert error.exit_code == EXIT_REPLAY
    outcomes = ward.outcomes()["bed-1"]
    assert 10 <= len(outcomes) < 30
    assert {one["reason"] for one in outcomes} == {"model_failed"}
    assert max(ward.committed().values()) == len(outcomes)
    assert ward.count(DEAD_LETTERS) == len(outcomes)


def test_a_topic_of_malformed_records_is_left_where_it_is(ward: Ward) -> None:
    """Too many dead letters: the process ends for good, and the rest stays unread."""
    for _ in range(500):
        ward.put("bed-1", b"poison")
    ward.send()
    few = DeadLetterSettings(max_ratio=0.5, window_records=40)
    settings = ward.with_inference(backend="hog", mode="record", batch_size=4)
    worker = InferenceThread(settings.model_copy(update={"dead_letters": few}))
    ward.await_that(lambda: not worker.running, "the process ended by itself", 60)

    error = worker.end()

    assert isinstance(error, Stop)
    assert error.exit_code == EXIT_STOP
    assert "21 of the last 21 records are dead letters" in str(error)
    assert ward.count(DEAD_LETTERS) == 21
    assert sum(ward.committed().values()) <= 20
