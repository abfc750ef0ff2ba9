"""The cameras of one scan and their boxes, as compiled code reads them."""

from typing import Final, NamedTuple

from streams.domain.tracking.types import Indices, Matrix

MOST_BOXES: Final = 4096
"""Most boxes of a frame."""

MOST_CAMERAS: Final = 256
"""Most cameras of a floor."""


class Scan(NamedTuple):
    """The frames of one tick, one for each camera.

    Attributes:
        slots: Which of the floor's cameras each frame is of, rising, shape `(F,)`.
        projections: Floor metres to pixels, shape `(F, 3, 4)`.
        sizes: Width and height of each picture, px, shape `(F, 2)`.
        boxes: Detected boxes `(x_min, y_min, x_max, y_max)`, px, shape `(F, B, 4)`.
        counts: Boxes of each frame, shape `(F,)`.
    """

    slots: Indices
    projections: Matrix
    sizes: Matrix
    boxes: Matrix
    counts: Indices
