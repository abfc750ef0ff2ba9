"""Small greyscale pictures, in which a camera's view is compared with its background."""

from typing import TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH = 320
"""Width to which wider pictures are shrunk, px; heights follow."""

Picture: TypeAlias = NDArray[np.uint8]
"""Luma of shape `(height, width)`, 0 to 255, at most `WIDTH` px wide."""

Floats: TypeAlias = NDArray[np.float32]


def small_picture(image: NDArray[np.uint8]) -> Picture:
    """Shrink an image by area averaging, and keep its luma.

    Args:
        image: Shape `(height, width, 3)`, blue-green-red, or `(height, width)`.
    """
    luma = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    height, width = luma.shape
    if width > WIDTH:
        size = (WIDTH, max(1, round(height * WIDTH / width)))
        luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    return cast(Picture, np.ascontiguousarray(luma))


def gradients(picture: Picture, blur: float = 1.0) -> NDArray[np.complex64]:
    """Gradient of luma on a blurred picture: right as real, down as imaginary part.

    Args:
        picture: The picture.
        blur: Standard deviation of the blur, px.

    Returns:
        Shape of the picture, luma a pixel.
    """
    smooth = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), blur)
    right = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8)
    return cast("NDArray[np.complex64]", (right + 1j * down).astype(np.complex64))


def coarse(picture: Picture) -> Floats:
    """The picture without detail, about 40 values wide: what is left of a view out of focus."""
    height, width = picture.shape
    size = (max(1, width // 8), max(1, height // 8))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return cast(Floats, cv2.GaussianBlur(small, (0, 0), 1.0))
