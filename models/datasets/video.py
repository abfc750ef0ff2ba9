"""The frames of a video file, for scoring and measuring."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from models.detectors.boxes import Image


def read_frames(path: Path) -> Iterator[Image]:
    """Give the frames of a video in order, in blue-green-red.

    Raises:
        ValueError: The video cannot be opened, or has no frame.
    """
    video = cv2.VideoCapture(str(path.absolute()))  # with a colon, a relative one is a URL
    try:
        count = 0
        while True:
            there, frame = video.read()
            if not there:
                break
            count += 1
            yield np.asarray(frame, dtype=np.uint8)
        if count == 0:
            raise ValueError(f"{path}: no video that can be read")
    finally:
        video.release()
