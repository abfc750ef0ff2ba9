"""Graphs of TensorFlow.js: a `.json` with the nodes and `.bin` files with the weights, in ONNX.

Read up to chosen outputs; what a graph does after them is left out.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from numpy.typing import NDArray

from models.conversion.builder import (
    Activation,
    Builder,
    Convolution,
    Padding,
    UnknownOperation,
    depthwise_kernel,
    full_kernel,
)

Node = Mapping[str, Any]

FUSED: Mapping[tuple[str, ...], Activation] = {
    (): "",
    ("BiasAdd",): "",
    ("BiasAdd", "Relu"): "Relu",
    ("BiasAdd", "Relu6"): "Relu6",
}


def convert(
    source: Path, outputs: Mapping[str, int], output_shape: tuple[int, ...]
) -> onnx.ModelProto:
    """Convert a graph.

    Args:
        source: The `.json` file; its weights lie beside it.
        outputs: Names of the outputs, and how many of the first channels of each to keep. They are
            joined in this order.
        output_shape: Shape of the joined output, channels first.

    Raises:
        UnknownOperation: Names the operation and the node at fault.
        ValueError: The weights do not fit their list.
    """
    described = json.loads(source.read_text())
    nodes = {node["name"]: node for node in described["modelTopology"]["node"]}
    reader = _Reader(nodes, read_weights(source.parent, described["weightsManifest"]))
    for name, channels in outputs.items():
        reader.visit(name, channels)
    reader.builder.add("Concat", list(outputs), "output", axis=1)
    return reader.builder.model(reader.input(), ("output", output_shape))


def read_weights(folder: Path, manifest: list[dict[str, Any]]) -> dict[str, NDArray[np.generic]]:
    """The constants of a graph by name, in 32 bits where they are stored in 16.

    Raises:
        ValueError: A file has more or fewer bytes than the list says.
    """
    found: dict[str, NDArray[np.generic]] = {}
    for group in manifest:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        at = 0
        for spec in group["weights"]:
            stored = np.dtype(spec.get("quantization", spec)["dtype"]).newbyteorder("<")
            if stored.kind != np.dtype(spec["dtype"]).kind:
                raise ValueError(f"{spec['name']}: weights stored as {stored} are not read here")
            count = int(np.prod(spec["shape"], dtype=np.int64))
            if at + count * stored.itemsize > len(data):
                raise ValueError(f"{folder}: the weights end before {spec['name']}")
            values = np.frombuffer(data, stored, count, at).astype(spec["dtype"])
            found[spec["name"]] = values.reshape(spec["shape"])
            at += count * stored.itemsize
        if at != len(data):
            raise ValueError(f"{folder}: {len(data) - at} bytes of weights belong to nothing")
    return found


@dataclass(slots=True)
class _Reader:
    """Walks from the outputs back to the input.

    Attributes:
        nodes: Nodes by name.
        weights: Constants by name, channels last.
        builder: Receives the operations.
        done: Nodes that are converted.
        kept: Number of first output channels that a convolution keeps; all unless named.
    """

    nodes: Mapping[str, Node]
    weights: Mapping[str, NDArray[np.generic]]
    builder: Builder = field(default_factory=Builder)
    done: set[str] = field(default_factory=set)
    kept: dict[str, int] = field(default_factory=dict)

    def input(self) -> tuple[str, list[int]]:
        """Name and shape of the one input, channels first."""
        [node] = [node for node in self.nodes.values() if node["op"] == "Placeholder"]
        sizes = [int(size["size"]) for size in node["attr"]["shape"]["shape"]["dim"]]
        batch, height, width, channels = sizes
        return node["name"], [batch, channels, height, width]

    def _keep_channels(self, output: str, channels: int) -> None:
        """Cut the convolution that makes an output down to its first channels."""
        name = output
        while self.nodes[name]["op"] not in {"_FusedConv2D", "Conv2D"}:
            if self.nodes[name]["op"] not in {"Identity", "Sigmoid", "Mul"}:
                return  # keeps all; the check of the finished graph compares the shapes
            name = self.nodes[name]["input"][0]
        self.kept[name] = channels

    def visit(self, output: str, channels: int) -> None:
        """Convert an output's first channels, after all that it needs."""
        self._keep_channels(output, channels)
        todo = [output]
        while todo:
            name = todo[-1]
            node = self.nodes[name]
            missing = [
                one
                for one in node.get("input", ())
                if one not in self.done and self.nodes[one]["op"] != "Const"
            ]
            if name in self.done or not missing:
                todo.pop()
                if name not in self.done:
                    self._convert(name, node)
                    self.done.add(name)
            else:
                todo += missing

    def _convert(self, name: str, node: Node) -> None:
        operations: Mapping[str, Callable[[str, Node], None]] = {
            "Placeholder": lambda _name, _node: None,
            "_FusedConv2D": self._convolution,
            "Conv2D": self._convolution,
            "FusedDepthwiseConv2dNative": self._convolution,
            "DepthwiseConv2dNative": self._convolution,
            "Mul": self._arithmetic,
            "Add": self._arithmetic,
            "AddV2": self._arithmetic,
            "Relu": self._activation,
            "Relu6": self._activation,
            "Sigmoid": self._activation,
            "Identity": self._identity,
            "Mean": self._mean,
            "ConcatV2": self._concatenation,
            "ResizeBilinear": self._resize,
        }
        convert_one = operations.get(node["op"])
        if convert_one is None:
            raise UnknownOperation(f"operation {node['op']} at {name} cannot be converted")
        convert_one(name, node)

    def _convolution(self, name: str, node: Node) -> None:
        attributes = node["attr"]
        if _text(attributes, "data_format", "NHWC") != "NHWC":
            raise UnknownOperation(f"{node['op']} at {name} does not keep its channels last")
        fused = tuple(map(_decoded, attributes.get("fused_ops", {}).get("list", {}).get("s", ())))
        if fused not in FUSED:
            raise UnknownOperation(f"{'+'.join(fused)} in {node['op']} at {name} is not known")
        picture, kernel_name, *bias = node["input"]
        kernel = self._floats(kernel_name)
        depthwise = "Depthwise" in node["op"]
        keep = slice(self.kept.get(name))
        how = Convolution(
            kernel=(depthwise_kernel(kernel) if depthwise else full_kernel(kernel))[keep],
            bias=self._floats(bias[0]).reshape(-1)[keep] if bias else None,
            strides=_two(attributes, "strides"),
            dilations=_two(attributes, "dilations"),
            padding=cast("Padding", _text(attributes, "padding", "SAME")),
            groups=kernel.shape[2] if depthwise else 1,
            activation=FUSED[fused],
        )
        self.builder.convolution(picture, how, name)

    def _arithmetic(self, name: str, node: Node) -> None:
        kind = "Mul" if node["op"] == "Mul" else "Add"
        inputs = [self._operand(name, index, one) for index, one in enumerate(node["input"])]
        self.builder.add(kind, inputs, name)

    def _operand(self, name: str, index: int, source: str) -> str:
        """A value; a constant with a number for each channel is turned."""
        if source not in self.weights:
            return source
        values = self._floats(source)
        if values.ndim == 1 and values.size > 1:
            values = values.reshape(1, -1, 1, 1)
        elif values.ndim == 4:
            values = values.transpose(0, 3, 1, 2)
        elif values.size > 1:
            raise UnknownOperation(f"constant {source} of shape {values.shape} is not known")
        return self.builder.constant(f"{name}/{index}", values)

    def _activation(self, name: str, node: Node) -> None:
        self.builder.activation(node["op"], node["input"][0], name)

    def _identity(self, name: str, node: Node) -> None:
        self.builder.add("Identity", node["input"][:1], name)

    def _mean(self, name: str, node: Node) -> None:
        picture, axes = node["input"]
        if sorted(self.weights[axes].reshape(-1).tolist()) != [1, 2]:
            raise UnknownOperation(f"Mean at {name} is not over height and width")
        keeps = bool(node["attr"].get("keep_dims", {}).get("b"))
        self.builder.add("ReduceMean", [picture], name, axes=[2, 3], keepdims=int(keeps))

    def _concatenation(self, name: str, node: Node) -> None:
        *parts, axis = node["input"]
        if int(self.weights[axis].reshape(-1)[0]) not in {3, -1}:
            raise UnknownOperation(f"ConcatV2 at {name} does not join channels")
        self.builder.add("Concat", parts, name, axis=1)

    def _resize(self, name: str, node: Node) -> None:
        attributes = node["attr"]
        if attributes["align_corners"]["b"] or attributes.get("half_pixel_centers", {}).get("b"):
            raise UnknownOperation(f"ResizeBilinear at {name} places pixels in another way")
        self.builder.doubled(node["input"][0], name)

    def _floats(self, name: str) -> NDArray[np.float32]:
        return np.asarray(self.weights[name], dtype=np.float32)


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()


def _text(attributes: Mapping[str, Any], name: str, otherwise: str) -> str:
    return _decoded(attributes[name]["s"]) if name in attributes else otherwise


def _two(attributes: Mapping[str, Any], name: str) -> tuple[int, int]:
    """Values of an attribute for height and width."""
    _, height, width, _ = (int(one) for one in attributes[name]["list"]["i"])
    return height, width
