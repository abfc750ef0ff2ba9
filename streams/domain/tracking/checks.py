"""Boxes that no tracker can use are refused before anything is changed."""

from typing import Final

import numpy as np

from streams.domain.tracking import tables as t
from streams.domain.tracking.jit import compiled, entry
from streams.domain.tracking.types import Matrix

MAX_COORDINATE_PX: Final = 100_000.0
_NAMES: Final = ("x_min", "y_min", "x_max", "y_max", "score")

ALL_USABLE: Final = -1
"""No row of the boxes is unusable."""


class UnusableOutcome(ValueError):
    """A detection outcome that cannot be folded; raised before anything is changed."""


@compiled
def first_unusable(boxes: Matrix) -> int:
    """Row of the first box that cannot be used, or `ALL_USABLE`."""
    for j in range(len(boxes)):
        for edge in range(4):
            # Written so that what is not a number fails too.
            if not abs(boxes[j, edge]) <= MAX_COORDINATE_PX:
                return j
        if boxes[j, t.X_MAX] <= boxes[j, t.X_MIN]:
            return j
        if boxes[j, t.Y_MAX] <= boxes[j, t.Y_MIN]:
            return j
        if not 0.0 <= boxes[j, t.SCORE] <= 1.0:
            return j
    return ALL_USABLE


@entry
def _first_unusable(boxes: Matrix) -> int:
    return first_unusable(boxes)


def unusable_box(boxes: Matrix, row: int) -> UnusableOutcome:
    """The error that says what is wrong with a box, by its index and field."""
    values = boxes[row].tolist()
    for name, value in zip(_NAMES[:4], values[:4], strict=True):
        if not abs(value) <= MAX_COORDINATE_PX:
            return UnusableOutcome(f"box {row}: {name} is {value}, not a pixel of any frame")
    x_min, y_min, x_max, y_max, score = values
    if x_max <= x_min:
        return UnusableOutcome(f"box {row}: x_max {x_max} is not right of x_min {x_min}")
    if y_max <= y_min:
        return UnusableOutcome(f"box {row}: y_max {y_max} is not below y_min {y_min}")
    return UnusableOutcome(f"box {row}: score is {score}, not between 0 and 1")


def check_boxes(boxes: Matrix) -> None:
    """Refuse boxes that no tracker can use.

    Args:
        boxes: Shape `(N, BOX)`: x_min, y_min, x_max, y_max (px) and score.

    Raises:
        UnusableOutcome: A coordinate or score is not finite or out of range, or a box has no area;
            the message names the box's index and the field.
    """
    row = _first_unusable(boxes)
    if row != ALL_USABLE:
        raise unusable_box(boxes, row)


NO_BOXES: Final = np.empty((0, t.BOX))
"""A frame that shows nobody; not to be written to."""
