"""Small graphs of TensorFlow.js: nodes, and weights in 16 bits, as the converter of TensorFlow
writes them; and what TensorFlow would make of a picture, by its definition.
"""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class TfjsGraph:
    """Collects nodes and weights.

    Args:
        height: Height of the input, px.
        width: Width of the input, px.
        channels: Channels of the input.
    """

    def __init__(self, height: int, width: int, channels: int) -> None:
        dims = [{"size": str(size)} for size in (1, height, width, channels)]
        self.nodes: list[dict[str, Any]] = [
            {"name": "image", "op": "Placeholder", "attr": {"shape": {"shape": {"dim": dims}}}}
        ]
        self.weights: dict[str, NDArray[np.generic]] = {}

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        self.nodes.append({"name": name, "op": "Const"})
        self.weights[name] = values
        return name

    def node(self, name: str, op: str, inputs: list[str], **attributes: Any) -> str:
        self.nodes.append({"name": name, "op": op, "input": inputs, "attr": attributes})
        return name

    def write(self, folder: Path) -> Path:
        """Write `graph.json` and `graph.bin`."""
        specs, data = [], b""
        for name, values in self.weights.items():
            spec: dict[str, Any] = {"name": name, "shape": list(values.shape)}
            if values.dtype.kind == "f":
                spec |= {"dtype": "float32", "quantization": {"dtype": "float16"}}
                data += values.astype("<f2").tobytes()
            else:
                spec |= {"dtype": "int32"}
                data += values.astype("<i4").tobytes()
            specs.append(spec)
        (folder / "graph.bin").write_bytes(data)
        manifest = [{"paths": ["graph.bin"], "weights": specs}]
        graph = {"modelTopology": {"node": self.nodes}, "weightsManifest": manifest}
        path = folder / "graph.json"
        path.write_text(json.dumps(graph))
        return path


def texts(*values: str) -> dict[str, Any]:
    """A list of texts, as an attribute."""
    return {"list": {"s": [base64.b64encode(value.encode()).decode() for value in values]}}


def text(value: str) -> dict[str, Any]:
    """A text, as an attribute."""
    return {"s": base64.b64encode(value.encode()).decode()}


def ints(*values: int) -> dict[str, Any]:
    """A list of whole numbers, as an attribute."""
    return {"list": {"i": [str(value) for value in values]}}


def convolved(
    picture: Floats, kernel: Floats, stride: int, *, padding: str, depthwise: bool
) -> Floats:
    """What TensorFlow makes of a picture `(H, W, C)` with a kernel, number by number."""
    high, wide = kernel.shape[:2]
    height, width, channels = picture.shape
    if padding == "SAME":
        rows, columns = -(-height // stride), -(-width // stride)
        below = max(0, (rows - 1) * stride + high - height)
        right = max(0, (columns - 1) * stride + wide - width)
        top, left = below // 2, right // 2
        picture = np.pad(picture, ((top, below - top), (left, right - left), (0, 0)))
    else:
        rows, columns = (height - high) // stride + 1, (width - wide) // stride + 1
    if depthwise:
        times = kernel.shape[3]
        result = np.zeros((rows, columns, channels * times), dtype=np.float32)
    else:
        result = np.zeros((rows, columns, kernel.shape[3]), dtype=np.float32)
    for row in range(rows):
        for column in range(columns):
            part = picture[row * stride : row * stride + high, column * stride :][:, :wide]
            if depthwise:
                each = (part[:, :, :, None] * kernel).sum(axis=(0, 1))
                result[row, column] = each.reshape(-1)
            else:
                result[row, column] = np.tensordot(part, kernel, 3)
    return result
