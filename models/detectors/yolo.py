"""Ultralytics YOLO on torch: CUDA where there is a GPU. Needs the extra `gpu`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.detectors.boxes import Image
from models.detectors.detector import (
    DetectorUnavailable,
    ModelFailed,
    check_images,
    describe,
    to_detections,
)
from models.detectors.graph import (
    DYNAMIC_INPUT_SIZE,
    SHORT_VERSION,
    GraphSettings,
    sha256_of,
    unreadable,
)
from models.detectors.layouts import MOST_CANDIDATES, PERSON_CLASS, YOLO
from schemas.records.frames import Detection, Model


def _libraries() -> tuple[Any, Any]:
    """Import torch and ultralytics; the latter sends usage figures unless that is switched off."""
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    try:
        import torch  # noqa: PLC0415 - an optional extra that takes seconds to import
        import ultralytics  # noqa: PLC0415
        from ultralytics.utils.events import events  # noqa: PLC0415
    except ImportError as error:
        raise DetectorUnavailable(
            f"The yolo backend cannot be loaded ({error}): install the extra with "
            "`uv sync --extra gpu`, or choose the backend openvino, onnx or hog."
        ) from error
    events.enabled = False
    return torch, ultralytics


def cuda_is_usable() -> bool:
    """Tell whether torch, ultralytics and a CUDA device are all there."""
    try:
        torch, _ = _libraries()
    except DetectorUnavailable:
        return False
    return bool(torch.cuda.is_available())


class YoloDetector:
    """The `Detector` on ultralytics.

    Args:
        weights: A `.pt` file. One that is missing is fetched to that path by ultralytics, if
            its name is one of theirs.
        settings: Threads of the CPU (no effect on CUDA), threshold and suppression.
        fallback_reason: Why a better detector is not in use.

    Raises:
        DetectorUnavailable: The extra is not installed, or the weights cannot be had or read.
    """

    def __init__(
        self, weights: Path, settings: GraphSettings, *, fallback_reason: str = ""
    ) -> None:
        torch, ultralytics = _libraries()
        if settings.threads > 0:
            torch.set_num_threads(settings.threads)
        self._device = "cuda:0" if torch.cuda.is_available() else "cpu"
        if not weights.exists():
            weights.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._model = ultralytics.YOLO(str(weights), task="detect")
        except Exception as error:
            raise unreadable(weights, "ultralytics", error) from error
        self.name = weights.stem
        self.weights_sha256 = sha256_of(weights)
        self.version = self.weights_sha256[:SHORT_VERSION]
        self.runtime = (
            f"ultralytics {ultralytics.__version__} torch {torch.__version__} {self._device}"
        )
        self.input_size = DYNAMIC_INPUT_SIZE
        self.score_threshold = settings.score_threshold
        self.nms_iou = YOLO.nms_iou if settings.nms_iou is None else settings.nms_iou
        self.fallback_reason = fallback_reason

    def describe(self) -> Model:
        """The record that goes with every detection this detector makes."""
        return describe(self)

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Find the people in each image; see `Detector.detect`."""
        if not images:
            return []
        check_images(images)
        try:
            results = self._model.predict(
                list(images),
                imgsz=self.input_size[0],
                conf=self.score_threshold,
                iou=self.nms_iou,
                classes=[PERSON_CLASS],
                max_det=MOST_CANDIDATES,
                rect=False,
                device=self._device,
                verbose=False,
            )
            numbers = [
                (
                    result.boxes.xyxy.cpu().numpy().astype(np.float64),
                    result.boxes.conf.cpu().numpy().astype(np.float64),
                )
                for result in results
            ]
        except Exception as error:
            raise ModelFailed(
                f"{self.name} on {self.runtime} failed on {len(images)} images: {error}"
            ) from error
        return [
            to_detections(boxes, scores, image.shape[1], image.shape[0])
            for (boxes, scores), image in zip(numbers, images, strict=True)
        ]

    def close(self) -> None:
        """Free the model, and its memory on the GPU."""
        del self._model
