"""The two families of output that detection graphs have, and the pixels each wants.

| | YOLOX | YOLO (v8, 11) |
|---|---|---|
| output | `(B, A, 5 + C)` | `(B, 4 + C, A)` |
| a row | centre and size relative to its grid cell, objectness, class scores | centre and size in px, class scores |
| score | objectness x class | class |
| pixels | blue-green-red, 0 to 255 | red-green-blue, 0 to 1 |
| letterbox | top left | centred |

`A` counts the cells of the grids of stride 8, 16 and 32 px; `C` the classes.
"""  # noqa: E501 - a table

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.detectors.boxes import Boxes, Image, Letterbox, cxcywh_to_xyxy, nms

STRIDES = (8, 16, 32)

PERSON_CLASS = 0
"""Index of `person` in COCO, and in any model of people only."""

MOST_CANDIDATES = 1000
"""Most boxes that go into suppression, best scores first; it bounds the time."""


class UnknownLayout(ValueError):
    """A graph whose output is neither layout; the message names its shape."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One family of detection graphs.

    Attributes:
        family: Name of the family.
        nms_iou: Default overlap of suppression, that of the authors' own programs: YOLOX's
            ONNX demo (which also keeps scores from 0.1) and ultralytics' `predict`.
    """

    family: Literal["yolox", "yolo"]
    nms_iou: float

    def letterbox(self, width: int, height: int, input_size: tuple[int, int]) -> Letterbox:
        """Fit an image of `width` x `height` px into the model's input `(width, height)`."""
        return Letterbox.fit(width, height, *input_size, centred=self.family == "yolo")

    def pixels(self, canvases: Sequence[Image]) -> NDArray[np.float32]:
        """Turn letterboxed images into the model's input.

        Returns:
            Shape `(B, 3, H, W)`.
        """
        stacked = np.stack(canvases).transpose(0, 3, 1, 2)
        if self.family == "yolox":
            return np.ascontiguousarray(stacked, dtype=np.float32)
        return np.ascontiguousarray(stacked[:, ::-1], dtype=np.float32) / np.float32(255)

    def people(
        self,
        output: NDArray[np.floating],
        input_size: tuple[int, int],
        score_threshold: float,
        nms_iou: float,
    ) -> tuple[Boxes, NDArray[np.float64]]:
        """Read the people out of one image's output.

        A box is a person when that is its best class and the score reaches the threshold.

        Args:
            output: Shape `(A, 5 + C)` or `(4 + C, A)`.
            input_size: `(width, height)` of the model's input, px.
            score_threshold: Lowest score that is kept.
            nms_iou: Overlap above which the lower of two boxes is dropped.

        Returns:
            Boxes of shape `(N, 4)` in px of the model's input, and scores of shape `(N,)`.
        """
        if self.family == "yolox":
            rows, first_class = output, 5
            scores = rows[:, 4] * rows[:, first_class + PERSON_CLASS]
        else:
            rows, first_class = output.T, 4
            scores = rows[:, first_class + PERSON_CLASS]
        [picked] = np.nonzero(scores >= score_threshold)
        classes = rows[picked, first_class:]
        picked = picked[classes.argmax(axis=1) == PERSON_CLASS] if len(picked) else picked
        if len(picked) > MOST_CANDIDATES:
            best = np.argsort(-scores[picked], kind="stable")[:MOST_CANDIDATES]
            picked = picked[np.sort(best)]
        raw = rows[picked, :4].astype(np.float64)
        if self.family == "yolox":
            cells, strides = grid(input_size)
            with np.errstate(over="ignore"):  # such a box is cut off at the image's borders
                sizes = np.exp(raw[:, 2:])
            raw = np.hstack([raw[:, :2] + cells[picked], sizes]) * strides[picked, None]
        boxes = cxcywh_to_xyxy(raw)
        kept_scores = scores[picked].astype(np.float64)
        kept = nms(boxes, kept_scores, nms_iou)
        return boxes[kept], kept_scores[kept]


YOLOX = Layout("yolox", nms_iou=0.45)
YOLO = Layout("yolo", nms_iou=0.7)


@cache
def grid(input_size: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The cells of the three grids, row by row, finest first.

    Returns:
        Cell `(x, y)` of each row of a YOLOX output, shape `(A, 2)`, and its stride in px,
        shape `(A,)`.
    """
    width, height = input_size
    cells, strides = [], []
    for stride in STRIDES:
        y, x = np.mgrid[0 : height // stride, 0 : width // stride]
        cells.append(np.column_stack([x.ravel(), y.ravel()]).astype(np.float64))
        strides.append(np.full(x.size, float(stride)))
    return np.concatenate(cells), np.concatenate(strides)


def cell_count(input_size: tuple[int, int]) -> int:
    """Cells of the three grids for an input of `(width, height)` px.

    >>> cell_count((416, 416)), cell_count((640, 640))
    (3549, 8400)
    """
    width, height = input_size
    return sum((width // stride) * (height // stride) for stride in STRIDES)


def layout_of(output_shape: Sequence[int], input_size: tuple[int, int]) -> Layout:
    """The layout that has this shape of output for one image.

    Args:
        output_shape: Such as `(1, 3549, 85)` or `(1, 84, 8400)`.
        input_size: `(width, height)` of the model's input, px.

    Raises:
        UnknownLayout: The shape is that of neither.
    """
    cells = cell_count(input_size)
    match tuple(output_shape):
        case (1, rows, columns) if rows == cells != columns and columns >= 6:
            return YOLOX
        case (1, rows, columns) if columns == cells != rows and rows >= 5:
            return YOLO
        case shape:
            width, height = input_size
            raise UnknownLayout(
                f"the model's output has shape {shape}; for its input of {width}x{height} px "
                f"YOLOX gives (1, {cells}, 85) and YOLO11 (1, 84, {cells})"
            )
