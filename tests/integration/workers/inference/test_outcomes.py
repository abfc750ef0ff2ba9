"""Every frame has exactly one outcome, in order, on the partition of its camera's floor."""

from collections import Counter
from pathlib import Path

import cv2
import simplejpeg
from prometheus_client import REGISTRY

from models.detectors.factory import Backend, make_detector
from runtime.storage.objects import ObjectStore, object_path
from schemas.records.frames import Frame
from tests.support.inference_ward import START_US, Ward, frame, heartbeat, inferring


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def rounds(cameras: tuple[str, ...], count: int) -> list[Frame]:
    """`count` frames of each camera in order of arrival: one of each camera in turn."""
    return [frame(camera_id, seq) for seq in range(count) for camera_id in cameras]


def test_every_frame_has_one_outcome_in_order_and_says_where_it_came_from(ward: Ward) -> None:
    sent = rounds(("bed-1", "bed-2", "door"), 12)
    ward.send(*sent)
    with inferring(ward):
        ward.await_read()

    found = ward.outcomes()

    assert set(found) == {"bed-1", "bed-2", "door"}
    for camera_id, outcomes in found.items():
        mine = [one for one in sent if one["camera_id"] == camera_id]
        assert [one["frame_seq"] for one in outcomes] == [one["seq"] for one in mine]
        assert [one["captured_us"] for one in outcomes] == [one["captured_us"] for one in mine]
        assert [one["frame_offset"] for one in outcomes] == sorted(
            {one["frame_offset"] for one in outcomes}
        )
        for record, outcome in zip(mine, outcomes, strict=True):
            assert outcome["outcome"] == "DETECTED"
            assert outcome["reason"] == ""
            assert outcome["frame_sha256"] == record["sha256"]
            assert outcome["received_us"] == record["received_us"]
            assert outcome["source_clock_us"] == record["source_clock_us"] is not None
            assert (outcome["width"], outcome["height"]) == (record["width"], record["height"])
            assert outcome["camera_version"] == record["camera_version"]
            assert outcome["preprocessing_version"] == record["preprocessing_version"]
            assert outcome["inferred_us"] > START_US
            assert outcome["model"] is not None
            assert outcome["model"]["name"] == "opencv-hog"
    assert ward.dead_letters() == []


def test_a_batch_holds_frames_of_several_cameras(ward: Ward) -> None:
    frames_before = metric("wardstream_inference_batch_frames_sum")
    batches_before = metric("wardstream_inference_batch_frames_count")
    ward.send(*rounds(("bed-1", "bed-2", "door"), 8))
    with inferring(ward, batch_size=6, batch_wait_ms=500.0):
        ward.await_read()

    frames = metric("wardstream_inference_batch_frames_sum") - frames_before
    batches = metric("wardstream_inference_batch_frames_count") - batches_before

    assert frames == 24
    assert batches <= 8, "no camera has more than 8 frames, and a batch holds 6 of any"


def test_heartbeats_pass_through_in_order(ward: Ward) -> None:
    ward.send(
        frame("bed-1", 0),
        heartbeat("bed-1", 1),
        heartbeat("bed-1", 2),
        frame("bed-1", 3),
        heartbeat("door", 0),
    )
    with inferring(ward):
        ward.await_read()

    found = ward.outcomes()

    kinds = [(one["frame_seq"], one["outcome"]) for one in found["bed-1"]]
    assert kinds == [(0, "DETECTED"), (1, "HEARTBEAT"), (2, "HEARTBEAT"), (3, "DETECTED")]
    assert [one["captured_us"] for one in found["door"]] == [START_US]
    assert found["door"][0]["model"] is None


def test_a_claim_check_is_inferred_like_an_inline_frame(ward: Ward) -> None:
    store = ObjectStore(ward.settings.ingest.object_store_url)
    claimed = frame("bed-1", 0)
    pixels = claimed["data"]
    assert pixels is not None
    path = object_path("raw", "bed-1", claimed["captured_us"], claimed["sha256"], ".jpg")
    claimed["object_uri"], claimed["data"] = store.put(path, pixels), None
    ward.send(claimed, frame("bed-1", 1))
    with inferring(ward):
        ward.await_read()

    assert [one["outcome"] for one in ward.outcomes()["bed-1"]] == ["DETECTED", "DETECTED"]


