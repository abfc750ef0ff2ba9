"""What every person detector is: pixels in, boxes out, and a record of what made them."""

import hashlib
import json
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.detectors.boxes import Boxes, Image, clip, falling_score_order
from models.detectors.score_map import ScoreMap
from runtime.errors import DeadLetter, Stop
from schemas.records.frames import Detection, Model

PERSON = "person"
"""The label that detectors give, unless a card names classes."""

SCORE_THRESHOLD = 0.1
"""Default lowest score that is kept. Low on purpose: the tracker joins faint boxes to tracks it
already has, and starts new ones from high scores only. The tracker has its own threshold, so a
stored detection is not yet a claim that a person is there."""

SHORT_VERSION = 12
"""Digits of the weights' sha256 that serve as a version where no registry gives one."""

SHORT_MAP = 6
"""Digits of the score map's sha256 in a version."""

_SMALLEST_SIDE_PX = 1.0


class DetectorUnavailable(Stop):
    """A detector cannot be made here; the message names the repair."""


class ModelFailed(DeadLetter):
    """A model failed on a batch; which of its frames is at fault is not known.

    Each frame is then tried alone; a frame that fails alone becomes a dead letter.
    """

    def __init__(self, message: str) -> None:
        super().__init__("model_failed", message)


class Detector(Protocol):
    """Finds people in images.

    Attributes:
        name: Model name, such as `yolox_nano`.
        version: Model version: the first 12 digits of `weights_sha256`, a point, and the first 6 of
            the score map's.
        weights_sha256: Hex digest of the weights.
        runtime: Library, version and device that run it.
        input_size: `(width, height)` of the model's input, px.
        score_map: Onto the scale of yolox_nano; the identity where none is known.
        scores_known: Whether a card says what the scores mean.
        score_threshold: Lowest score of the boxes that are given, after the map, 0 to 1.
        nms_iou: Largest overlap of two boxes that are both kept, 0 to 1.
        fallback_reason: Why a better detector is not in use, to be shown wherever the detector
            is named; empty when it is the one that was asked for.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - described above, as are the next nine

    @property
    def version(self) -> str: ...  # noqa: D102

    @property
    def weights_sha256(self) -> str: ...  # noqa: D102

    @property
    def runtime(self) -> str: ...  # noqa: D102

    @property
    def input_size(self) -> tuple[int, int]: ...  # noqa: D102

    @property
    def score_map(self) -> ScoreMap: ...  # noqa: D102

    @property
    def scores_known(self) -> bool: ...  # noqa: D102

    @property
    def score_threshold(self) -> float: ...  # noqa: D102

    @property
    def nms_iou(self) -> float: ...  # noqa: D102

    @property
    def fallback_reason(self) -> str: ...  # noqa: D102

    def describe(self) -> Model:
        """The record that goes with every detection this detector makes."""
        ...

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Find the people in each image; images may differ in size.

        Args:
            images: Each of shape `(H, W, 3)`, uint8, blue-green-red.

        Returns:
            One list per image, in pixels of that image, inside it, by falling score with ties
            by `x_min`, `y_min`, `x_max`, `y_max`. Numbers are exact in 32 bits, so that what is
            sent is what is read.

        Raises:
            ModelFailed: The model failed on this batch.
            ValueError: An image has another shape or type.
        """
        ...

    def close(self) -> None:
        """Free what the detector holds; it must not be used afterwards."""
        ...


def describe(detector: Detector) -> Model:
    """The record of a detector's identity and settings."""
    width, height = detector.input_size
    return Model(
        name=detector.name,
        version=detector.version,
        weights_sha256=detector.weights_sha256,
        runtime=detector.runtime,
        input_width=width,
        input_height=height,
        score_threshold=detector.score_threshold,
        nms_iou=detector.nms_iou,
        score_map_sha256=detector.score_map.sha256,
    )


def version_of(weights_sha256: str, score_map: ScoreMap, classes: Sequence[str] = ()) -> str:
    """The version of a model: of its weights, of the map of its scores, and of its classes.

    >>> from models.detectors.score_map import IDENTITY
    >>> version_of("e8af074932d4ed7e", IDENTITY)
    'e8af074932d4.23800f'
    >>> version_of("e8af074932d4ed7e", IDENTITY, ["nurse", ""])
    'e8af074932d4.23800f.8f94bd'
    """
    version = f"{weights_sha256[:SHORT_VERSION]}.{score_map.sha256[:SHORT_MAP]}"
    if not classes:
        return version
    return f"{version}.{hashlib.sha256(json.dumps([*classes]).encode()).hexdigest()[:SHORT_MAP]}"


def check_images(images: Sequence[Image]) -> None:
    """Refuse arrays that are not images.

    Raises:
        ValueError: Names the first image that is not `(H, W, 3)` of uint8.
    """
    for index, image in enumerate(images):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
            raise ValueError(
                f"image {index} is {image.dtype} of shape {image.shape}; "
                "a detector takes uint8 of shape (H, W, 3)"
            )


def to_detections(
    boxes: Boxes,
    raw_scores: NDArray[np.float64],
    score_map: ScoreMap,
    width: int,
    height: int,
    labels: Sequence[str] | None = None,
) -> list[Detection]:
    """Clip boxes to the image, drop those smaller than a pixel, map scores, sort, and round.

    Args:
        boxes: Shape `(N, 4)`, px of the image.
        raw_scores: The model's own, shape `(N,)`.
        score_map: Onto the scale of yolox_nano.
        width: Image width, px.
        height: Image height, px.
        labels: Label of each box; None where all are `person`.
    """
    shown = np.asarray([PERSON] * len(boxes) if labels is None else labels, dtype=object)
    single = clip(boxes, width, height).astype(np.float32).astype(np.float64)
    raw = raw_scores.astype(np.float32).astype(np.float64)
    scores = score_map.apply(raw).astype(np.float32).astype(np.float64)
    big_enough = np.all(single[:, 2:] - single[:, :2] >= _SMALLEST_SIDE_PX, axis=1)
    single, scores, raw = single[big_enough], scores[big_enough], raw[big_enough]
    shown = shown[big_enough]
    order = falling_score_order(scores, single)
    return [
        Detection(
            x_min=x_min,
            y_min=y_min,
            x_max=x_max,
            y_max=y_max,
            score=score,
            label=label,
            raw_score=raw_score,
        )
        for (x_min, y_min, x_max, y_max), score, raw_score, label in zip(
            single[order].tolist(),
            scores[order].tolist(),
            raw[order].tolist(),
            shown[order].tolist(),
            strict=True,
        )
    ]
