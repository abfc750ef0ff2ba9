"""Ultralytics YOLO on torch: CUDA where there is a GPU. Needs the extra `gpu`.

A `.pt` file is a pickle: to load it is to run the program that is in it. So only files are loaded
whose SHA-256 is in the settings, and their bytes are checked before torch sees them.
"""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from models.detectors.boxes import Image
from models.detectors.detector import (
    DetectorUnavailable,
    ModelFailed,
    check_images,
    describe,
    to_detections,
    version_of,
)
from models.detectors.graph import (
    DYNAMIC_INPUT_SIZE,
    GraphSettings,
    unreadable,
)
from models.detectors.layouts import MOST_CANDIDATES, PERSON_CLASS, YOLO
from schemas.records.frames import Detection, Model

TRUSTED_VARIABLE = "WARDSTREAM_INFERENCE__TRUSTED_PT_SHA256"


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


def _checked(weights: Path, settings: GraphSettings) -> tuple[str, bytes]:
    """Digest and content of a file that may be loaded; fetches it first when it is not there.

    Where no file is trusted, none is fetched: it would be refused in any case.

    Raises:
        DetectorUnavailable: It cannot be fetched, or is not trusted.
    """
    if not weights.exists():
        if not settings.trusted_sha256:
            raise DetectorUnavailable(
                f"{weights} is not there, and it is not fetched because {TRUSTED_VARIABLE} is "
                "empty, so that it would not be loaded: list the SHA-256 of a .pt file there, or "
                "use an .onnx export, which runs nothing."
            )
        from ultralytics.utils.downloads import attempt_download_asset  # noqa: PLC0415

        weights.parent.mkdir(parents=True, exist_ok=True)
        try:
            attempt_download_asset(str(weights))
        except Exception as error:
            raise unreadable(weights, "ultralytics", error) from error
    if not weights.is_file():
        raise DetectorUnavailable(
            f"There are no weights {weights}, and ultralytics fetches none of that name: put the "
            "file there."
        )
    try:
        content = weights.read_bytes()
    except OSError as error:
        raise unreadable(weights, "ultralytics", error) from error
    digest = sha256(content).hexdigest()
    if digest not in settings.trusted_sha256:
        raise DetectorUnavailable(
            f"{weights} can run any program when it is loaded, and its SHA-256 {digest} is not "
            f"listed in {TRUSTED_VARIABLE}: list it there if you trust the file, or use an .onnx "
            "export, which runs nothing."
        )
    return digest, content


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
            its name is one of theirs, and then checked like any other.
        settings: Threads of the CPU (no effect on CUDA), threshold, suppression, and the files
            that may be loaded.
        fallback_reason: Why a better detector is not in use.

    Raises:
        DetectorUnavailable: The extra is not installed, or the weights cannot be had or read, or
            are not trusted.
    """

    def __init__(
        self, weights: Path, settings: GraphSettings, *, fallback_reason: str = ""
    ) -> None:
        torch, ultralytics = _libraries()
        if settings.threads > 0:
            torch.set_num_threads(settings.threads)
        self._device = "cuda:0" if torch.cuda.is_available() else "cpu"
        self.name = weights.stem
        self.weights_sha256, content = _checked(weights, settings)
        # Ultralytics takes some paths for other files and fetches those: it gets a copy of exactly
        # the bytes that were checked, under a name that means nothing to it.
        with TemporaryDirectory(prefix="weights-") as folder:
            copy = Path(folder) / f"{self.weights_sha256}.pt"
            copy.write_bytes(content)
            try:
                self._model = ultralytics.YOLO(str(copy), task="detect")
            except Exception as error:
                raise unreadable(weights, "ultralytics", error) from error
        self.score_map, self.scores_known = settings.map_of(self.weights_sha256, weights)
        self.version = version_of(self.weights_sha256, self.score_map)
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
                conf=self.score_map.raw_of(self.score_threshold),
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
            to_detections(boxes, scores, self.score_map, image.shape[1], image.shape[0])
            for (boxes, scores), image in zip(numbers, images, strict=True)
        ]

    def close(self) -> None:
        """Free the model, and its memory on the GPU."""
        del self._model
