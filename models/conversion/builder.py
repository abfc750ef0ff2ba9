"""An ONNX graph in the making: operations of TensorFlow in, operations of ONNX out.

TensorFlow keeps the channels of a picture last, ONNX keeps them first. Only kernels and constants
have to be turned for that; pictures inside the graph are channels first from its input on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 13
IR_VERSION = 8

Floats = NDArray[np.float32]
Activation = Literal["", "Relu", "Relu6"]
Padding = Literal["SAME", "VALID"]


class UnknownOperation(ValueError):
    """A graph that cannot be converted; the message names the operation at fault."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Convolution:
    """How a kernel moves over a picture.

    Attributes:
        kernel: Shape `(out, in / groups, height, width)`.
        bias: One number for each output channel; None for none.
        strides: Steps down and to the right, px.
        dilations: Distance of the kernel's rows and columns, px.
        padding: `SAME` pads with zeros, an odd one below and to the right; `VALID` does not pad.
        groups: Parts of the channels that do not see each other.
        activation: What follows.
    """

    kernel: Floats
    bias: Floats | None
    strides: tuple[int, int]
    dilations: tuple[int, int]
    padding: Padding
    groups: int
    activation: Activation


def full_kernel(height_width_in_out: Floats) -> Floats:
    """Turn a kernel `(height, width, in, out)` of TensorFlow into ONNX's order."""
    return np.ascontiguousarray(height_width_in_out.transpose(3, 2, 0, 1))


def depthwise_kernel(height_width_in_times: Floats) -> Floats:
    """Turn a kernel `(height, width, in, times)` of TensorFlow into `(in x times, 1, ...)`."""
    height, width, channels, times = height_width_in_times.shape
    turned = height_width_in_times.transpose(2, 3, 0, 1)
    return np.ascontiguousarray(turned.reshape(channels * times, 1, height, width))


@dataclass(slots=True)
class Builder:
    """Collects nodes and constants; names of values are those of the source.

    Attributes:
        nodes: ONNX nodes, in an order in which they can run.
        constants: Weights and other fixed numbers.
    """

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        """Add a constant; returns its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> None:
        """Add a node."""
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))

    def convolution(self, picture: str, how: Convolution, output: str) -> None:
        """Add a convolution and what follows it."""
        inputs = [picture, self.constant(f"{output}/kernel", how.kernel)]
        if how.bias is not None:
            inputs.append(self.constant(f"{output}/bias", how.bias))
        plain = f"{output}/plain" if how.activation else output
        self.add(
            "Conv",
            inputs,
            plain,
            kernel_shape=list(how.kernel.shape[2:]),
            strides=list(how.strides),
            dilations=list(how.dilations),
            group=how.groups,
            auto_pad={"SAME": "SAME_UPPER", "VALID": "VALID"}[how.padding],
        )
        if how.activation:
            self.activation(how.activation, plain, output)

    def activation(self, kind: str, values: str, output: str) -> None:
        """Add `Relu`, `Relu6` or `Sigmoid`."""
        if kind == "Relu6":
            low = self.constant(f"{output}/low", np.array(0.0, dtype=np.float32))
            high = self.constant(f"{output}/high", np.array(6.0, dtype=np.float32))
            self.add("Clip", [values, low, high], output)
        else:
            self.add(kind, [values], output)

    def doubled(self, picture: str, output: str) -> None:
        """Add the doubling of a picture's sides, bilinear, pixel `(0, 0)` staying in its corner."""
        scales = self.constant(f"{output}/scales", np.array([1, 1, 2, 2], dtype=np.float32))
        self.add(
            "Resize",
            [picture, "", scales],
            output,
            mode="linear",
            coordinate_transformation_mode="asymmetric",
        )

    def model(
        self, given: tuple[str, Sequence[int]], gives: tuple[str, Sequence[int]]
    ) -> onnx.ModelProto:
        """The whole file, checked.

        Args:
            given: Name and shape of the input.
            gives: Name and shape of the output.
        """
        graph = helper.make_graph(
            self.nodes,
            "detector",
            [helper.make_tensor_value_info(given[0], TensorProto.FLOAT, given[1])],
            [helper.make_tensor_value_info(gives[0], TensorProto.FLOAT, gives[1])],
            self.constants,
        )
        model = helper.make_model(
            graph,
            producer_name="wardstream",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        onnx.checker.check_model(model, full_check=True)
        return model
