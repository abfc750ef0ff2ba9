"""PETS 2009 S2L1, View 001: the one public clip here with people's identities in every frame.

The clip is OpenCV's `vtest.avi`. MOTChallenge numbers frames from 1, videos from 0. Boxes are in
pixels of the original picture, 768x576 px, whatever the size of the clip.
"""

from pathlib import Path

from models.datasets.motchallenge import BoxTable, read_ground_truth

ANNOTATED_WIDTH = 768


def read_clip_ground_truth(path: Path, clip_width: int) -> BoxTable:
    """Read `gt.txt` of PETS09-S2L1 in pixels of a clip of `clip_width` px.

    Frame 1 of the table is the clip's first frame.
    """
    return read_ground_truth(path).scaled(clip_width / ANNOTATED_WIDTH)
