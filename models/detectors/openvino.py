"""Graphs on OpenVINO, CPU: the fastest backend without a GPU. Reads `.onnx` files."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.detectors.detector import DetectorUnavailable
from models.detectors.graph import GraphDetector, GraphSettings, unreadable

_MAP_DIMENSIONS = 4
"""Dimensions of an output that is a map of distances in px, as CenterNet's: bfloat16 has 8 bits for
them, and moves edges by some px."""


class OpenvinoGraph:
    """A graph compiled by OpenVINO.

    Args:
        weights: An `.onnx` file.
        settings: Threads (0 for one per core) and precision.

    Raises:
        DetectorUnavailable: OpenVINO is not installed or cannot read the file.
    """

    def __init__(self, weights: Path, settings: GraphSettings) -> None:
        try:
            import openvino  # noqa: PLC0415 - costs time that other backends need not pay
        except ImportError as error:
            raise DetectorUnavailable(
                f"OpenVINO cannot be loaded ({error}): install the locked environment again."
            ) from error
        config: dict[str, object] = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            # A pinned thread waits for its core while the processes beside this one use it.
            "ENABLE_CPU_PINNING": False,
        }
        if settings.precision != "auto":
            config["INFERENCE_PRECISION_HINT"] = settings.precision
        if settings.threads > 0:
            config["INFERENCE_NUM_THREADS"] = settings.threads
        core = openvino.Core()
        try:
            model = core.read_model(weights)
            if len(model.outputs[0].partial_shape) == _MAP_DIMENSIONS:
                config["INFERENCE_PRECISION_HINT"] = "f32"
            compiled = core.compile_model(model, "CPU", config)
            self._request = compiled.create_infer_request()
        except Exception as error:
            raise unreadable(weights, "OpenVINO", error) from error
        self.input_shape = tuple(
            size.get_length() if size.is_static else None for size in model.inputs[0].partial_shape
        )
        [version, *_] = openvino.get_version().split("-")
        precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.runtime = f"openvino {version} CPU {precision}"

    def run(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the graph on `(B, 3, H, W)`."""
        results = self._request.infer([pixels], share_inputs=True, share_outputs=False)
        return np.asarray(results[0])

    def close(self) -> None:
        """Free the compiled graph."""
        del self._request


def load(weights: Path, settings: GraphSettings, *, fallback_reason: str = "") -> GraphDetector:
    """A detector on OpenVINO.

    Raises:
        DetectorUnavailable: The weights cannot be used.
    """
    graph = OpenvinoGraph(weights, settings)
    return GraphDetector(weights, graph, settings, fallback_reason=fallback_reason)
