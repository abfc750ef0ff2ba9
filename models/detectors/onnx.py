"""Graphs on ONNX Runtime, CPU."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.detectors.detector import DetectorUnavailable
from models.detectors.graph import GraphDetector, GraphSettings, unreadable

_ERRORS_ONLY = 3


class OnnxGraph:
    """A graph loaded by ONNX Runtime.

    Args:
        weights: An `.onnx` file.
        threads: CPU threads of one run; 0 for one per core.

    Raises:
        DetectorUnavailable: ONNX Runtime is not installed or cannot read the file.
    """

    def __init__(self, weights: Path, threads: int) -> None:
        try:
            import onnxruntime  # noqa: PLC0415 - costs 0.2 s that other backends need not pay
        except ImportError as error:
            raise DetectorUnavailable(
                f"ONNX Runtime cannot be loaded ({error}): install the locked environment again."
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        # Threads that spin between frames take a core from the processes beside this one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(weights), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise unreadable(weights, "ONNX Runtime", error) from error
        [first, *_] = self._session.get_inputs()
        self._input = first.name
        self._output = self._session.get_outputs()[0].name
        self.input_shape = tuple(
            size if isinstance(size, int) and size > 0 else None for size in first.shape
        )
        self.runtime = f"onnxruntime {onnxruntime.__version__} CPU f32"

    def run(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the graph on `(B, 3, H, W)`."""
        [output] = self._session.run([self._output], {self._input: pixels})
        return np.asarray(output)

    def close(self) -> None:
        """Free the session."""
        del self._session


def load(weights: Path, settings: GraphSettings, *, fallback_reason: str = "") -> GraphDetector:
    """A detector on ONNX Runtime.

    Raises:
        DetectorUnavailable: The weights cannot be used.
    """
    graph = OnnxGraph(weights, settings.threads)
    return GraphDetector(weights, graph, settings, fallback_reason=fallback_reason)
