"""Choosing a detector: the best that runs here, and the reason when it is not the best."""

from pathlib import Path
from typing import Literal, get_args

from models.detectors import onnx, openvino, yolo
from models.detectors.detector import SCORE_THRESHOLD, Detector, DetectorUnavailable
from models.detectors.graph import GraphSettings, Precision
from models.detectors.hog import NMS_IOU, HogDetector
from models.detectors.score_map import ScoreMap
from models.detectors.weights import (
    DEFAULT_ONNX,
    DEFAULT_TORCH,
    FOLDER_VARIABLE,
    ONNX_SUFFIXES,
    TORCH_SUFFIXES,
    download_folder,
    find_default_onnx,
    find_weights,
)

SECOND_CHOICE = "ssd_mobilenetv2"
_SECOND = (
    "CenterNet is not installed, so people are detected by SSD, which misses more: run "
    "`make install`, which says why."
)

Backend = Literal["auto", "openvino", "onnx", "yolo", "hog"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)


def make_detector(
    backend: Backend = "auto",
    weights: str | None = None,
    *,
    threads: int = 0,
    score_threshold: float = SCORE_THRESHOLD,
    nms_iou: float | None = None,
    precision: Precision = "auto",
    models_folder: Path | None = None,
    score_map: ScoreMap | None = None,
    trusted_sha256: frozenset[str] = frozenset(),
) -> Detector:
    """Make the detector that settings ask for.

    `auto` takes ultralytics where there is CUDA, else OpenVINO, else ONNX Runtime, else HOG, and
    names in `fallback_reason` the better ones that it could not use. Weights that are not named are
    yolox_nano where it is found, else the detector that an install fetched. Named weights are used
    or refused: `auto` then only chooses the runtime. A named backend never falls back.

    Args:
        backend: Library that runs the model.
        weights: Path or name of the weights, see `models.detectors.weights`; None for the default.
        threads: CPU threads; 0 leaves the choice to the library.
        score_threshold: Lowest score that is kept, after the score map, 0 to 1.
        nms_iou: Overlap above which the lower of two boxes is dropped; None for the model's own.
        precision: `auto` or `f32`, see `models.detectors.graph.GraphSettings`.
        models_folder: First folder searched for weights, and the one that they are fetched to.
        score_map: Map of the model's scores; None for that of its card.
        trusted_sha256: Hex digests of the `.pt` files that may be loaded.

    Raises:
        DetectorUnavailable: The detector cannot be made here; the message names the repair.
    """
    settings = GraphSettings(
        threads=threads,
        score_threshold=score_threshold,
        nms_iou=nms_iou,
        precision=precision,
        score_map=score_map,
        trusted_sha256=trusted_sha256,
    )
    match backend:
        case "auto":
            return _best(weights, settings, models_folder)
        case "openvino":
            return openvino.load(_onnx_weights(weights, models_folder), settings)
        case "onnx":
            return onnx.load(_onnx_weights(weights, models_folder), settings)
        case "yolo":
            return yolo.YoloDetector(_torch_weights(weights, models_folder), settings)
        case "hog":
            return _hog(settings)
    raise DetectorUnavailable(
        f"There is no detector backend {backend!r}: choose one of {', '.join(BACKENDS)}."
    )


def _onnx_weights(weights: str | None, folder: Path | None) -> Path:
    if weights is not None:
        return find_weights(weights, ONNX_SUFFIXES, folder)
    return find_default_onnx(folder) or find_weights(DEFAULT_ONNX[0], ONNX_SUFFIXES, folder)


def _torch_weights(weights: str | None, folder: Path | None) -> Path:
    """Weights for ultralytics; a missing file with a name of theirs is left for it to fetch."""
    name = weights or DEFAULT_TORCH
    try:
        return find_weights(name, TORCH_SUFFIXES, folder)
    except DetectorUnavailable:
        if Path(name).name != name:
            raise
        file = name if name.endswith(TORCH_SUFFIXES) else name + TORCH_SUFFIXES[0]
        return download_folder(folder) / file


def _hog(settings: GraphSettings, fallback_reason: str = "") -> HogDetector:
    return HogDetector(
        threads=settings.threads,
        score_threshold=settings.score_threshold,
        nms_iou=NMS_IOU if settings.nms_iou is None else settings.nms_iou,
        score_map=settings.score_map,
        fallback_reason=fallback_reason,
    )


def _best(weights: str | None, settings: GraphSettings, folder: Path | None) -> Detector:
    if weights is not None and weights.endswith(TORCH_SUFFIXES):
        return yolo.YoloDetector(_torch_weights(weights, folder), settings)
    reason = ""
    if weights is None and yolo.cuda_is_usable():
        try:
            return yolo.YoloDetector(_torch_weights(None, folder), settings)
        except DetectorUnavailable as error:
            reason = f"The GPU is not used: {error}"
    graph = find_default_onnx(folder) if weights is None else _onnx_weights(weights, folder)
    if graph is None:
        return _hog(settings, _no_weights(reason))
    if weights is None and graph.stem == SECOND_CHOICE:
        reason = f"{reason} {_SECOND}".strip()
    try:
        return openvino.load(graph, settings, fallback_reason=reason)
    except DetectorUnavailable as error:
        reason = f"{reason} OpenVINO is not used: {error}".strip()
    return onnx.load(graph, settings, fallback_reason=reason)


def _no_weights(reason: str) -> str:
    return (
        f"{reason} No model weights were found, so people are detected by OpenCV's HOG, which "
        "misses many and sees some who are not there: run `make install`, which fetches CenterNet "
        f"or says why it cannot, or put {DEFAULT_ONNX[0]} into a folder and name that in "
        f"{FOLDER_VARIABLE}."
    ).strip()
