"""Graphs on OpenVINO, CPU: the fastest backend without a GPU. Reads `.onnx` files."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.detector import DetectorUnavailable
from models.graph import GraphDetector, GraphSettings, unreadable


class OpenvinoGraph:
    """A graph compiled by OpenVINO.

    Computes in 32-bit floats, where OpenVINO by itself takes bfloat16 on CPUs that have it:
    scores then differ by up to some hundredths from one CPU to the next, and a comparison of
    models would measure the machines.

    Args:
        weights: An `.onnx` file.
        threads: CPU threads of one run; 0 for one per core.

    Raises:
        DetectorUnavailable: OpenVINO is not installed or cannot read the file.
    """

    def __init__(self, weights: Path, threads: int) -> None:
        try:
            import openvino  # noqa: PLC0415 - costs time that other backends need not pay
        except ImportError as exc:
            raise DetectorUnavailable(
                f"OpenVINO cannot be loaded ({exc}): install the locked environment again."
            ) from exc
        config: dict[str, object] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": 1,
        }
        if threads > 0:
            config["INFERENCE_NUM_THREADS"] = threads
        core = openvino.Core()
        try:
            model = core.read_model(weights)
            self._request = core.compile_model(model, "CPU", config).create_infer_request()
        except Exception as exc:
            raise unreadable(weights, "OpenVINO", exc) from exc
        self.input_shape = tuple(
            size.get_length() if size.is_static else None for size in model.inputs[0].partial_shape
        )
        [version, *_] = openvino.get_version().split("-")
        self.runtime = f"openvino {version} CPU f32"

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
    graph = OpenvinoGraph(weights, settings.threads)
    return GraphDetector(weights, graph, settings, fallback_reason=fallback_reason)
