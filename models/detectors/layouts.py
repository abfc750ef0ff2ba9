"""The families of output that detection graphs have, and the pixels each wants.

| | YOLOX | YOLO (v8, 11) | CenterNet | SSD |
|---|---|---|---|---|
| output | `(B, A, 5 + C)` | `(B, 4 + C, A)` | `(B, 5, H / 4, W / 4)` | `(B, A, 4 + 24)` |
| a row or cell | centre and size relative to its grid cell, objectness, class scores | centre and size in px, class scores | score, distance to each edge in px | centre and size relative to its anchor, classes before the sigmoid |
| score | objectness x class | class | its peak in the map | sigmoid of the class |
| pixels | blue-green-red, 0 to 255 | red-green-blue, 0 to 1 | red-green-blue, 0 to 255 | red-green-blue, -1 to 1 |
| picture | letterbox, top left | letterbox, centred | letterbox, top left | squeezed to a square |

`A` counts the cells of the grids of stride 8, 16 and 32 px, or SSD's anchors; `C` the classes.
CenterNet and SSD are as `models.conversion` makes them.
"""  # noqa: E501 - a table

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.detectors import heat_map, ssd
from models.detectors.boxes import Boxes, Image, Letterbox, cxcywh_to_xyxy, nms

STRIDES = (8, 16, 32)

PERSON_CLASS = 0
"""Index of `person` in COCO, and in any model of people only."""

MOST_CANDIDATES = 1000
"""Most boxes that go into suppression, best scores first; it bounds the time."""

Found = tuple[Boxes, NDArray[np.float64]]
"""Boxes of shape `(N, 4)` in px of the model's input, and scores of shape `(N,)`."""

Fit = Literal["top left", "centred", "squeezed"]


class UnknownLayout(ValueError):
    """A graph whose output is no known layout; the message names its shape."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One family of detection graphs.

    Attributes:
        family: Name of the family.
        nms_iou: Default overlap of suppression, that of the authors' own programs: YOLOX's
            ONNX demo (which also keeps scores from 0.1) and ultralytics' `predict`.
        fit: How a picture is fitted into the model's input.
        blue_first: Whether pixels are blue-green-red rather than red-green-blue.
        scale: What a pixel from 0 to 255 is multiplied by.
        offset: What is then added.
        candidates: Boxes of people that reach a score, before suppression: takes one image's
            output, the `(width, height)` of the input in px, the score, and, where `has_classes`,
            the class.
        has_classes: Whether boxes of other classes than the first can be read.
    """

    family: Literal["yolox", "yolo", "centernet", "ssd"]
    nms_iou: float
    fit: Fit
    blue_first: bool
    scale: float
    offset: float
    candidates: Callable[..., Found]
    has_classes: bool = False

    def letterbox(self, width: int, height: int, input_size: tuple[int, int]) -> Letterbox:
        """Fit an image of `width` x `height` px into the model's input `(width, height)`."""
        if self.fit == "squeezed":
            return Letterbox.squeeze(width, height, *input_size)
        return Letterbox.fit(width, height, *input_size, centred=self.fit == "centred")

    def class_count(self, output_shape: Sequence[int]) -> int:
        """Number of classes whose boxes can be told apart, by the shape of the output."""
        if not self.has_classes:
            return 1
        return output_shape[2] - 5 if self.family == "yolox" else output_shape[1] - 4

    def pixels(self, canvases: Sequence[Image]) -> NDArray[np.float32]:
        """Turn fitted images into the model's input.

        Returns:
            Shape `(B, 3, H, W)`.
        """
        stacked = np.stack(canvases).transpose(0, 3, 1, 2)
        ordered = stacked if self.blue_first else stacked[:, ::-1]
        pixels = np.ascontiguousarray(ordered, dtype=np.float32)
        if self.scale != 1.0:
            pixels *= np.float32(self.scale)
        if self.offset != 0.0:
            pixels += np.float32(self.offset)
        return pixels

    def people(
        self,
        output: NDArray[np.floating],
        input_size: tuple[int, int],
        score_threshold: float,
        nms_iou: float,
    ) -> Found:
        """Read the people out of one image's output.

        Args:
            output: One image's output, without the batch.
            input_size: `(width, height)` of the model's input, px.
            score_threshold: Lowest score that is kept.
            nms_iou: Overlap above which the lower of two boxes is dropped.
        """
        boxes, scores = self.candidates(output, input_size, score_threshold)
        kept = _kept(boxes, scores, nms_iou)
        return boxes[kept], scores[kept]

    def people_by_class(
        self,
        output: NDArray[np.floating],
        input_size: tuple[int, int],
        score_threshold: float,
        nms_iou: float,
        kinds: Sequence[int],
    ) -> tuple[Boxes, NDArray[np.float64], NDArray[np.intp]]:
        """Read the people of several classes out of one image's output, each by one class.

        Args:
            output: As in `people`.
            input_size: As in `people`.
            score_threshold: As in `people`.
            nms_iou: As in `people`; boxes of two classes are compared too.
            kinds: The classes that show people.

        Returns:
            Boxes, scores, and the class of each box, shape `(N,)`.
        """
        found = [self.candidates(output, input_size, score_threshold, kind) for kind in kinds]
        boxes = np.concatenate([one for one, _ in found])
        scores = np.concatenate([one for _, one in found])
        of_kind = np.repeat(np.asarray(kinds, np.intp), [len(one) for _, one in found])
        kept = _kept(boxes, scores, nms_iou)
        return boxes[kept], scores[kept], of_kind[kept]


