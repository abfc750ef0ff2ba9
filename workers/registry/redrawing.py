"""Encode an uploaded picture again: its pixels are kept, never its bytes."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from runtime.storage.objects import sha256_hex
from workers.registry.drawings import MOST_SIDE_PX
from workers.registry.raster import BadPicture, raster_of

MOST_BYTES: Final = 2 * 1024 * 1024
"""A picture that is kept has this many bytes at most."""

_BEST_BYTES: Final = 1024 * 1024
"""A lossless picture that is larger is kept with small losses."""

_QUALITIES: Final = (88, 75, 60, 45)
_ROWS: Final = 256

Pixels = NDArray[np.uint8]


class Redrawn(NamedTuple):
    """A picture as it is kept.

    Attributes:
        image: Its bytes: a PNG or a JPEG without metadata.
        media_type: What they are.
        sha256: Their SHA-256, hex.
        width_px: Width, px.
        height_px: Height, px.
    """

    image: bytes
    media_type: str
    sha256: str
    width_px: int
    height_px: int


def redraw(data: bytes) -> Redrawn:
    """Decode a picture and encode it anew, on white and no larger than needed.

    Args:
        data: The bytes that were uploaded.

    Raises:
        BadPicture: They are not taken as a picture; the message says why, for people.
    """
    pixels = _smaller(_decoded(data))
    height, width = pixels.shape[:2]
    image, media_type = _encoded(pixels)
    return Redrawn(image, media_type, sha256_hex(image), width, height)


def _decoded(data: bytes) -> Pixels:
    """Pixels on white, (height, width, 3)."""
    raster = raster_of(data)
    encoded = np.frombuffer(raster.data, np.uint8)
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        found = cv2.imdecode(encoded, flags)
    except cv2.error as error:
        raise BadPicture("is cut short or damaged") from error
    if found is None or found.shape[:2] != (raster.height, raster.width):
        raise BadPicture("is cut short or damaged")
    if found.dtype == np.uint16:
        found = np.right_shift(np.asarray(found, np.uint16), 8)
    elif found.dtype != np.uint8:
        raise BadPicture("has colours of a form that is not read here: save it as a new PNG")
    pixels = np.asarray(found, np.uint8)
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    return _on_white(pixels) if pixels.shape[2] == 4 else pixels


def _on_white(pixels: Pixels) -> Pixels:
    """What shows of pixels with transparency, (height, width, 4), on a white sheet."""
    found = np.empty((*pixels.shape[:2], 3), np.uint8)
    for top in range(0, len(pixels), _ROWS):
        rows = pixels[top : top + _ROWS].astype(np.uint16)
        alpha = rows[..., 3:]
        found[top : top + _ROWS] = (rows[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return found


def _smaller(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    scale = MOST_SIDE_PX / max(height, width)
    if scale >= 1.0:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _encoded(pixels: Pixels) -> tuple[bytes, str]:
    png = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()
    if len(png) <= _BEST_BYTES:
        return png, "image/png"
    for quality in _QUALITIES:
        jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(jpeg) <= MOST_BYTES:
            return jpeg, "image/jpeg"
    raise BadPicture("has too much detail to be kept: make it smaller")
