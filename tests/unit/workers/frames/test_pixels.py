"""From a frame record to its image."""

import hashlib
from typing import Any

import cv2
import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray

from runtime.errors import DeadLetter, Retry
from schemas.records.frames import Frame
from workers.frames import pixels
from workers.frames.pixels import read_pixels

WIDTH, HEIGHT = 96, 64


def picture() -> NDArray[np.uint8]:
    coarse = np.random.default_rng(3).integers(0, 255, (8, 12, 3), dtype=np.uint8)
    return cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def jpeg() -> bytes:
    data: bytes = simplejpeg.encode_jpeg(picture(), quality=95, colorspace="BGR")
    return data


def frame(data: bytes | None, **given: Any) -> Frame:
    record: dict[str, Any] = {
        "kind": "FRAME",
        "encoding": "JPEG",
        "data": data,
        "object_uri": None,
        "sha256": hashlib.sha256(data or b"").hexdigest(),
        "width": WIDTH,
        "height": HEIGHT,
    }
    return {**record, **given}  # type: ignore[typeddict-item]


def nothing_there(uri: str, _sha256: str) -> bytes:
    raise DeadLetter("missing_object", f"{uri} does not exist", field="object_uri")


def reason_of(record: Frame) -> str:
    with pytest.raises(DeadLetter) as refusal:
        read_pixels(record, nothing_there)
    return refusal.value.reason


def test_a_frame_is_decoded_to_blue_green_red() -> None:
    image = read_pixels(frame(jpeg()), nothing_there)
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - picture()).mean() < 8


def test_a_grey_jpeg_gives_three_channels() -> None:
    grey: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(picture()[:, :, :1]), colorspace="GRAY"
    )
    image = read_pixels(frame(grey), nothing_there)
    assert image.shape == (HEIGHT, WIDTH, 3)


def test_a_claim_check_is_fetched_by_uri_and_digest() -> None:
    data = jpeg()
    record = frame(None, object_uri="file:///raw/x.jpg", sha256=hashlib.sha256(data).hexdigest())
    store = {("file:///raw/x.jpg", record["sha256"]): data}
    image = read_pixels(record, lambda uri, sha256: store[uri, sha256])
    assert image.shape == (HEIGHT, WIDTH, 3)


def test_a_store_out_of_reach_is_no_fault_of_the_frame() -> None:
    def away(_uri: str, _sha256: str) -> bytes:
        raise Retry("store is out of reach")

    with pytest.raises(Retry, match="out of reach"):
        read_pixels(frame(None, object_uri="s3://b/x"), away)


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.999])
def test_a_jpeg_that_is_cut_off_is_corrupt_however_little_is_missing(kept: float) -> None:
    whole = jpeg()
    assert reason_of(frame(whole[: int(len(whole) * kept)])) == "corrupt_jpeg"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(frame(b"not a jpeg"), "corrupt_jpeg", id="text"),
        pytest.param(frame(jpeg(), sha256="0" * 64), "sha256_mismatch", id="other-bytes"),
        pytest.param(frame(jpeg(), sha256=""), "sha256_mismatch", id="no-digest"),
        pytest.param(frame(jpeg(), width=WIDTH + 1), "size_mismatch", id="other-width"),
        pytest.param(frame(jpeg(), height=0), "size_mismatch", id="no-height"),
        pytest.param(frame(None), "no_pixels", id="neither-inline-nor-claim"),
        pytest.param(frame(None, object_uri="s3://b/x"), "missing_object", id="claim-on-nothing"),
        pytest.param(frame(jpeg(), kind="UNKNOWN"), "unknown_kind", id="kind-of-the-future"),
        pytest.param(frame(jpeg(), encoding="UNKNOWN"), "unknown_encoding", id="encoding"),
    ],
)
def test_what_cannot_be_an_image_is_refused_with_its_reason(record: Frame, expected: str) -> None:
    assert reason_of(record) == expected


def test_a_frame_over_the_limit_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pixels, "MOST_PIXELS", WIDTH * HEIGHT - 1)
    assert reason_of(frame(jpeg())) == "too_large"