def test_a_camera_registered_while_inference_runs_is_known_at_once(ward: Ward) -> None:
    with inferring(ward):
        ward.send(frame("bed-1", 0))
        ward.await_outcomes(1)
        ward.register("new-camera")
        ward.send(frame("new-camera", 0))
        ward.await_read()

    assert [one["outcome"] for one in ward.outcomes()["new-camera"]] == ["DETECTED"]
    assert ward.dead_letters() == []


def test_live_mode_skips_older_frames_and_accounts_for_each(ward: Ward) -> None:
    sent = rounds(("bed-1", "bed-2", "door"), 60)
    ward.send(*sent)
    with inferring(ward, mode="live", batch_size=2):
        ward.await_read()

    found = ward.outcomes()

    counts: Counter[str] = Counter()
    for outcomes in found.values():
        assert [one["frame_seq"] for one in outcomes] == list(range(60))
        assert outcomes[-1]["outcome"] == "DETECTED", "the newest frame is never skipped"
        for one in outcomes:
            counts[one["outcome"]] += 1
            assert one["reason"] == ("newer_frame" if one["outcome"] == "SKIPPED" else "")
            assert (one["model"] is None) == (one["outcome"] == "SKIPPED")
    assert counts["SKIPPED"] + counts["DETECTED"] == len(sent)
    assert counts["SKIPPED"] > counts["DETECTED"], "the backlog was skipped, not inferred"


def test_record_mode_skips_nothing_however_late_it_is(ward: Ward) -> None:
    ward.send(*rounds(("bed-1",), 100))
    with inferring(ward, batch_size=2):
        ward.await_read()

    assert {one["outcome"] for one in ward.outcomes()["bed-1"]} == {"DETECTED"}


def test_a_restarted_worker_resumes_where_the_last_one_stopped(ward: Ward) -> None:
    ward.send(*rounds(("bed-1", "door"), 5))
    with inferring(ward):
        ward.await_outcomes(10)
    ward.send(*[frame(camera_id, seq) for seq in range(5, 9) for camera_id in ("bed-1", "door")])
    with inferring(ward):
        ward.await_read()

    for outcomes in ward.outcomes().values():
        assert [one["frame_seq"] for one in outcomes] == list(range(9))


def test_boxes_are_those_of_the_detector_itself(ward: Ward, data_dir: Path | None) -> None:
    """The same boxes bit for bit: with the network where it has weights, with HOG elsewhere."""
    clip = None if data_dir is None else data_dir / "video" / "vtest" / "vtest.avi"
    backend: Backend
    if clip is None or not clip.exists():
        backend, sent = "hog", [frame("bed-1", seq) for seq in range(4)]
    else:
        backend, sent = "onnx", clip_frames(clip, 20)
    settings = ward.settings.inference
    bare = make_detector(
        backend,
        threads=1,
        score_threshold=settings.score_threshold,
        models_folder=settings.models_folder,
    )
    images = [simplejpeg.decode_jpeg(one["data"], colorspace="BGR") for one in sent]
    expected = [bare.detect([image])[0] for image in images]
    ward.send(*sent)
    with inferring(ward, backend=backend):
        ward.await_read()

    found = [one["detections"] for one in ward.outcomes()["bed-1"]]

    assert found == expected
    assert backend == "hog" or all(found), "there are people in every frame of the clip"


def clip_frames(clip: Path, count: int) -> list[Frame]:
    capture = cv2.VideoCapture(str(clip))
    frames = []
    for seq in range(count):
        good, picture = capture.read()
        assert good
        height, width = picture.shape[:2]
        data: bytes = simplejpeg.encode_jpeg(picture, quality=85, colorspace="BGR")
        frames.append(frame("bed-1", seq, data, width=width, height=height))
    capture.release()
    return frames
