"""Small ONNX detectors, written byte by byte, so that a graph's output is known exactly.

`output = reported + brightness * gain`, where `brightness` is the mean of the input's numbers. The
few protobuf messages that the format needs are encoded here, after onnx.proto3.
"""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_FLOAT = 1
_OPSET = 13


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(raw)) + raw


def _tensor(name: str, values: Floats) -> bytes:
    dims = b"".join(_number(1, size) for size in values.shape)
    return dims + _number(2, _FLOAT) + _bytes(8, name) + _bytes(9, values.astype("<f4").tobytes())


def _value(name: str, shape: tuple[int | str, ...]) -> bytes:
    dims = b"".join(
        _bytes(1, _number(1, size) if isinstance(size, int) else _bytes(2, size)) for size in shape
    )
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, _FLOAT) + _bytes(2, dims)))


def _ints(name: str, values: list[int]) -> bytes:
    packed = b"".join(_number(8, value) for value in values)
    return _bytes(1, name) + packed + _number(20, 7)


def _int(name: str, value: int) -> bytes:
    return _bytes(1, name) + _number(3, value) + _number(20, 2)


def _node(kind: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    return b"".join(
        [
            *(_bytes(1, name) for name in inputs),
            _bytes(2, output),
            _bytes(4, kind),
            *(_bytes(5, attribute) for attribute in attributes),
        ]
    )


def write_detector(
    path: Path,
    reported: Floats,
    *,
    input_shape: tuple[int | str, ...],
    gain: Floats | None = None,
) -> Path:
    """Write a graph that outputs `reported` for every image, plus brightness times `gain`.

    Args:
        path: File to write.
        reported: Output for one black image, of any shape without the batch.
        input_shape: `(B, 3, H, W)`; a name leaves a size open.
        gain: Increase of each output number per unit of brightness; None for no increase.
    """
    gains = np.zeros_like(reported) if gain is None else gain
    batch = input_shape[0]
    nodes = [
        _node("ReduceMean", ["images"], "plane", _ints("axes", [1]), _int("keepdims", 0)),
        _node("ReduceMean", ["plane"], "mean", _ints("axes", [1, 2]), _int("keepdims", 0)),
        _node("Reshape", ["mean", "shape"], "brightness"),
        _node("Mul", ["brightness", "gain"], "change"),
        _node("Add", ["change", "told"], "output"),
    ]
    shape = struct.pack(f"<{reported.ndim + 1}q", -1, *([1] * reported.ndim))
    shape_tensor = (
        _number(1, reported.ndim + 1) + _number(2, 7) + _bytes(8, "shape") + _bytes(9, shape)
    )
    graph = b"".join(
        [
            *(_bytes(1, node) for node in nodes),
            _bytes(2, "detector"),
            _bytes(5, _tensor("told", reported[None])),
            _bytes(5, _tensor("gain", gains[None])),
            _bytes(5, shape_tensor),
            _bytes(11, _value("images", input_shape)),
            _bytes(12, _value("output", (batch, *reported.shape))),
        ]
    )
    path.write_bytes(_number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, _OPSET)))
    return path


def write_colour_detector(
    path: Path, classes: Floats, *, size: tuple[int, int], box: tuple[int, int], names: str = ""
) -> Path:
    """Write a graph of YOLOX's layout that finds rectangles of one size by their colour.

    The score of a class at a place is the mean over the box there of the colour times the class's
    weights.

    Args:
        path: File to write.
        classes: Weight of blue, green and red for each class, shape `(C, 3)`.
        size: Width and height of the input, px, multiples of 32.
        box: Width and height of the rectangles, px, multiples of 8.
        names: Text for the metadata `names`; none when empty.
    """
    (width, height), (across, down) = size, box
    cells = [(width // stride) * (height // stride) for stride in (8, 16, 32)]
    fixed = np.zeros((sum(cells), 5 + len(classes)), np.float32)
    fixed[:, :2] = 0.5
    fixed[:, 2:4] = np.log([across / 8, down / 8])
    fixed[: cells[0], 4] = 1.0
    weights = np.hstack([np.zeros((3, 5), np.float32), (classes.T / 255).astype(np.float32)])
    beside, above = (across - 8) // 2, (down - 8) // 2
    nodes = [
        _node(
            "AveragePool",
            ["images"],
            "pooled",
            _ints("kernel_shape", [down, across]),
            _ints("strides", [8, 8]),
            _ints("pads", [above, beside, above, beside]),
            _int("count_include_pad", 1),
        ),
        _node("Reshape", ["pooled", "rows"], "fine"),
        _node("Pad", ["fine", "rest"], "all"),
        _node("Transpose", ["all"], "colours", _ints("perm", [0, 2, 1])),
        _node("MatMul", ["colours", "weights"], "scores"),
        _node("Add", ["scores", "fixed"], "output"),
    ]
    graph = b"".join(
        [
            *(_bytes(1, node) for node in nodes),
            _bytes(2, "detector"),
            _bytes(5, _tensor("fixed", fixed[None])),
            _bytes(5, _tensor("weights", weights)),
            _bytes(5, _whole_numbers("rows", [0, 3, -1])),
            _bytes(5, _whole_numbers("rest", [0, 0, 0, 0, 0, sum(cells[1:])])),
            _bytes(11, _value("images", ("batch", 3, height, width))),
            _bytes(12, _value("output", ("batch", *fixed.shape))),
        ]
    )
    model = _number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, _OPSET))
    if names:
        model += _bytes(14, _bytes(1, "names") + _bytes(2, names))
    path.write_bytes(model)
    return path


def _whole_numbers(name: str, values: list[int]) -> bytes:
    data = struct.pack(f"<{len(values)}q", *values)
    return _number(1, len(values)) + _number(2, 7) + _bytes(8, name) + _bytes(9, data)
