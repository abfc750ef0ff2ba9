"""A detector on an exported graph, whatever runs it: ONNX Runtime and OpenVINO share this."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from models.detectors.boxes import PADDING, Boxes, Image
from models.detectors.cards import classes_of, score_map_of
from models.detectors.detector import (
    SCORE_THRESHOLD,
    DetectorUnavailable,
    ModelFailed,
    check_images,
    describe,
    to_detections,
    version_of,
)
from models.detectors.layouts import Layout, UnknownLayout, layout_of
from models.detectors.score_map import ScoreMap
from schemas.records.frames import Detection, Model

DYNAMIC_INPUT_SIZE = (640, 640)
"""Input of a graph that leaves its height and width open, px: what YOLO11 was trained at."""

Precision = Literal["auto", "f32"]


class Graph(Protocol):
    """A loaded graph of one input and one output."""

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """`(B, 3, H, W)`; None where the graph leaves a size open."""
        ...

    @property
    def runtime(self) -> str:
        """Library, version, device and precision."""
        ...

    def run(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the graph; raises whatever its library raises."""
        ...

    def close(self) -> None:
        """Free the graph."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphSettings:
    """How graphs are run.

    Attributes:
        threads: CPU threads of one run; 0 leaves the choice to the library. More threads give
            lower latency, and take cores from other processes.
        score_threshold: Lowest score that is kept, after the map, 0 to 1.
        nms_iou: Overlap above which the lower of two boxes goes, 0 to 1; None for the layout's
            own.
        precision: `auto` computes in what the CPU is fastest at: OpenVINO takes bfloat16 where
            there is hardware for it, for half the time and scores that differ by some
            hundredths. `f32` is the same everywhere: set it to compare models across machines.
            ONNX Runtime always computes in f32, and so does OpenVINO where the output is distances
            in px.
        score_map: Map of the model's scores; None for that of its card.
        trusted_sha256: Hex digests of the `.pt` files that may be loaded: each is a program.
    """

    threads: int = 0
    score_threshold: float = SCORE_THRESHOLD
    nms_iou: float | None = None
    precision: Precision = "auto"
    score_map: ScoreMap | None = None
    trusted_sha256: frozenset[str] = frozenset()

    def map_of(self, weights_sha256: str, weights: Path | None = None) -> tuple[ScoreMap, bool]:
        """The score map for weights, and whether it is known.

        Raises:
            DetectorUnavailable: The card beside the weights cannot be used.
        """
        if self.score_map is not None:
            return self.score_map, True
        return score_map_of(weights_sha256, weights)


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unreadable(path: Path, library: str, error: Exception) -> DetectorUnavailable:
    """The error for weights that a library cannot load."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    why = lines[-1] if lines else type(error).__name__
    return DetectorUnavailable(
        f"{library} cannot read {path} ({why}): fetch the weights again or name others."
    )


class GraphDetector:
    """The `Detector` over a graph with the output of a known layout.

    Args:
        weights: The file the graph was loaded from.
        graph: The loaded graph.
        settings: Threshold and suppression.
        fallback_reason: Why a better detector is not in use.

    Raises:
        DetectorUnavailable: The graph's input or output is not what a detector has.
    """

    def __init__(
        self, weights: Path, graph: Graph, settings: GraphSettings, *, fallback_reason: str = ""
    ) -> None:
        self._graph = graph
        self._weights = weights
        self.name = weights.stem
        self.weights_sha256 = sha256_of(weights)
        self.score_map, self.scores_known = settings.map_of(self.weights_sha256, weights)
        self._classes = classes_of(self.weights_sha256, weights)
        self.version = version_of(self.weights_sha256, self.score_map, self._classes)
        self.runtime = graph.runtime
        self.fallback_reason = fallback_reason
        self.score_threshold = settings.score_threshold
        self._batch, self.input_size = self._read_input_shape()
        self._layout = self._find_layout()
        self._kinds = [number for number, label in enumerate(self._classes) if label]
        self.nms_iou = self._layout.nms_iou if settings.nms_iou is None else settings.nms_iou

    def _read_input_shape(self) -> tuple[int | None, tuple[int, int]]:
        match self._graph.input_shape:
            case (batch, 3, int(height), int(width)):
                return batch, (width, height)
            case (batch, 3 | None, None, None):
                return batch, DYNAMIC_INPUT_SIZE
            case shape:
                raise DetectorUnavailable(
                    f"{self._weights} takes input of shape {shape}, not (B, 3, H, W): name the "
                    "weights of a detector."
                )

    def _find_layout(self) -> Layout:
        """Run a grey image: a static output shape is not always in the file."""
        width, height = self.input_size
        grey = np.full((self._batch or 1, 3, height, width), PADDING, dtype=np.float32)
        try:
            output = self._graph.run(grey)
        except Exception as error:
            raise unreadable(self._weights, self.runtime, error) from error
        try:
            layout = layout_of((1, *output.shape[1:]), self.input_size)
        except UnknownLayout as error:
            raise DetectorUnavailable(
                f"{self._weights} is no detector that is known here: {error}."
            ) from error
        count = layout.class_count(output.shape)
        if self._classes and len(self._classes) != count:
            raise DetectorUnavailable(
                f"the card of {self._weights} names {len(self._classes)} classes, and a graph of "
                f"{layout.family} has {count} whose boxes can be told apart here: name each of "
                "them, or none."
            )
        return layout

    def describe(self) -> Model:
        """The record that goes with every detection this detector makes."""
        return describe(self)

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Find the people in each image; see `Detector.detect`."""
        if not images:
            return []
        check_images(images)
        fits = [
            self._layout.letterbox(image.shape[1], image.shape[0], self.input_size)
            for image in images
        ]
        canvases = [fit.apply(image) for fit, image in zip(fits, images, strict=True)]
        lowest = self.score_map.raw_of(self.score_threshold)
        found = []
        for fit, output in zip(fits, self._run(canvases), strict=True):
            boxes, raw, labels = self._people(output, lowest)
            on_image = fit.to_image(boxes)
            found.append(
                to_detections(on_image, raw, self.score_map, fit.width, fit.height, labels)
            )
        return found

    def _people(
        self, output: NDArray[np.float32], lowest: float
    ) -> tuple[Boxes, NDArray[np.float64], list[str] | None]:
        """Boxes, scores and, where a card names classes, labels of the people of one image."""
        given = output, self.input_size, lowest, self.nms_iou
        if not self._kinds:
            boxes, raw = self._layout.people(*given)
            return boxes, raw, None
        boxes, raw, kinds = self._layout.people_by_class(*given, self._kinds)
        return boxes, raw, [self._classes[kind] for kind in kinds]

    def _run(self, canvases: Sequence[Image]) -> Iterator[NDArray[np.float32]]:
        """Give each canvas's output, in as many runs as the graph's batch size asks for."""
        size = len(canvases) if self._batch is None else self._batch
        for start in range(0, len(canvases), size):
            part = canvases[start : start + size]
            filled = [*part, *[part[-1]] * (size - len(part))]
            try:
                outputs = self._graph.run(self._layout.pixels(filled))
            except Exception as error:
                raise ModelFailed(
                    f"{self.name} on {self.runtime} failed on {len(part)} images: {error}"
                ) from error
            if not np.isfinite(outputs).all():
                raise ModelFailed(f"{self.name} on {self.runtime} gave numbers that are not finite")
            yield from outputs[: len(part)]

    def close(self) -> None:
        """Free the graph."""
        self._graph.close()
