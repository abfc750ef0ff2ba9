"""Orders of a frame's detections that do not depend on how they came."""

import numpy as np

from streams.domain.tracking import tables as t
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.types import Indices, Matrix


@compiled
def _comes_first(boxes: Matrix, a: int, b: int, scores_first: bool) -> bool:
    """The smaller box first, edge by edge; before that, if wanted, the higher score."""
    if scores_first and boxes[a, t.SCORE] != boxes[b, t.SCORE]:
        return bool(boxes[a, t.SCORE] > boxes[b, t.SCORE])
    for edge in range(4):
        if boxes[a, edge] != boxes[b, edge]:
            return bool(boxes[a, edge] < boxes[b, edge])
    return False


@compiled
def order_of(boxes: Matrix, scores_first: bool) -> Indices:
    """Rows of the detections in order: a merge sort from the bottom.

    Args:
        boxes: Shape `(N, BOX)`.
        scores_first: Order by falling score, then box; else by box alone, the left edge first.

    Returns:
        Shape `(N,)`.
    """
    count = len(boxes)
    order = np.empty(count, np.int64)
    for j in range(count):
        order[j] = j
    spare = np.empty(count, np.int64)
    width = 1
    while width < count:
        for start in range(0, count, 2 * width):
            middle = min(start + width, count)
            end = min(start + 2 * width, count)
            left, right = start, middle
            for k in range(start, end):
                if left < middle and (
                    right >= end or not _comes_first(boxes, order[right], order[left], scores_first)
                ):
                    spare[k] = order[left]
                    left += 1
                else:
                    spare[k] = order[right]
                    right += 1
        order, spare = spare, order
        width *= 2
    return order
