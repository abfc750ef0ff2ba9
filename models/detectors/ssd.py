"""People read out of SSD's anchors (Liu et al. 2016), as MediaPipe's Objectron places them."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.detectors.boxes import Boxes, cxcywh_to_xyxy

GRIDS = (19, 10, 5, 3, 2, 1)
"""Cells along a side of each layer, for an input of 300 x 300 px."""

INPUT_SIZE = (300, 300)
CLASSES = 24
PERSON_CLASS = 4
"""Index of `Person` in the package's list of classes, whose first is the background."""

_LOWEST_SCALE, _HIGHEST_SCALE = 0.2, 0.95
_RATIOS = (1.0, 2.0, 0.5, 3.0, 1 / 3)
_SMALLEST = ((0.1, 1.0), (_LOWEST_SCALE, 2.0), (_LOWEST_SCALE, 0.5))
"""Scale and ratio of width to height of the first layer's anchors."""

_CENTRE_GAIN, _SIZE_GAIN = 10.0, 5.0
"""What the network's numbers for centres and sizes are divided by."""


def rows_and_columns(input_size: tuple[int, int]) -> tuple[int, int] | None:
    """Shape of the output for an input of `(width, height)` px; None where there is none."""
    return (len(anchors()), 4 + CLASSES) if input_size == INPUT_SIZE else None


@cache
def anchors() -> NDArray[np.float64]:
    """Centre x, centre y, width and height of each anchor as shares of the picture.

    Returns:
        Shape `(1917, 4)`: layer by layer, row by row.
    """
    steps = len(GRIDS) - 1
    scales = [
        *(_LOWEST_SCALE + (_HIGHEST_SCALE - _LOWEST_SCALE) * n / steps for n in range(len(GRIDS))),
        1.0,
    ]
    layers = []
    for layer, cells in enumerate(GRIDS):
        scale, next_scale = scales[layer], scales[layer + 1]
        kinds = [(scale, ratio) for ratio in _RATIOS] + [((scale * next_scale) ** 0.5, 1.0)]
        shapes = np.array(
            [(s * r**0.5, s / r**0.5) for s, r in (_SMALLEST if layer == 0 else kinds)]
        )
        y, x = np.mgrid[0:cells, 0:cells]
        centres = (np.column_stack([x.ravel(), y.ravel()]) + 0.5) / cells
        layers.append(
            np.hstack([np.repeat(centres, len(shapes), axis=0), np.tile(shapes, (len(centres), 1))])
        )
    return np.concatenate(layers)


def candidates(
    output: NDArray[np.floating], input_size: tuple[int, int], score_threshold: float
) -> tuple[Boxes, NDArray[np.float64]]:
    """Boxes of people that reach a score; a box is a person when that is its best class.

    Args:
        output: Shape `(1917, 28)`: y, x, height, width, then classes before the sigmoid.
        input_size: `(width, height)` of the model's input, px.
        score_threshold: Lowest score that is kept.

    Returns:
        Boxes of shape `(N, 4)` in px of the model's input, and scores of shape `(N,)`.
    """
    classes = output[:, 4:].astype(np.float64)
    scores = 1.0 / (1.0 + np.exp(-classes[:, PERSON_CLASS]))
    best = 1 + classes[:, 1:].argmax(axis=1)
    [picked] = np.nonzero((scores >= score_threshold) & (best == PERSON_CLASS))
    anchor = anchors()[picked]
    moved = output[picked, :4].astype(np.float64)
    centres = anchor[:, :2] + moved[:, 1::-1] / _CENTRE_GAIN * anchor[:, 2:]
    with np.errstate(over="ignore"):  # such a box is cut off at the image's borders
        sizes = anchor[:, 2:] * np.exp(moved[:, :1:-1] / _SIZE_GAIN)
    boxes = cxcywh_to_xyxy(np.hstack([centres, sizes]))
    return boxes * np.array([*input_size, *input_size], dtype=np.float64), scores[picked]
