"""The form of an uploaded picture, read from its bytes before anything decodes it.

What a file holds beyond one still picture is refused where it could be something else as well, and
left out where it says something about the picture: times, places, cameras, colour profiles, text.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

MOST_PIXELS: Final = 25_000_000
MOST_SIDE_PX: Final = 12_000
LEAST_SIDE_PX: Final = 16
MOST_DECODED_BYTES: Final = 110_000_000
"""So much memory may a picture take when it is decoded."""

_MOST_SCANS: Final = 100
"""A progressive JPEG is decoded once over for each scan."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_CHANNELS: Final = {0: 1, 2: 3, 3: 4, 4: 4, 6: 4}
"""Samples of a decoded pixel, by PNG's type of colour; a palette may have transparent colours."""
_KEPT_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_KEPT_PARTS: Final = frozenset({b"VP8X", b"ALPH", b"VP8 ", b"VP8L"})
_ANIMATED: Final = "moves: give a picture that does not"
_CUT: Final = "is cut short or damaged"
_MORE: Final = "goes on after the picture's end: save it as a new PNG and upload that"


class BadPicture(ValueError):
    """A file that is not taken as a picture; the message says why, for people."""


class Raster(NamedTuple):
    """One still picture.

    Attributes:
        kind: Its form.
        width: Width, px.
        height: Height, px.
        data: Its bytes, with nothing in them that is not needed to decode it.
    """

    kind: str
    width: int
    height: int
    data: bytes


def raster_of(data: bytes) -> Raster:
    """Read what a file is.

    Raises:
        BadPicture: It is no PNG, JPEG or WebP with one still picture, is damaged, or is too large.
    """
    if data.startswith(_PNG):
        return _png(data)
    if data.startswith(_JPEG):
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[:6] in (b"GIF87a", b"GIF89a"):
        raise BadPicture("is a GIF: give a PNG, JPEG or WebP")
    raise BadPicture("is no picture that is read here: give a PNG, JPEG or WebP")


def _check_size(width: int, height: int, bytes_per_px: int) -> None:
    if min(width, height) < LEAST_SIDE_PX:
        raise BadPicture(
            f"has {width} x {height} px: {LEAST_SIDE_PX} px are the least width and height"
        )
    if max(width, height) > MOST_SIDE_PX or width * height > MOST_PIXELS:
        raise BadPicture(
            f"has {width} x {height} px: {MOST_SIDE_PX} px are the most of a side, and "
            f"{MOST_PIXELS // 1_000_000} million in all; make it smaller"
        )
    if width * height * bytes_per_px > MOST_DECODED_BYTES:
        raise BadPicture("has too many px for so many bits of colour: make it smaller")


def _png(data: bytes) -> Raster:
    kept = [_PNG]
    header: tuple[int, int] | None = None
    has_pixels = ended = False
    for name, body, whole in _png_chunks(data):
        if ended:
            raise BadPicture(_MORE)
        if (name == b"IHDR") != (header is None):
            raise BadPicture(_CUT)
        if name == b"IHDR":
            header = _png_header(body)
        elif name in (b"acTL", b"fcTL", b"fdAT"):
            raise BadPicture(_ANIMATED)
        elif name not in _KEPT_CHUNKS and not name[0] & 0x20:
            raise BadPicture(_CUT)  # it could not be read without this
        has_pixels |= name == b"IDAT"
        ended = name == b"IEND"
        if name in _KEPT_CHUNKS:
            kept.append(whole)
    if header is None or not has_pixels or not ended:
        raise BadPicture(_CUT)
    return Raster("PNG", *header, b"".join(kept))


