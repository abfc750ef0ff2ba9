"""Any bytes in place of a JPEG give an image, or a dead letter with its reason."""

import hashlib

import numpy as np
import pytest
import simplejpeg
from hypothesis import strategies as st

from runtime.errors import DeadLetter
from tests.fuzz.fuzzing import fuzz, scales
from tests.fuzz.values import mangled
from workers.frames.pixels import decode_jpeg, verified_pixels

WIDTH, HEIGHT = 96, 64
REASONS = {"corrupt_jpeg", "size_mismatch", "too_large"}


def picture() -> bytes:
    noise = np.random.default_rng(5).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    data: bytes = simplejpeg.encode_jpeg(noise, quality=70, colorspace="BGR")
    return data


PICTURE = picture()


def with_size(width: int, height: int) -> bytes:
    """The picture with another size in its header, as in a decompression bomb."""
    index = PICTURE.index(b"\xff\xc0") + 5
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return PICTURE[:index] + size + PICTURE[index + 4 :]


@scales
def test_a_mangled_picture_is_an_image_or_a_dead_letter(scale: int) -> None:
    head = st.binary(max_size=40).map(lambda tail: PICTURE[:20] + tail)

    def check(data: bytes) -> None:
        reason = "corrupt_jpeg"
        try:
            image = decode_jpeg(data, WIDTH, HEIGHT)
            assert image.shape == (HEIGHT, WIDTH, 3)
        except DeadLetter as error:
            reason = error.reason
        assert reason in REASONS

    fuzz(
        check, st.one_of(mangled(PICTURE), head, st.binary(max_size=64)), examples=400, scale=scale
    )


@pytest.mark.parametrize("size", [(65_500, 65_500), (65_500, 1), (20_000, 20_000), (1, 1)])
def test_a_picture_that_announces_another_size_asks_for_no_memory(size: tuple[int, int]) -> None:
    bomb = with_size(*size)

    with pytest.raises(DeadLetter) as as_recorded:
        decode_jpeg(bomb, WIDTH, HEIGHT)
    with pytest.raises(DeadLetter) as as_announced:
        decode_jpeg(bomb, *size)

    assert as_recorded.value.reason == "size_mismatch"
    assert as_announced.value.reason in REASONS


def test_pixels_other_than_the_record_s_are_never_decoded() -> None:
    digest = hashlib.sha256(PICTURE).hexdigest()
    frame = {"data": PICTURE[:-1], "object_uri": None, "sha256": digest}

    def fetch(uri: str, sha256: str) -> bytes:
        raise AssertionError(uri + sha256)

    with pytest.raises(DeadLetter) as caught:
        verified_pixels(frame, fetch)  # type: ignore[arg-type]
    assert caught.value.reason == "sha256_mismatch"
