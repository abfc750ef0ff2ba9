"""Pictures in several forms, and what files can hold beside one still picture."""

import struct
import zlib
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

SECRET: Final = b"Ann Ward, 51.5007N 0.1246W"
"""What a camera or program writes beside the pixels."""


def plan(width: int = 320, height: int = 200) -> NDArray[np.uint8]:
    """Walls on white, (height, width, 3)."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    cv2.rectangle(pixels, (10, 10), (width - 10, height - 10), (40, 40, 40), 3)
    cv2.line(pixels, (width // 2, 10), (width // 2, height - 10), (40, 40, 40), 3)
    return pixels


def png(pixels: NDArray[np.uint8] | NDArray[np.uint16] | None = None) -> bytes:
    """A PNG."""
    return cv2.imencode(".png", plan() if pixels is None else pixels)[1].tobytes()


def jpeg(pixels: NDArray[np.uint8] | None = None, *options: int) -> bytes:
    """A JPEG."""
    found = cv2.imencode(".jpg", plan() if pixels is None else pixels, list(options))
    return found[1].tobytes()


def webp(pixels: NDArray[np.uint8] | None = None) -> bytes:
    """A WebP with small losses."""
    options = [cv2.IMWRITE_WEBP_QUALITY, 90]
    return cv2.imencode(".webp", plan() if pixels is None else pixels, options)[1].tobytes()


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunk(data: bytes, name: bytes, body: bytes) -> bytes:
    """A PNG with another chunk behind its header."""
    return data[:33] + chunk(name, body) + data[33:]


def header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    """The beginning of a PNG of some size, with hardly any pixels."""
    body = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", body) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def with_segment(data: bytes, marker: int, body: bytes) -> bytes:
    """A JPEG with another segment behind its start."""
    return data[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + data[2:]


def with_exif(data: bytes) -> bytes:
    """A JPEG that says who made it, and where."""
    tiff = b"II*\0\x08\0\0\0\x01\0\x31\x01\x02\0" + struct.pack("<II", len(SECRET), 26)
    return with_segment(data, 0xE1, b"Exif\0\0" + tiff + b"\0\0\0\0" + SECRET)


def riff(*parts: tuple[bytes, bytes]) -> bytes:
    """A WebP of parts."""
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(part)) + part + b"\0" * (len(part) & 1) for name, part in parts
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def canvas(width: int, height: int, flags: int = 0) -> bytes:
    """The part of a WebP that says how large its sheet is."""
    return (
        bytes([flags, 0, 0, 0])
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
