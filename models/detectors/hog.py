"""OpenCV's people detector of 2005: histograms of oriented gradients and a linear SVM.

The last resort: it needs no weights, so something runs anywhere. It finds upright people from
about a sixth of the picture's height, misses people who sit, lie, or hide each other, and
mistakes door frames for people.
"""

import hashlib
import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detectors.boxes import Boxes, Image, nms, xywh_to_xyxy
from models.detectors.cards import score_map_of
from models.detectors.detector import (
    SCORE_THRESHOLD,
    ModelFailed,
    check_images,
    describe,
    to_detections,
    version_of,
)
from models.detectors.score_map import ScoreMap
from schemas.records.frames import Detection, Model

NMS_IOU = 0.3
"""Its windows come in coarse steps, so two on one person overlap less than a network's boxes."""

_WORK_PX = 768 * 576
"""Every image is brought to this many pixels, so that a frame costs 40 ms on two cores
whatever the camera; more would find smaller people, and cost in proportion."""

_MOST_ENLARGED = 2.0

_STEP = (8, 8)
_PYRAMID_SCALE = 1.1

_PERSON_HEIGHT = 96 / 128
_PERSON_WIDTH = 0.41 * 96 / 64
"""Share of a window that its person fills: the SVM was trained on people 96 px tall in the middle
of 64x128 px, and 0.41 of the height is the pedestrian's width in the literature (Dollar, 2012)."""

_SLOPE, _MIDDLE = 3.0, 0.5


def score_of(margin: float) -> float:
    """Map a distance from the SVM's plane to a score from 0 to 1.

    `1 / (1 + exp(-3 (margin - 0.5)))`: a window on the plane scores 0.18, one at 0.5 scores
    0.5, one at 1.0, which is rarely wrong, 0.82. The curve was set by hand and is no
    probability.

    >>> round(score_of(0.0), 2), score_of(0.5), round(score_of(1.0), 2)
    (0.18, 0.5, 0.82)
    """
    return 1.0 / (1.0 + math.exp(-_SLOPE * (margin - _MIDDLE)))


class HogDetector:
    """The `Detector` that needs no weights.

    Args:
        threads: CPU threads, 0 for one per core. OpenCV holds one number for the process.
        score_threshold: Lowest score that is kept, after the map, 0 to 1.
        nms_iou: Overlap above which the lower of two boxes is dropped, 0 to 1.
        score_map: Map of its scores; None for that of its card.
        fallback_reason: Why a better detector is not in use.
    """

    def __init__(
        self,
        *,
        threads: int = 0,
        score_threshold: float = SCORE_THRESHOLD,
        nms_iou: float = NMS_IOU,
        score_map: ScoreMap | None = None,
        fallback_reason: str = "",
    ) -> None:
        if threads > 0:
            cv2.setNumThreads(threads)
        svm = np.array(cv2.HOGDescriptor.getDefaultPeopleDetector(), dtype=np.float32)
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(svm)
        self.name = "opencv-hog"
        self.weights_sha256 = hashlib.sha256(svm.astype("<f4").tobytes()).hexdigest()
        self.score_map, self.scores_known = (
            score_map_of(self.weights_sha256) if score_map is None else (score_map, True)
        )
        self.version = version_of(self.weights_sha256, self.score_map)
        self.runtime = f"opencv {cv2.__version__} CPU"
        self.input_size = (768, 576)
        self.score_threshold = score_threshold
        self.nms_iou = nms_iou
        self.fallback_reason = fallback_reason

    def describe(self) -> Model:
        """The record that goes with every detection this detector makes."""
        return describe(self)

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Find the people in each image; see `Detector.detect`."""
        check_images(images)
        return [self._detect_one(image) for image in images]

    def _detect_one(self, image: Image) -> list[Detection]:
        height, width = image.shape[:2]
        boxes, scores = self._windows(image)
        picked = np.flatnonzero(scores >= self.score_map.raw_of(self.score_threshold))
        boxes, scores = boxes[picked], scores[picked]
        kept = nms(boxes, scores, self.nms_iou)
        return to_detections(boxes[kept], scores[kept], self.score_map, width, height)

    def _windows(self, image: Image) -> tuple[Boxes, NDArray[np.float64]]:
        """Slide the window over the image's pyramid.

        Returns:
            The people within the windows that the SVM accepts, shape `(N, 4)` in px of the
            image, and their scores, shape `(N,)`.
        """
        height, width = image.shape[:2]
        factor = min(_MOST_ENLARGED, math.sqrt(_WORK_PX / (width * height)))
        size = (max(64, round(width * factor)), max(128, round(height * factor)))
        try:
            found, margins = self._hog.detectMultiScale(
                cv2.resize(image, size, interpolation=cv2.INTER_LINEAR),
                hitThreshold=0.0,
                winStride=_STEP,
                padding=_STEP,
                scale=_PYRAMID_SCALE,
                groupThreshold=0,
            )
        except cv2.error as error:
            raise ModelFailed(
                f"{self.name} failed on an image of {width}x{height}: {error}"
            ) from error
        windows = xywh_to_xyxy(np.array(found, dtype=np.float64).reshape(-1, 4))
        sides = windows[:, 2:] - windows[:, :2]
        margin = sides * (1 - np.array([_PERSON_WIDTH, _PERSON_HEIGHT])) / 2
        people = np.hstack([windows[:, :2] + margin, windows[:, 2:] - margin])
        people /= np.array([size[0] / width, size[1] / height] * 2)
        scores = [score_of(float(value)) for value in np.ravel(margins)]
        return people, np.array(scores, dtype=np.float64)

    def close(self) -> None:
        """Free the descriptor."""
        del self._hog
