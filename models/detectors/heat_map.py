"""People read out of a heat map: CenterNet (Zhou et al. 2019) in the form of 610265158's port.

Each cell of 4 x 4 px has the score that a person's middle is there, and the distances from its
top left corner to the left, top, right and bottom edge of that person.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detectors.boxes import Boxes

STRIDE = 4
CHANNELS = 5


def candidates(
    output: NDArray[np.floating], _input_size: tuple[int, int], score_threshold: float
) -> tuple[Boxes, NDArray[np.float64]]:
    """Boxes at the peaks of the map that reach a score.

    A peak is a cell that none of its eight neighbours exceeds.

    Args:
        output: Shape `(5, H, W)`.
        score_threshold: Lowest score that is kept.

    Returns:
        Boxes of shape `(N, 4)` in px of the model's input, and scores of shape `(N,)`.
    """
    heat = np.asarray(output[0], dtype=np.float32)
    highest_around = cv2.dilate(heat, np.ones((3, 3), dtype=np.uint8))
    rows, columns = np.nonzero((heat >= score_threshold) & (heat >= highest_around))
    corners = np.stack([columns, rows, columns, rows], axis=1) * float(STRIDE)
    edges = output[1:, rows, columns].T.astype(np.float64) * np.array([-1.0, -1.0, 1.0, 1.0])
    return corners + edges, heat[rows, columns].astype(np.float64)
