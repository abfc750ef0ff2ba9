"""A graph of TensorFlow.js computes the same in ONNX, or its conversion names what it cannot."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from models.conversion import tfjs
from models.conversion.__main__ import NOT_CONVERTIBLE, main
from models.conversion.builder import UnknownOperation
from tests.support.tfjs_graphs import TfjsGraph, convolved, ints, text, texts

Floats = NDArray[np.float32]

CHANCE = np.random.default_rng(7)
HEIGHT, WIDTH = 9, 7


def halves(*shape: int) -> Floats:
    """Random numbers that 16 bits hold exactly."""
    return np.asarray(np.round(CHANCE.uniform(-2, 2, shape) * 64) / 64, dtype=np.float32)


def run(model: onnx.ModelProto, picture: Floats) -> Floats:
    """Output of a converted graph for a picture `(H, W, C)`, channels last."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    [given] = session.get_inputs()
    [output] = session.run(None, {given.name: picture.transpose(2, 0, 1)[None]})
    first: Floats = np.asarray(output, dtype=np.float32)[0]
    return first.transpose(1, 2, 0)


def window(stride: int, padding: str) -> dict[str, object]:
    return {
        "strides": ints(1, stride, stride, 1),
        "dilations": ints(1, 1, 1, 1),
        "padding": text(padding),
        "data_format": text("NHWC"),
    }


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("depthwise", [False, True], ids=["full", "depthwise"])
def test_a_convolution_gives_the_numbers_of_tensorflow(
    depthwise: bool, stride: int, padding: str, tmp_path: Path
) -> None:
    graph = TfjsGraph(HEIGHT, WIDTH, 3)
    kernel = halves(3, 2, 3, 2) if depthwise else halves(3, 2, 3, 4)
    bias = halves(6 if depthwise else 4)
    op = "FusedDepthwiseConv2dNative" if depthwise else "_FusedConv2D"
    inputs = ["image", graph.constant("kernel", kernel), graph.constant("bias", bias)]
    graph.node("out", op, inputs, fused_ops=texts("BiasAdd", "Relu6"), **window(stride, padding))
    picture = halves(HEIGHT, WIDTH, 3)
    expected = convolved(picture, kernel, stride, padding=padding, depthwise=depthwise) + bias
    rows, columns, channels = expected.shape

    model = tfjs.convert(graph.write(tmp_path), {"out": channels}, (1, channels, rows, columns))

    np.testing.assert_allclose(run(model, picture), expected.clip(0, 6), atol=1e-5)


def test_all_that_is_between_convolutions_gives_the_numbers_of_tensorflow(
    tmp_path: Path,
) -> None:
    graph = TfjsGraph(4, 6, 2)
    scale, shift = halves(2), halves(1)
    graph.node("scaled", "Mul", ["image", graph.constant("scale", scale)])
    graph.node("shifted", "AddV2", ["scaled", graph.constant("shift", shift[0])])
    axes = graph.constant("axes", np.array([1, 2], dtype=np.int32))
    graph.node("mean", "Mean", ["shifted", axes], keep_dims={"b": True})
    graph.node("gate", "Sigmoid", ["mean"])
    graph.node("gated", "Mul", ["shifted", "gate"])
    axis = graph.constant("axis", np.array(3, dtype=np.int32))
    graph.node("joined", "ConcatV2", ["gated", "image", axis])
    size = graph.constant("size", np.array([8, 12], dtype=np.int32))
    graph.node(
        "large",
        "ResizeBilinear",
        ["joined", size],
        align_corners={"b": False},
        half_pixel_centers={"b": False},
    )
    kernel = np.eye(4, dtype=np.float32).reshape(1, 1, 4, 4)
    graph.node("out", "Conv2D", ["large", graph.constant("eye", kernel)], **window(1, "SAME"))
    picture = halves(4, 6, 2)
    shifted = picture * scale + shift
    gated = shifted / (1 + np.exp(-shifted.mean(axis=(0, 1))))
    joined = np.concatenate([gated, picture], axis=2)

    model = tfjs.convert(graph.write(tmp_path), {"out": 4}, (1, 4, 8, 12))
    large = run(model, picture)

    np.testing.assert_allclose(large[::2, ::2], joined, atol=1e-5)
    between = (joined[:-1] + joined[1:]) / 2
    np.testing.assert_allclose(large[1:-1:2, ::2], between, atol=1e-5)


def test_only_the_wanted_channels_are_computed(tmp_path: Path) -> None:
    graph = TfjsGraph(4, 4, 2)
    kernel = halves(1, 1, 2, 5)
    graph.node(
        "classes", "Conv2D", ["image", graph.constant("kernel", kernel)], **window(1, "SAME")
    )
    graph.node("out", "Sigmoid", ["classes"])
    picture = halves(4, 4, 2)

    model = tfjs.convert(graph.write(tmp_path), {"out": 1}, (1, 1, 4, 4))

    expected = 1 / (1 + np.exp(-(picture @ kernel[0, 0, :, :1])))
    np.testing.assert_allclose(run(model, picture), expected, atol=1e-5)


def test_an_operation_that_is_not_known_is_named_with_its_node(tmp_path: Path) -> None:
    graph = TfjsGraph(4, 4, 2)
    graph.node("head/softsign", "Softsign", ["image"])
    graph.node("out", "Identity", ["head/softsign"])

    with pytest.raises(UnknownOperation, match="Softsign at head/softsign cannot be converted"):
        tfjs.convert(graph.write(tmp_path), {"out": 2}, (1, 2, 4, 4))


def test_weights_that_are_cut_off_are_named(tmp_path: Path) -> None:
    graph = TfjsGraph(4, 4, 2)
    graph.constant("first", halves(4))
    graph.constant("second", halves(4))
    source = graph.write(tmp_path)
    weights = tmp_path / "graph.bin"
    weights.write_bytes(weights.read_bytes()[:-1])

    with pytest.raises(ValueError, match="the weights end before second"):
        tfjs.convert(source, {}, (1,))


def test_the_command_says_in_one_sentence_why_a_file_cannot_be_converted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "centernet.json"
    source.write_text("{}")

    assert main(["centernet", str(source), str(tmp_path / "out.onnx")]) == NOT_CONVERTIBLE
    assert capsys.readouterr().err.startswith("centernet.json cannot be converted: ")
    assert not (tmp_path / "out.onnx").exists()
