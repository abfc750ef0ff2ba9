"""The crowds of PETS 2009: boxes of everybody, and how much of each can be seen.

Their annotations go through people who are hidden, and do not say so: what lies in the box of a
person who stands nearer, whose feet are lower in the picture, is hidden.
"""

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from models.datasets.motchallenge import BoxTable, table
from tests.bench.tracking.noise import People

SIZE = (768, 576)
"""Width and height of the annotated picture, px."""

CROWDS = {
    "S1L1-1": "S1L1",
    "S1L1-2": "S1L1",
    "S1L2-1": "S1L2",
    "S1L2-2": "S1L2",
    "S2L2": "S2L2",
    "S2L3": "S2L3",
}
"""Annotated recordings, and the scene that each belongs to."""

_RASTER = (8, 20)
"""Points across and down a box at which it is asked whether they are hidden."""


def read_crowd(path: Path) -> tuple[People, int, tuple[int, int]]:
    """People of one recording, its number of frames and the size of the picture.

    Frames count from 1.
    """
    rows = []
    frames = ET.parse(path).getroot().findall("frame")
    first = min(int(frame.attrib["number"]) for frame in frames)
    for frame in frames:
        number = int(frame.attrib["number"]) - first + 1
        for person in frame.iter("object"):
            box = person.find("box")
            if box is not None:
                x, y, w, h = (float(box.attrib[name]) for name in ("xc", "yc", "w", "h"))
                edges = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
                rows.append((number, int(person.attrib["id"]), *edges))
    held = np.array(rows)
    boxes = table(held[:, 0].astype(int), held[:, 1].astype(int), held[:, 2:], np.ones(len(held)))
    length = max(int(frame.attrib["number"]) for frame in frames) - first + 1
    return People(boxes, visibility_of(boxes)), length, SIZE


def visibility_of(people: BoxTable) -> np.ndarray:
    """Share of each box that no nearer person's box covers, shape `(N,)`."""
    across, down = ((np.arange(n) + 0.5) / n for n in _RASTER)
    shares = []
    for rows in people.by_frame().values():
        boxes = rows.boxes
        x = boxes[:, :1] + (boxes[:, 2:3] - boxes[:, :1]) * across
        y = boxes[:, 1:2] + (boxes[:, 3:] - boxes[:, 1:2]) * down
        for i in range(len(boxes)):
            hidden = np.zeros(_RASTER, dtype=bool)
            for nearer in boxes[boxes[:, 3] > boxes[i, 3]]:
                columns = (x[i] > nearer[0]) & (x[i] < nearer[2])
                hidden |= columns[:, None] & ((y[i] > nearer[1]) & (y[i] < nearer[3]))
            shares.append(1.0 - hidden.mean())
    return np.array(shares)