def _kept(boxes: Boxes, scores: NDArray[np.float64], nms_iou: float) -> NDArray[np.intp]:
    """Which of some candidates are left after suppression."""
    if len(scores) <= MOST_CANDIDATES:
        return nms(boxes, scores, nms_iou)
    best = np.sort(np.argsort(-scores, kind="stable")[:MOST_CANDIDATES])
    return best[nms(boxes[best], scores[best], nms_iou)]


def yolox_candidates(
    output: NDArray[np.floating],
    input_size: tuple[int, int],
    score_threshold: float,
    kind: int = PERSON_CLASS,
) -> Found:
    """Read rows `(A, 5 + C)`; a box is of a class when that is its best one."""
    scores = output[:, 4] * output[:, 5 + kind]
    picked = _rows_of(output[:, 5:], scores, score_threshold, kind)
    raw = output[picked, :4].astype(np.float64)
    cells, strides = grid(input_size)
    with np.errstate(over="ignore"):  # such a box is cut off at the image's borders
        sizes = np.exp(raw[:, 2:])
    raw = np.hstack([raw[:, :2] + cells[picked], sizes]) * strides[picked, None]
    return cxcywh_to_xyxy(raw), scores[picked].astype(np.float64)


def yolo_candidates(
    output: NDArray[np.floating],
    _input_size: tuple[int, int],
    score_threshold: float,
    kind: int = PERSON_CLASS,
) -> Found:
    """Read columns `(4 + C, A)`; a box is of a class when that is its best one."""
    rows = output.T
    scores = rows[:, 4 + kind]
    picked = _rows_of(rows[:, 4:], scores, score_threshold, kind)
    return cxcywh_to_xyxy(rows[picked, :4].astype(np.float64)), scores[picked].astype(np.float64)


def _rows_of(
    classes: NDArray[np.floating], scores: NDArray[np.floating], score_threshold: float, kind: int
) -> NDArray[np.intp]:
    [picked] = np.nonzero(scores >= score_threshold)
    if len(picked) == 0:
        return picked
    is_best: NDArray[np.bool_] = classes[picked].argmax(axis=1) == kind
    return picked[is_best]


YOLOX = Layout(
    "yolox",
    0.45,
    "top left",
    blue_first=True,
    scale=1.0,
    offset=0.0,
    candidates=yolox_candidates,
    has_classes=True,
)
YOLO = Layout(
    "yolo",
    0.7,
    "centred",
    blue_first=False,
    scale=1 / 255,
    offset=0.0,
    candidates=yolo_candidates,
    has_classes=True,
)
CENTERNET = Layout(
    "centernet",
    0.5,
    "top left",
    blue_first=False,
    scale=1.0,
    offset=0.0,
    candidates=heat_map.candidates,
)
SSD = Layout(
    "ssd",
    0.5,
    "squeezed",
    blue_first=False,
    scale=1 / 127.5,
    offset=-1.0,
    candidates=ssd.candidates,
)


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
        UnknownLayout: The shape is that of none.
    """
    cells = cell_count(input_size)
    width, height = input_size
    heat = (heat_map.CHANNELS, height // heat_map.STRIDE, width // heat_map.STRIDE)
    match tuple(output_shape):
        case (1, *rest) if tuple(rest) == heat:
            return CENTERNET
        case (1, rows, columns) if (rows, columns) == ssd.rows_and_columns(input_size):
            return SSD
        case (1, rows, columns) if rows == cells != columns and columns >= 6:
            return YOLOX
        case (1, rows, columns) if columns == cells != rows and rows >= 5:
            return YOLO
        case shape:
            raise UnknownLayout(
                f"the model's output has shape {shape}; for its input of {width}x{height} px "
                f"YOLOX gives (1, {cells}, 85), YOLO11 (1, 84, {cells}), CenterNet (1, "
                f"{', '.join(map(str, heat))}), and SSD (1, 1917, 28) for 300x300 px"
            )
