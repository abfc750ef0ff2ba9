"""PETS 2009 S2L1, View 001: the one public clip here with people's identities in every frame.

The clip is OpenCV's `vtest.avi`. MOTChallenge numbers its frames from 1, videos from 0, and the
boxes are drawn in the original picture of 768x576 px, whatever size the clip at hand has.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from models.datasets.motchallenge import BoxTable, read_ground_truth
from models.detectors.boxes import Image

ANNOTATED_WIDTH, ANNOTATED_HEIGHT = 768, 576


def read_clip_ground_truth(path: Path, clip_width: int) -> BoxTable:
    """Read `gt.txt` of PETS09-S2L1 in pixels of a clip of `clip_width` px.

    Frame 1 of the table is the clip's first frame.
    """
    return read_ground_truth(path).scaled(clip_width / ANNOTATED_WIDTH)


def read_frames(path: Path) -> Iterator[Image]:
    """Give the frames of a video in order, in blue-green-red.

    Raises:
        ValueError: The video cannot be opened, or has no frame.
    """
    video = cv2.VideoCapture(str(path))
    try:
        count = 0
        while True:
            there, frame = video.read()
            if not there:
                break
            count += 1
            yield np.asarray(frame, dtype=np.uint8)
        if count == 0:
            msg = f"{path}: no video that can be read"
            raise ValueError(msg)
    finally:
        video.release()
