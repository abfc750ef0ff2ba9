"""A frame is cropped, scaled down, masked, measured and encoded before it is sent."""

import numpy as np
import pytest
import simplejpeg

from tests.support.clips import picture
from workers.ingest.feed import WHOLE, Region, captured_size
from workers.ingest.preprocess import (
    PrivacyMask,
    Recipe,
    cut_and_shrink,
    encode_jpeg,
    luma_statistics,
)

RECTANGLE = [{"x": x, "y": y} for x, y in [(10.0, 20.0), (50.0, 20.0), (50.0, 60.0), (10.0, 60.0)]]


@pytest.mark.parametrize("width", [128, 127, 481])
def test_the_two_halves_of_a_picture_are_the_picture(width: int) -> None:
    image = np.random.default_rng(3).integers(0, 255, (96, width, 3), dtype=np.uint8)

    left = cut_and_shrink(image, Region.parse("0,0,0.5,1"), 1280)
    right = cut_and_shrink(image, Region.parse("0.5,0,0.5,1"), 1280)

    assert np.array_equal(np.hstack([left, right]), image)


def test_a_wide_picture_is_shrunk_in_proportion_to_the_size_that_is_announced() -> None:
    image = picture(5, 1920, 1080)

    captured = cut_and_shrink(image, WHOLE, 1280)

    assert captured.shape == (720, 1280, 3)
    assert captured_size(1920, 1080, WHOLE, 1280) == (1280, 720)
    assert captured_size(1920, 1080, Region.parse("0,0,0.5,1"), 1280) == (960, 1080)


def test_masking_one_camera_leaves_the_other_camera_of_the_same_picture_alone() -> None:
    image = picture(5)
    before = image.copy()
    part = cut_and_shrink(image, Region.parse("0,0,0.5,1"), 1280)

    PrivacyMask([RECTANGLE], part.shape[1], part.shape[0]).blank(part)

    assert not part[30, 30].any()
    assert np.array_equal(image, before)


def test_every_pixel_that_a_mask_touches_is_black_and_no_other() -> None:
    image = np.full((96, 128, 3), 200, np.uint8)

    PrivacyMask([RECTANGLE], 128, 96).blank(image)

    assert not image[20:60, 10:50].any()
    black = int((image.max(axis=2) == 0).sum())
    assert 40 * 40 <= black <= 42 * 42
    assert image[:19].all()
    assert image[:, 52:].all()


def test_masks_that_overlap_leave_no_hole() -> None:
    image = np.full((96, 128, 3), 200, np.uint8)

    PrivacyMask([RECTANGLE, RECTANGLE], 128, 96).blank(image)

    assert not image[20:60, 10:50].any()


def test_a_mask_beyond_the_edges_covers_everything() -> None:
    corners = [(-5.0, -5.0), (200.0, -5.0), (200.0, 200.0), (-5.0, 200.0)]

    mask = PrivacyMask([[{"x": x, "y": y} for x, y in corners]], 128, 96)

    assert mask.everything
    assert not PrivacyMask([], 128, 96).everything


def test_a_masked_person_cannot_be_seen_after_decoding() -> None:
    image = np.full((96, 128, 3), 90, np.uint8)
    image[30:50, 20:40] = np.random.default_rng(1).integers(0, 255, (20, 20, 3), dtype=np.uint8)
    other = np.full((96, 128, 3), 90, np.uint8)
    for variant in (image, other):
        PrivacyMask([RECTANGLE], 128, 96).blank(variant)

    assert encode_jpeg(image, 85) == encode_jpeg(other, 85)
    assert luma_statistics(image) == luma_statistics(other)


def test_statistics_measure_brightness_spread_and_blur() -> None:
    flat = np.full((240, 640, 3), 120, np.uint8)
    stripes = flat.copy()
    stripes[:, ::8] = 255
    blurred = np.full((240, 640, 3), 120, np.uint8)
    blurred[:, :320] = 255

    assert luma_statistics(flat).mean == pytest.approx(120, abs=1)
    assert luma_statistics(flat).contrast == 0
    assert luma_statistics(flat).sharpness == 0
    assert luma_statistics(stripes).sharpness > 10 * luma_statistics(blurred).sharpness > 0


def test_the_jpeg_decodes_to_the_captured_picture() -> None:
    image = picture(700)

    decoded = simplejpeg.decode_jpeg(encode_jpeg(image, 95), colorspace="BGR")

    assert decoded.shape == image.shape
    assert np.abs(decoded.astype(int) - image).mean() < 4


def test_the_recipe_is_named_by_all_that_changes_pixels() -> None:
    names = {Recipe(w, q).version for w in (640, 1280) for q in (70, 85)}

    assert len(names) == 4


@pytest.mark.parametrize("text", ["0,0,1", "a,b,c,d", "0.5,0,0.6,1", "0,0,0,1", "-0.1,0,0.5,1"])
def test_a_region_outside_the_picture_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"0,0,0\.5,1"):
        Region.parse(text)
