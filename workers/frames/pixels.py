"""Read the image of a frame record: fetch, verify, decode."""

import hashlib
from collections.abc import Callable

import simplejpeg

from models.detectors.boxes import Image
from runtime.errors import DeadLetter
from schemas.records.frames import Frame

MOST_PIXELS = 64_000_000
"""Larger frames are refused before memory is allocated for them (8K video has 33 million)."""


FetchObject = Callable[[str, str], bytes]
"""Returns the bytes at a URI, checked against a SHA-256; raises `DeadLetter` if there are none or
they differ, and `Retry` while the store is out of reach."""


def read_pixels(frame: Frame, fetch: FetchObject) -> Image:
    """Read a frame's image.

    Args:
        frame: A record of kind FRAME.
        fetch: Reads a claim check.

    Returns:
        Shape `(height, width, 3)`, blue-green-red.

    Raises:
        DeadLetter: The frame can never be decoded; the reason is the outcome's.
        Retry: The object store is out of reach.
    """
    if frame["kind"] != "FRAME":
        raise DeadLetter("unknown_kind", f"kind {frame['kind']} is not known here", field="kind")
    if frame["encoding"] != "JPEG":
        raise DeadLetter(
            "unknown_encoding", f"encoding {frame['encoding']} is not known here", field="encoding"
        )
    return decode_jpeg(verified_pixels(frame, fetch), frame["width"], frame["height"])


def verified_pixels(frame: Frame, fetch: FetchObject) -> bytes:
    """The encoded pixels, inline or by a claim check, as they were when they were captured.

    Raises:
        DeadLetter: There are no pixels, or they are not those that the record names.
        Retry: The object store is out of reach.
    """
    data = frame["data"]
    if data is None:
        uri = frame["object_uri"]
        if uri is None:
            raise DeadLetter("no_pixels", "neither data nor object_uri is given", field="data")
        return fetch(uri, frame["sha256"])
    digest = hashlib.sha256(data).hexdigest()
    if digest != frame["sha256"]:
        raise DeadLetter(
            "sha256_mismatch",
            f"pixels have sha256 {digest}, the record says {frame['sha256'] or 'nothing'}",
            field="sha256",
        )
    return data


def decode_jpeg(data: bytes, width: int, height: int) -> Image:
    """Decode a JPEG that must be whole and of a given size.

    The size is read from the header first, so that no record can ask for memory that it did not
    announce. OpenCV is no fallback here: it fills the missing part of a truncated JPEG with grey,
    and the people there would be missed without any error.

    Args:
        data: The JPEG.
        width: Expected width, px.
        height: Expected height, px.

    Returns:
        Shape `(height, width, 3)`, blue-green-red.

    Raises:
        DeadLetter: `corrupt_jpeg` or `size_mismatch`.
    """
    try:
        actual_height, actual_width = simplejpeg.decode_jpeg_header(data)[:2]
    except ValueError as error:
        raise DeadLetter("corrupt_jpeg", f"no JPEG: {error}", field="data") from error
    if (actual_width, actual_height) != (width, height):
        raise DeadLetter(
            "size_mismatch",
            f"the JPEG has {actual_width}x{actual_height} px, the record says {width}x{height}",
            field="width",
        )
    if width * height > MOST_PIXELS:
        raise DeadLetter("too_large", f"{width}x{height} px is over the limit", field="width")
    try:
        image: Image = simplejpeg.decode_jpeg(data, colorspace="BGR", strict=True)
    except ValueError as error:
        raise DeadLetter("corrupt_jpeg", str(error), field="data") from error
    return image
