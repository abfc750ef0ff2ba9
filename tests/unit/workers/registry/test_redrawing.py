"""Uploaded pictures are encoded again, and files that are anything else are refused."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from tests.support.pictures import (
    SECRET,
    canvas,
    chunk,
    header,
    jpeg,
    plan,
    png,
    riff,
    webp,
    with_chunk,
    with_exif,
    with_segment,
)
from workers.registry.drawings import MOST_SIDE_PX
from workers.registry.raster import BadPicture, raster_of
from workers.registry.redrawing import MOST_BYTES, Redrawn, redraw

VP8 = webp()[12:]
"""The only part of a plain WebP, with its name and length."""


def pixels_of(found: Redrawn) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(found.image, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels


@pytest.mark.parametrize(
    ("data", "off"),
    [
        pytest.param(png(), 0, id="a PNG"),
        pytest.param(jpeg(), 3, id="a JPEG"),
        pytest.param(jpeg(None, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), 3, id="a progressive JPEG"),
        pytest.param(jpeg(None, cv2.IMWRITE_JPEG_RST_INTERVAL, 2), 3, id="a JPEG with restarts"),
        pytest.param(webp(), 3, id="a WebP"),
        pytest.param(png(plan()[:, :, 0].copy()), 0, id="a grey PNG"),
        pytest.param(png(plan().astype(np.uint16) * 257), 0, id="a PNG of 16 bits"),
    ],
)
def test_a_picture_keeps_its_pixels(data: bytes, off: float) -> None:
    found = redraw(data)

    assert (found.width_px, found.height_px, found.media_type) == (320, 200, "image/png")
    assert np.abs(pixels_of(found).astype(int) - plan()).mean() <= off


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(with_exif(jpeg()), id="EXIF"),
        pytest.param(with_segment(jpeg(), 0xFE, SECRET), id="a comment"),
        pytest.param(with_segment(jpeg(), 0xE2, b"ICC_PROFILE\0\1\1" + SECRET), id="a profile"),
        pytest.param(with_chunk(png(), b"tEXt", b"Author\0" + SECRET), id="text"),
        pytest.param(with_chunk(png(), b"eXIf", b"II*\0" + SECRET), id="EXIF of a PNG"),
        pytest.param(
            with_chunk(png(), b"zTXt", b"a\0\0" + zlib.compress(b"0" * 10_000_000)), id="a zip bomb"
        ),
        pytest.param(
            riff((b"VP8X", canvas(320, 200, 0x0C)), (b"VP8 ", VP8[8:]), (b"EXIF", SECRET)),
            id="EXIF of a WebP",
        ),
    ],
)
def test_nothing_but_the_pixels_is_kept(data: bytes) -> None:
    found = redraw(data)

    assert SECRET not in found.image
    assert SECRET not in raster_of(data).data
    assert found.image != data
    assert (found.width_px, found.height_px) == (320, 200)


def test_what_is_transparent_is_white() -> None:
    clear = np.zeros((64, 64, 4), np.uint8)

    assert pixels_of(redraw(png(clear))).min() == 255
    assert pixels_of(redraw(webp(clear))).min() == 255


def test_the_same_pixels_have_the_same_digest_whatever_the_file_says() -> None:
    assert redraw(png()).sha256 == redraw(with_chunk(png(), b"tEXt", b"x\0y")).sha256


def test_a_large_picture_is_kept_smaller() -> None:
    found = redraw(png(plan(6000, 300)))

    assert (found.width_px, found.height_px) == (MOST_SIDE_PX, 205)


def test_a_picture_of_much_detail_is_kept_with_small_losses() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (900, 1200, 3), np.uint8)

    found = redraw(jpeg(noise, cv2.IMWRITE_JPEG_QUALITY, 60))

    assert found.media_type == "image/jpeg"
    assert len(found.image) <= MOST_BYTES


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def endless_scans() -> bytes:
    """A progressive JPEG whose scans repeat: each costs time for the whole picture."""
    data = jpeg(None, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    start = data.index(b"\xff\xda")
    end = data.find(b"\xff\xc4", start)
    return data[:start] + data[start:end] * 500 + data[start:]


IHDR = struct.pack(">IIBBBBB", 320, 200, 8, 2, 0, 0, 0)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "no picture", id="nothing"),
        pytest.param(b"hello", "no picture", id="text"),
        pytest.param(b"%PDF-1.7\n" + b"0" * 99, "no picture", id="a PDF"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture", id="an SVG"),
        pytest.param(b"GIF89a" + b"\0" * 99, "GIF", id="a GIF"),
        pytest.param(b"BM" + b"\0" * 99, "no picture", id="a bitmap"),
        pytest.param(b"II*\0" + b"\0" * 99, "no picture", id="a TIFF"),
        pytest.param(b"PK\x03\x04" + png(), "no picture", id="a zip before a PNG"),
        pytest.param(png() + b"PK\x03\x04" + b"\0" * 50, "goes on", id="a zip after a PNG"),
        pytest.param(png() + b"<script>", "goes on", id="a script after a PNG"),
        pytest.param(png() + png(), "goes on", id="two PNGs"),
        pytest.param(jpeg() + b"PK\x03\x04", "goes on", id="a zip after a JPEG"),
        pytest.param(jpeg() + jpeg(), "goes on", id="two JPEGs, as cameras with depth write"),
        pytest.param(webp() + b"\0\0", "goes on", id="something after a WebP"),
        pytest.param(cut(png(), 0.6), "cut short", id="half a PNG"),
        pytest.param(cut(jpeg(), 0.6), "cut short", id="half a JPEG"),
        pytest.param(cut(webp(), 0.6), "cut short", id="half a WebP"),
        pytest.param(png()[:33] + chunk(b"IEND", b""), "cut short", id="a PNG without pixels"),
        pytest.param(header(320, 200), "cut short", id="a PNG with too few pixels"),
        pytest.param(png()[:40] + b"\xff" + png()[41:], "cut short", id="a PNG with a wrong sum"),
        pytest.param(
            png()[:8] + chunk(b"IHDR", IHDR) + png()[8:], "cut short", id="a PNG of two headers"
        ),
        pytest.param(with_chunk(png(), b"ABCD", b"x"), "cut short", id="an unknown needed chunk"),
        pytest.param(b"\xff\xd8\xff\xd9", "cut short", id="a JPEG of nothing"),
        pytest.param(b"\xff\xd8\xff\xe0\xff\xff", "cut short", id="a JPEG with a wrong length"),
        pytest.param(header(60_000, 60_000), "12000 px are the most", id="a decompression bomb"),
        pytest.param(header(12_001, 20), "12000 px are the most", id="too wide"),
        pytest.param(header(11_000, 3_000), "25 million", id="too many px"),
        pytest.param(header(5_000, 5_000, 16, 6), "so many bits", id="too many bits"),
        pytest.param(header(2**31 - 1, 2**31 - 1), "12000 px are the most", id="the largest PNG"),
        pytest.param(header(0, 0), "16 px are the least", id="no px"),
        pytest.param(png(plan(64, 8)), "16 px are the least", id="a strip"),
        pytest.param(
            with_chunk(png(), b"acTL", struct.pack(">II", 2, 0)), "moves", id="an animated PNG"
        ),
        pytest.param(
            riff((b"VP8X", canvas(320, 200, 0x02)), (b"ANIM", b"\0" * 6)),
            "moves",
            id="an animated WebP",
        ),
        pytest.param(
            riff((b"VP8X", canvas(16_000, 16_000)), (b"VP8 ", VP8[8:])),
            "cut short",
            id="a WebP of a large sheet and few px",
        ),
        pytest.param(
            riff((b"VP8L", b"\x2f" + (0x3FFF | 0x3FFF << 14).to_bytes(4, "little") + b"\0" * 99)),
            "12000 px are the most",
            id="a bomb as WebP",
        ),
        pytest.param(riff((b"VP8 ", VP8[8:]), (b"VP8 ", VP8[8:])), "cut short", id="two WebPs"),
        pytest.param(riff(), "cut short", id="a WebP of nothing"),
        pytest.param(endless_scans(), "cut short", id="a JPEG of endless scans"),
        pytest.param(
            jpeg().replace(b"\xff\xc0", b"\xff\xc3", 1), "rare kind", id="a lossless JPEG"
        ),
        pytest.param(
            with_segment(jpeg(), 0xC0, b"\x08\xff\xff\xff\xff\x03" + b"\0" * 9),
            "12000 px are the most",
            id="a bomb as JPEG",
        ),
    ],
)
def test_a_file_that_is_no_still_picture_of_fair_size_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(BadPicture, match=why):
        redraw(data)


@pytest.mark.parametrize("data", [png(), jpeg(), webp()], ids=["PNG", "JPEG", "WebP"])
def test_a_damaged_file_is_a_picture_or_refused_and_nothing_else(data: bytes) -> None:
    random = np.random.default_rng(5)
    for _ in range(60):
        damaged = bytearray(data)
        for at in random.integers(0, len(data), 3):
            damaged[at] = random.integers(0, 256)
        try:
            found = redraw(bytes(damaged))
        except BadPicture:
            continue
        assert max(found.width_px, found.height_px) <= MOST_SIDE_PX
