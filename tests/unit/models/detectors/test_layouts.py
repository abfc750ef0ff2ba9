"""Reading boxes out of the outputs of the two families of graphs."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from models.detectors.boxes import Boxes
from models.detectors.layouts import YOLO, YOLOX, Layout, UnknownLayout, cell_count, grid, layout_of

SIZE = (416, 416)

OutputOf = Callable[..., NDArray[np.float32]]


def yolox_output(boxes: Boxes, scores: list[float], class_index: int = 0) -> NDArray[np.float32]:
    """What YOLOX would say for these boxes: the inverse of its head, written down anew."""
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
