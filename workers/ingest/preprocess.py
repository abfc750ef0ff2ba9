"""Preprocess a source's picture into a captured frame: cut, shrink, mask, measure, encode.

The recipe has a name that is sent with every frame. A change to what any step does to the pixels
needs a new name; otherwise it could be mistaken for a difference between two models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from workers.ingest.feed import Region, captured_size
from workers.ingest.sources.base import Image

_STATISTICS_WIDTH = 320
"""Luma is measured on a picture shrunk to this width: cheap, and comparable between cameras."""

_SUBPIXEL_BITS = 4


@dataclass(frozen=True, slots=True)
class Recipe:
    """How pictures are shrunk and encoded.

    Attributes:
        max_width: Wider pictures are shrunk to this width by area averaging, pixels.
        jpeg_quality: JPEG quality, 1 to 100; colour is kept at half resolution (4:2:0).
    """

    max_width: int
    jpeg_quality: int

    @property
    def version(self) -> str:
        """Name of the recipe, as written to `preprocessing_version`."""
        return f"bgr-resize-area-{self.max_width}-q{self.jpeg_quality}"


@dataclass(frozen=True, slots=True)
class LumaStatistics:
    """Statistics of a frame's brightness, to the thousandth; frames.captured.v1 explains them."""

    mean: float
    contrast: float
    sharpness: float


def cut_and_shrink(image: Image, region: Region, max_width: int) -> Image:
    """Cut the region out and shrink it; returns a copy that is safe to draw on."""
    height, width = image.shape[:2]
    left, upper, right, lower = region.pixels(width, height)
    cut = image[upper:lower, left:right]
    size = captured_size(width, height, region, max_width)
    if size == (right - left, lower - upper):
        return np.array(cut, order="C")
    return cast(Image, cv2.resize(cut, size, interpolation=cv2.INTER_AREA))


class PrivacyMask:
    """The masks of one camera version, for captured frames of one size.

    Args:
        polygons: Polygons, lists of vertices `{"x": ..., "y": ...}` in pixels of the captured
            frame.
        width: Width of the captured frame, px.
        height: Height of the captured frame, px.
    """

    def __init__(
        self, polygons: Sequence[Sequence[Mapping[str, Any]]], width: int, height: int
    ) -> None:
        self.covered: NDArray[np.bool_] | None = None
        if not polygons:
            return
        canvas = np.zeros((height, width), np.uint8)
        scale = 1 << _SUBPIXEL_BITS
        for polygon in polygons:
            vertices = np.array([[point["x"], point["y"]] for point in polygon], np.float64)
            # A pixel's centre is at whole numbers in OpenCV, and at half numbers here.
            fixed = np.round((vertices - 0.5) * scale).astype(np.int32)
            # One polygon at a time: where two overlap, fillPoly would leave a hole.
            cv2.fillPoly(canvas, [fixed], 255, shift=_SUBPIXEL_BITS)
        self.covered = canvas > 0

    @property
    def everything(self) -> bool:
        """True when nothing of the picture is left."""
        return self.covered is not None and bool(self.covered.all())

    def blank(self, image: Image) -> None:
        """Make every masked pixel black, in place."""
        if self.covered is not None:
            image[self.covered] = 0


def luma_statistics(image: Image) -> LumaStatistics:
    """Measure brightness, its spread and its sharpness on a shrunk luma picture."""
    luma = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    height, width = luma.shape
    if width > _STATISTICS_WIDTH:
        size = (_STATISTICS_WIDTH, max(1, round(height * _STATISTICS_WIDTH / width)))
        luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    edges = cv2.Laplacian(luma, cv2.CV_16S)
    return LumaStatistics(
        mean=round(float(luma.mean()), 3),
        contrast=round(float(luma.std()), 3),
        sharpness=round(float(edges.var()), 3),
    )


def encode_jpeg(image: Image, quality: int) -> bytes:
    """Encode a captured frame."""
    return cast(
        bytes,
        simplejpeg.encode_jpeg(image, quality=quality, colorspace="BGR", colorsubsampling="420"),
    )