def _png_header(body: bytes) -> tuple[int, int]:
    if len(body) != 13:
        raise BadPicture(_CUT)
    width, height, depth, colour, _, _, _ = struct.unpack(">IIBBBBB", body)
    if colour not in _CHANNELS or depth not in (1, 2, 4, 8, 16):
        raise BadPicture(_CUT)
    _check_size(width, height, _CHANNELS[colour] * (2 if depth == 16 else 1))
    return width, height


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Name, body and all bytes of each chunk."""
    at = len(_PNG)
    while at < len(data):
        if at + 12 > len(data):
            raise BadPicture(_CUT if data[at - 8 : at - 4] != b"IEND" else _MORE)
        length = int.from_bytes(data[at : at + 4])
        end = at + 12 + length
        if end > len(data):
            raise BadPicture(_CUT if data[at - 8 : at - 4] != b"IEND" else _MORE)
        checked = data[at + 4 : end - 4]
        if zlib.crc32(checked) != int.from_bytes(data[end - 4 : end]):
            raise BadPicture(_CUT if data[at - 8 : at - 4] != b"IEND" else _MORE)
        yield checked[:4], checked[4:], data[at:end]
        at = end


def _jpeg(data: bytes) -> Raster:
    kept = [data[:2]]
    size: tuple[int, int] | None = None
    at, scans = 2, 0
    while True:
        marker, body, end = _jpeg_segment(data, at)
        if marker == 0xD9:
            break
        if marker in (0xC0, 0xC1, 0xC2):
            if size is not None or len(body) < 6:
                raise BadPicture(_CUT)
            height, width = struct.unpack(">HH", body[1:5])
            # Progressive ones hold all coefficients, two bytes each, until the end.
            _check_size(width, height, 4 * body[5] if marker == 0xC2 else body[5])
            size = width, height
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            raise BadPicture("is a JPEG of a rare kind: save it as a new PNG and upload that")
        elif marker == 0xDA:
            scans += 1
            if size is None or scans > _MOST_SCANS:
                raise BadPicture(_CUT)
            end = _end_of_scan(data, end)
        # What programs add says nothing of the pixels, but for Adobe's note on their colours.
        if marker == 0xEE or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(data[at:end])
        at = end
    if size is None or not scans:
        raise BadPicture(_CUT)
    if at + 2 != len(data):
        raise BadPicture(_MORE)
    return Raster("JPEG", *size, b"".join([*kept, b"\xff\xd9"]))


def _jpeg_segment(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Marker, body and end of the segment at an offset; the end marker has no body."""
    if len(data) < at + 2 or data[at] != 0xFF:
        raise BadPicture(_CUT)
    marker = data[at + 1]
    if marker == 0xD9:
        return marker, b"", at + 2
    if marker < 0xC0 or 0xD0 <= marker <= 0xD8 or len(data) < at + 4:
        raise BadPicture(_CUT)
    length = int.from_bytes(data[at + 2 : at + 4])
    if length < 2 or at + 2 + length > len(data):
        raise BadPicture(_CUT)
    return marker, data[at + 4 : at + 2 + length], at + 2 + length


def _end_of_scan(data: bytes, at: int) -> int:
    """Offset of the first marker after coded pixels."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise BadPicture(_CUT)
        if data[at + 1] not in (0x00, *range(0xD0, 0xD8)):
            return at
        at += 2


def _webp(data: bytes) -> Raster:
    length = int.from_bytes(data[4:8], "little") + 8
    if length < len(data):
        raise BadPicture(_MORE)
    if length > len(data):
        raise BadPicture(_CUT)
    parts: list[bytes] = []
    size: tuple[int, int] | None = None
    canvas: tuple[int, int] | None = None
    at = 12
    while at < len(data):
        name = data[at : at + 4]
        body_length = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + body_length + (body_length & 1)
        if len(data) < at + 8 or end > len(data):
            raise BadPicture(_CUT)
        body = data[at + 8 : at + 8 + body_length]
        if name in (b"ANIM", b"ANMF") or (name == b"VP8X" and body[:1] and body[0] & 0x02):
            raise BadPicture(_ANIMATED)
        if name in _KEPT_PARTS:
            if name == b"VP8X":
                canvas = _webp_canvas(body)
                body = bytes([body[0] & 0x10, *body[1:]])  # only: has alpha
            elif name != b"ALPH":
                if size is not None:
                    raise BadPicture(_CUT)
                size = _webp_size(name, body)
            parts.append(name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) & 1))
        at = end
    if size is None or canvas not in (None, size):
        raise BadPicture(_CUT)
    _check_size(*size, 4)
    joined = b"WEBP" + b"".join(parts)
    return Raster("WebP", *size, b"RIFF" + len(joined).to_bytes(4, "little") + joined)


def _webp_canvas(body: bytes) -> tuple[int, int]:
    """Width and height of the sheet that a WebP says to fill."""
    if len(body) != 10:
        raise BadPicture(_CUT)
    return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1


def _webp_size(name: bytes, body: bytes) -> tuple[int, int]:
    """Width and height in the header of the coded pixels."""
    if name == b"VP8L":
        if len(body) < 5 or body[0] != 0x2F:
            raise BadPicture(_CUT)
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if len(body) < 10 or body[3:6] != b"\x9d\x01\x2a":
        raise BadPicture(_CUT)
    width, height = struct.unpack("<HH", body[6:10])
    return width & 0x3FFF, height & 0x3FFF
