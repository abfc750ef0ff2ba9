"""Reading boxes out of the outputs of the four families of graphs."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from models.detectors import ssd
from models.detectors.boxes import Boxes
from models.detectors.layouts import (
    CENTERNET,
    SSD,
    YOLO,
    YOLOX,
    Layout,
    UnknownLayout,
    cell_count,
    grid,
    layout_of,
)

SIZE = (416, 416)

OutputOf = Callable[..., NDArray[np.float32]]


def yolox_output(boxes: Boxes, scores: list[float], class_index: int = 0) -> NDArray[np.float32]:
    """The output of YOLOX for these boxes, from an independent inverse of its head."""
    output = np.zeros((cell_count(SIZE), 85), dtype=np.float32)
    for (x_min, y_min, x_max, y_max), score in zip(boxes, scores, strict=True):
        stride, first = 16, 52 * 52
        x, y = (x_min + x_max) / 2 / stride, (y_min + y_max) / 2 / stride
        row = first + int(y) * 26 + int(x)
        output[row, 0:2] = x - int(x), y - int(y)
        output[row, 2:4] = np.log((x_max - x_min) / stride), np.log((y_max - y_min) / stride)
        output[row, 4] = 0.9
        output[row, 5 + class_index] = score / 0.9
    return output


def yolo_output(boxes: Boxes, scores: list[float], class_index: int = 0) -> NDArray[np.float32]:
    output = np.zeros((84, cell_count(SIZE)), dtype=np.float32)
    for i, ((x_min, y_min, x_max, y_max), score) in enumerate(zip(boxes, scores, strict=True)):
        output[:4, 7 * i] = (x_min + x_max) / 2, (y_min + y_max) / 2, x_max - x_min, y_max - y_min
        output[4 + class_index, 7 * i] = score
    return output


BOXES = np.array([[40.0, 50, 80, 150], [200, 100, 260, 300]])


@pytest.mark.parametrize(
    ("layout", "output"), [(YOLOX, yolox_output), (YOLO, yolo_output)], ids=["yolox", "yolo"]
)
class TestBothLayouts:
    def test_people_come_out_where_the_graph_put_them(
        self, layout: Layout, output: OutputOf
    ) -> None:
        boxes, scores = layout.people(output(BOXES, [0.5, 0.8]), SIZE, 0.1, 0.5)

        np.testing.assert_allclose(boxes, BOXES[::-1], atol=1e-3)
        np.testing.assert_allclose(scores, [0.8, 0.5], atol=1e-6)

    def test_scores_below_the_threshold_are_left_out(
        self, layout: Layout, output: OutputOf
    ) -> None:
        boxes, _ = layout.people(output(BOXES, [0.5, 0.29]), SIZE, 0.3, 0.5)

        np.testing.assert_allclose(boxes, BOXES[:1], atol=1e-3)

    def test_what_is_a_bicycle_first_is_no_person(self, layout: Layout, output: OutputOf) -> None:
        both = output(BOXES, [0.9, 0.9], class_index=1)
        row = both[:, 5] if layout is YOLOX else both[4]
        row[both.max(axis=1 if layout is YOLOX else 0) > 0] = 0.4
        assert (row == 0.4).sum() == 2

        boxes, _ = layout.people(both, SIZE, 0.1, 0.5)

        assert len(boxes) == 0

    def test_of_two_boxes_on_one_person_the_better_stays(
        self, layout: Layout, output: OutputOf
    ) -> None:
        on_one = np.array([[40.0, 50, 80, 150], [40, 50, 100, 170]])

        boxes, scores = layout.people(output(on_one, [0.4, 0.6]), SIZE, 0.1, 0.45)

        np.testing.assert_allclose(boxes, on_one[1:], atol=1e-3)
        np.testing.assert_allclose(scores, [0.6], atol=1e-6)

    def test_each_person_has_one_class_of_those_that_show_people(
        self, layout: Layout, output: OutputOf
    ) -> None:
        both = np.maximum(output(BOXES, [0.5, 0.0]), output(BOXES, [0.0, 0.8], class_index=1))
        third = output(BOXES[:1], [0.9], class_index=2)

        boxes, scores, kinds = layout.people_by_class(both, SIZE, 0.1, 0.5, [0, 1])

        np.testing.assert_allclose(boxes, BOXES[::-1], atol=1e-3)
        np.testing.assert_allclose(scores, [0.8, 0.5], atol=1e-6)
        assert kinds.tolist() == [1, 0]
        assert len(layout.people_by_class(third, SIZE, 0.1, 0.5, [0, 1])[0]) == 0

    def test_an_empty_scene_has_no_people(self, layout: Layout, output: OutputOf) -> None:
        boxes, scores = layout.people(output(BOXES[:0], []), SIZE, 0.1, 0.5)

        assert boxes.shape == (0, 4)
        assert scores.shape == (0,)


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((1, 3549, 85), (416, 416), YOLOX),
        ((1, 8400, 6), (640, 640), YOLOX),
        ((1, 84, 8400), (640, 640), YOLO),
        ((1, 5, 3549), (416, 416), YOLO),
        ((1, 5, 128, 128), (512, 512), CENTERNET),
        ((1, 5, 96, 160), (640, 384), CENTERNET),
        ((1, 1917, 28), (300, 300), SSD),
    ],
)
def test_the_output_shape_decides_the_layout(
    shape: tuple[int, ...], size: tuple[int, int], expected: Layout
) -> None:
    assert layout_of(shape, size) is expected


@pytest.mark.parametrize(
    "shape",
    [
        (1, 300, 6),
        (1, 1000),
        (1, 3549, 5),
        (1, 4, 3549),
        (1, 84, 8400),
        (2, 3549, 85),
        (1, 3549, 3549),
    ],
    ids=str,
)
def test_an_output_of_another_shape_is_refused_by_its_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(UnknownLayout) as refused:
        layout_of(shape, SIZE)

    assert str(shape) in str(refused.value)
    assert "(1, 3549, 85)" in str(refused.value)
    assert "(1, 84, 3549)" in str(refused.value)


def test_pixels_are_what_each_family_was_trained_with() -> None:
    image = np.zeros((416, 416, 3), dtype=np.uint8)
    image[10, 20] = (51, 102, 255)  # blue, green, red

    yolox, yolo = YOLOX.pixels([image]), YOLO.pixels([image])

    assert yolox.dtype == yolo.dtype == np.float32
    assert yolox[0, :, 10, 20].tolist() == [51, 102, 255]
    np.testing.assert_allclose(yolo[0, :, 10, 20], [1.0, 0.4, 0.2])
    assert (YOLOX.letterbox(480, 360, SIZE).top, YOLO.letterbox(480, 360, SIZE).top) == (0, 52)


def test_the_grid_counts_its_cells_row_by_row_finest_first() -> None:
    cells, strides = grid((64, 32))

    assert len(cells) == cell_count((64, 32)) == 32 + 8 + 2
    assert cells[:9].tolist() == [[x, 0] for x in range(8)] + [[0, 1]]
    assert strides.tolist() == [8] * 32 + [16] * 8 + [32] * 2


def heat_map(boxes: Boxes, scores: list[float]) -> NDArray[np.float32]:
    """What CenterNet would say for these boxes: a peak in the cell of each middle."""
    output = np.zeros((5, 104, 104), dtype=np.float32)
    for (x_min, y_min, x_max, y_max), score in zip(boxes, scores, strict=True):
        column, row = int((x_min + x_max) / 8), int((y_min + y_max) / 8)
        output[0, row - 1 : row + 2, column - 1 : column + 2] = score / 2
        output[0, row, column] = score
        edges = 4 * column - x_min, 4 * row - y_min, x_max - 4 * column, y_max - 4 * row
        output[1:, row, column] = edges
    return output


def anchor_rows(boxes: Boxes, scores: list[float]) -> NDArray[np.float32]:
    """What SSD would say for these boxes, each at the anchor that fits it best."""
    output = np.full((1917, 28), -9.0, dtype=np.float32)
    output[:, :4] = 0.0
    for box, score in zip(boxes / SIZE[0], scores, strict=True):
        centre, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
        fits = np.abs(ssd.anchors() - [*centre, *size]).sum(axis=1)
        row = int(fits.argmin())
        x, y, width, height = ssd.anchors()[row]
        output[row, 0] = 10 * (centre[1] - y) / height
        output[row, 1] = 10 * (centre[0] - x) / width
        output[row, 2] = 5 * np.log(size[1] / height)
        output[row, 3] = 5 * np.log(size[0] / width)
        output[row, 8] = np.log(score / (1 - score))
    return output


@pytest.mark.parametrize(
    ("layout", "output"), [(CENTERNET, heat_map), (SSD, anchor_rows)], ids=["centernet", "ssd"]
)
def test_people_come_out_where_the_map_and_the_anchors_have_them(
    layout: Layout, output: OutputOf
) -> None:
    boxes, scores = layout.people(output(BOXES, [0.5, 0.8]), SIZE, 0.3, 0.5)

    np.testing.assert_allclose(boxes, BOXES[::-1], atol=1e-2)
    np.testing.assert_allclose(scores, [0.8, 0.5], atol=1e-6)


def test_what_ssd_takes_for_a_dog_first_is_no_person() -> None:
    output = anchor_rows(BOXES, [0.5, 0.8])
    output[:, 20] = 3.0

    assert len(SSD.people(output, SIZE, 0.3, 0.5)[0]) == 0


def test_ssd_has_the_anchors_of_its_six_layers() -> None:
    centres, sizes = ssd.anchors()[:, :2], ssd.anchors()[:, 2:]

    assert len(ssd.anchors()) == 1917
    np.testing.assert_allclose(sizes[0], [0.1, 0.1])
    np.testing.assert_allclose(sizes[1], [0.2 * 2**0.5, 0.2 / 2**0.5])
    np.testing.assert_allclose(centres[-1], [0.5, 0.5])
    np.testing.assert_allclose(sizes[-1], [0.95**0.5, 0.95**0.5])


def test_each_family_has_its_own_pixels() -> None:
    image = np.zeros((2, 2, 3), dtype=np.uint8)
    image[:, :, 2] = 255  # red, of blue-green-red

    red_first = [1.0, 0.0, 0.0]
    assert YOLOX.pixels([image])[0, :, 0, 0].tolist() == [0, 0, 255]
    np.testing.assert_allclose(YOLO.pixels([image])[0, :, 0, 0], red_first, atol=1e-6)
    assert CENTERNET.pixels([image])[0, :, 0, 0].tolist() == [255, 0, 0]
    np.testing.assert_allclose(SSD.pixels([image])[0, :, 0, 0], [1, -1, -1], atol=1e-6)


def test_a_squeezed_picture_comes_back_in_its_own_shape() -> None:
    fit = SSD.letterbox(768, 432, (300, 300))

    assert (fit.resized_width, fit.resized_height) == (300, 300)
    np.testing.assert_allclose(
        fit.to_image(np.array([[0.0, 0, 300, 300]])), [[0.0, 0, 768, 432]], atol=1e-9
    )
