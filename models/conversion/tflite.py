"""Graphs of TensorFlow Lite, a `.tflite` with 16 or 32 bits a weight, in ONNX."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import tflite
from numpy.typing import NDArray

from models.conversion.builder import (
    Activation,
    Builder,
    Convolution,
    Padding,
    UnknownOperation,
)

ACTIVATIONS: Mapping[int, Activation] = {
    tflite.ActivationFunctionType.NONE: "",
    tflite.ActivationFunctionType.RELU: "Relu",
    tflite.ActivationFunctionType.RELU6: "Relu6",
}
PADDINGS: Mapping[int, Padding] = {tflite.Padding.SAME: "SAME", tflite.Padding.VALID: "VALID"}
TYPES = {tflite.TensorType.FLOAT32: "<f4", tflite.TensorType.FLOAT16: "<f2"}
NAMES = {value: name for name, value in vars(tflite.BuiltinOperator).items() if name.isupper()}


def convert(source: bytes | Path, output_shape: tuple[int, ...]) -> onnx.ModelProto:
    """Convert a graph; its outputs are joined along their last axis.

    Args:
        source: The file, or its bytes.
        output_shape: Shape of the joined output.

    Raises:
        UnknownOperation: Names the operation and the value at fault.
    """
    data = source.read_bytes() if isinstance(source, Path) else source
    reader = _Reader(tflite.Model.GetRootAsModel(data, 0))
    return reader.convert(output_shape)


@dataclass(slots=True)
class _Reader:
    """Converts a model's one graph, operation by operation.

    Attributes:
        model: The model.
        builder: Receives the operations.
        constants: Constants by number of their value.
        rows: Values that are no pictures any more, but have one row for each box.
    """

    model: Any
    builder: Builder = field(default_factory=Builder)
    constants: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    rows: set[int] = field(default_factory=set)

    @property
    def graph(self) -> Any:
        return self.model.Subgraphs(0)

    def convert(self, output_shape: tuple[int, ...]) -> onnx.ModelProto:
        """Convert all operations."""
        for number in range(self.graph.OperatorsLength()):
            self._convert(self.graph.Operators(number))
        [given] = self.graph.InputsAsNumpy().tolist()
        outputs = [self._name(one) for one in self.graph.OutputsAsNumpy().tolist()]
        self.builder.add("Concat", outputs, "output", axis=-1)
        batch, height, width, channels = self._shape(given)
        shape = [batch, channels, height, width]
        return self.builder.model((self._name(given), shape), ("output", output_shape))

    def _convert(self, operator: Any) -> None:
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        kind = NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        inputs = operator.InputsAsNumpy().tolist()
        [output] = operator.OutputsAsNumpy().tolist()
        operations: Mapping[str, Callable[[Any, list[int], int], None]] = {
            "DEQUANTIZE": self._widened,
            "CONV_2D": self._full_convolution,
            "DEPTHWISE_CONV_2D": self._depthwise_convolution,
            "ADD": self._sum,
            "RESHAPE": self._reshaped,
            "CONCATENATION": self._joined,
        }
        convert_one = operations.get(kind)
        if convert_one is None:
            name = self._name(output)
            raise UnknownOperation(f"operation {kind} at {name} cannot be converted")
        convert_one(operator, inputs, output)

    def _widened(self, _operator: Any, inputs: list[int], output: int) -> None:
        self.constants[output] = self._constant(inputs[0])

    def _full_convolution(self, operator: Any, inputs: list[int], output: int) -> None:
        options = _options(operator, tflite.Conv2DOptions())
        kernel = self._constant(inputs[1]).transpose(0, 3, 1, 2)
        self._convolution(options, kernel, 1, inputs, output)

    def _depthwise_convolution(self, operator: Any, inputs: list[int], output: int) -> None:
        options = _options(operator, tflite.DepthwiseConv2DOptions())
        kernel = self._constant(inputs[1]).transpose(3, 0, 1, 2)
        groups = len(kernel) // options.DepthMultiplier()
        self._convolution(options, kernel, groups, inputs, output)

    def _convolution(
        self,
        options: Any,
        kernel: NDArray[np.float32],
        groups: int,
        inputs: list[int],
        output: int,
    ) -> None:
        how = Convolution(
            kernel=kernel,
            bias=self._constant(inputs[2]),
            strides=(options.StrideH(), options.StrideW()),
            dilations=(options.DilationHFactor(), options.DilationWFactor()),
            padding=PADDINGS[options.Padding()],
            groups=groups,
            activation=self._activation(options, output),
        )
        self.builder.convolution(self._name(inputs[0]), how, self._name(output))

    def _sum(self, operator: Any, inputs: list[int], output: int) -> None:
        if self._activation(_options(operator, tflite.AddOptions()), output):
            raise UnknownOperation(f"ADD at {self._name(output)} has an activation")
        self.builder.add("Add", [self._name(one) for one in inputs], self._name(output))

    def _reshaped(self, _operator: Any, inputs: list[int], output: int) -> None:
        """A picture gets its channels last before, the order of the source's numbers."""
        name, source = self._name(output), self._name(inputs[0])
        if inputs[0] not in self.rows:
            self.builder.add("Transpose", [source], f"{name}/last", perm=[0, 2, 3, 1])
            source = f"{name}/last"
        self.rows.add(output)
        shape = np.array(self._shape(output), dtype=np.int64)
        self.builder.add("Reshape", [source, self.builder.constant(f"{name}/shape", shape)], name)

    def _joined(self, operator: Any, inputs: list[int], output: int) -> None:
        options = _options(operator, tflite.ConcatenationOptions())
        if not self.rows.issuperset(inputs):
            raise UnknownOperation(f"CONCATENATION at {self._name(output)} joins pictures")
        self.rows.add(output)
        names = [self._name(one) for one in inputs]
        self.builder.add("Concat", names, self._name(output), axis=options.Axis())

    def _activation(self, options: Any, output: int) -> Activation:
        kind = options.FusedActivationFunction()
        if kind not in ACTIVATIONS:
            raise UnknownOperation(f"activation {kind} at {self._name(output)} is not known")
        return ACTIVATIONS[kind]

    def _constant(self, number: int) -> NDArray[np.float32]:
        if number in self.constants:
            return self.constants[number]
        tensor = self.graph.Tensors(number)
        buffer = self.model.Buffers(tensor.Buffer())
        if tensor.Type() not in TYPES or buffer.DataLength() == 0:
            raise UnknownOperation(f"{self._name(number)} is no constant of 16 or 32 bits")
        values = np.frombuffer(buffer.DataAsNumpy().tobytes(), TYPES[tensor.Type()])
        return cast("NDArray[np.float32]", values.astype(np.float32).reshape(self._shape(number)))

    def _name(self, number: int) -> str:
        """Names need not be unique in the source, so the number goes with it."""
        return f"{self.graph.Tensors(number).Name().decode()}:{number}"

    def _shape(self, number: int) -> list[int]:
        return [int(size) for size in self.graph.Tensors(number).ShapeAsNumpy()]


def _options(operator: Any, options: Any) -> Any:
    """Options of an operation, read as what they are."""
    table = operator.BuiltinOptions()
    options.Init(table.Bytes, table.Pos)
    return options
