"""Boxes in images: overlap, clipping, non-maximum suppression, and the letterbox.

A box is `(x_min, y_min, x_max, y_max)` in pixels, as continuous edges: a box that covers the
whole of a 480x360 image is `(0, 0, 480, 360)`. Arrays of boxes have shape `(N, 4)`.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""Shape `(N, 4)`, `(x_min, y_min, x_max, y_max)`, px."""

Image = NDArray[np.uint8]
"""Shape `(H, W, 3)`, blue, green, red, 0 to 255."""

PADDING = 114
"""Grey of the letterbox's border; YOLOX and ultralytics both trained with it."""


def xywh_to_xyxy(boxes: NDArray[np.floating]) -> Boxes:
    """Turn `(left, top, width, height)` into corners.

    >>> xywh_to_xyxy(np.array([[10.0, 20.0, 5.0, 6.0]])).tolist()
    [[10.0, 20.0, 15.0, 26.0]]
    """
    corners = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    return corners


def xyxy_to_xywh(boxes: NDArray[np.floating]) -> Boxes:
    """Turn corners into `(left, top, width, height)`."""
    sizes = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    sizes[:, 2:] -= sizes[:, :2]
    return sizes


def cxcywh_to_xyxy(boxes: NDArray[np.floating]) -> Boxes:
    """Turn `(centre x, centre y, width, height)` into corners.

    >>> cxcywh_to_xyxy(np.array([[10.0, 20.0, 4.0, 6.0]])).tolist()
    [[8.0, 17.0, 12.0, 23.0]]
    """
    given: Boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    half = given[:, 2:] / 2
    corners = np.empty_like(given)
    corners[:, :2] = given[:, :2] - half
    corners[:, 2:] = given[:, :2] + half
    return corners


def iou(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of each of `first` with each of `second`.

    Returns:
        Shape `(N, M)`, 0 to 1; a pair without area between them has 0.
    """
    corner_min = np.maximum(first[:, None, :2], second[None, :, :2])
    corner_max = np.minimum(first[:, None, 2:], second[None, :, 2:])
    overlap = np.prod(np.maximum(corner_max - corner_min, 0.0), axis=2)
    union = area(first)[:, None] + area(second)[None, :] - overlap
    ratio: NDArray[np.float64] = np.divide(
        overlap, union, out=np.zeros_like(overlap), where=union > 0
    )
    return ratio


def area(boxes: Boxes) -> NDArray[np.float64]:
    """Area of each box, px²; 0 for a box turned inside out."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0)
    return np.asarray(sides[:, 0] * sides[:, 1])


def clip(boxes: Boxes, width: int, height: int) -> Boxes:
    """Cut boxes off at the borders of an image of `width` x `height` px."""
    return np.clip(boxes, 0.0, np.array([width, height, width, height], dtype=np.float64))


def falling_score_order(scores: NDArray[np.float64], boxes: Boxes) -> NDArray[np.intp]:
    """Indices by falling score, ties by `x_min`, `y_min`, `x_max`, `y_max`.

    The order depends on the values alone, never on the order in which a model gives them.
    """
    return np.lexsort((boxes[:, 3], boxes[:, 2], boxes[:, 1], boxes[:, 0], -scores))


def nms(
    boxes: Boxes,
    scores: NDArray[np.float64],
    iou_threshold: float,
    classes: NDArray[np.int64] | None = None,
) -> NDArray[np.intp]:
    """Greedy non-maximum suppression within each class.

    Args:
        boxes: Shape `(N, 4)`.
        scores: Shape `(N,)`.
        iou_threshold: A box that overlaps a better one of its class by more than this is dropped.
        classes: Shape `(N,)`; None when all are of one class.

    Returns:
        Indices of the boxes that stay, in `falling_score_order`.
    """
    order = falling_score_order(scores, boxes)
    ranked = boxes[order]
    rivals = iou(ranked, ranked) > iou_threshold
    if classes is not None:
        rivals &= classes[order][:, None] == classes[order][None, :]
    alive = np.ones(len(order), dtype=bool)
    for rank in range(len(order)):
        if alive[rank]:
            alive[rank + 1 :] &= ~rivals[rank, rank + 1 :]
    return order[alive]


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How an image of any size was fitted into a model's canvas.

    Edges map exactly: the image's right edge is the resized image's right edge, although
    resizing to whole pixels makes the factors of the two axes differ a little.

    Attributes:
        width: Image width, px.
        height: Image height, px.
        canvas_width: Width of the model's input, px.
        canvas_height: Height of the model's input, px.
        resized_width: Width of the image on the canvas, px.
        resized_height: Height of the image on the canvas, px.
        left: Border left of the image on the canvas, px.
        top: Border above the image on the canvas, px.
    """

    width: int
    height: int
    canvas_width: int
    canvas_height: int
    resized_width: int
    resized_height: int
    left: int
    top: int

    @classmethod
    def fit(
        cls, width: int, height: int, canvas_width: int, canvas_height: int, *, centred: bool
    ) -> Self:
        """Fit an image of `width` x `height` px; in the top left corner unless `centred`."""
        scale = min(canvas_width / width, canvas_height / height)
        resized_width = max(1, round(width * scale))
        resized_height = max(1, round(height * scale))
        return cls(
            width,
            height,
            canvas_width,
            canvas_height,
            resized_width,
            resized_height,
            (canvas_width - resized_width) // 2 if centred else 0,
            (canvas_height - resized_height) // 2 if centred else 0,
        )

    @classmethod
    def squeeze(cls, width: int, height: int, canvas_width: int, canvas_height: int) -> Self:
        """Fill the canvas with an image of `width` x `height` px, whatever its shape."""
        return cls(width, height, canvas_width, canvas_height, canvas_width, canvas_height, 0, 0)

    def apply(self, image: Image) -> Image:
        """Draw the image onto its canvas.

        Returns:
            Shape `(canvas_height, canvas_width, 3)`.
        """
        canvas = np.full((self.canvas_height, self.canvas_width, 3), PADDING, dtype=np.uint8)
        right, bottom = self.left + self.resized_width, self.top + self.resized_height
        canvas[self.top : bottom, self.left : right] = cv2.resize(
            image, (self.resized_width, self.resized_height), interpolation=cv2.INTER_LINEAR
        )
        return canvas

    def to_canvas(self, boxes: Boxes) -> Boxes:
        """Move boxes from pixels of the image to pixels of the canvas."""
        return boxes * self._factors() + self._offsets()

    def to_image(self, boxes: Boxes) -> Boxes:
        """Move boxes from pixels of the canvas to pixels of the image; may lie outside it."""
        return (boxes - self._offsets()) / self._factors()

    def _factors(self) -> NDArray[np.float64]:
        x, y = self.resized_width / self.width, self.resized_height / self.height
        return np.array([x, y, x, y])

    def _offsets(self) -> NDArray[np.float64]:
        return np.array([self.left, self.top, self.left, self.top], dtype=np.float64)
