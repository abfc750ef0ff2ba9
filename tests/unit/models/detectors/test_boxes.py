"""Overlap, suppression and the letterbox."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from models.detectors.boxes import (
    PADDING,
    Boxes,
    Letterbox,
    clip,
    cxcywh_to_xyxy,
    iou,
    nms,
    xywh_to_xyxy,
    xyxy_to_xywh,
)

sizes = st.integers(min_value=1, max_value=4000)


@st.composite
def boxes(draw: st.DrawFn, most: int = 30) -> Boxes:
    count = draw(st.integers(0, most))
    numbers = draw(hnp.arrays(np.int64, (count, 4), elements=st.integers(0, 40)))
    return xywh_to_xyxy(numbers.astype(np.float64))


def one_iou(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Overlap of one pair of boxes by the textbook formula."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    both = max(width, 0) * max(height, 0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return float(both / (areas - both)) if areas - both > 0 else 0.0


@given(boxes(), boxes())
def test_overlap_is_the_textbooks(first: Boxes, second: Boxes) -> None:
    expected = [[one_iou(a, b) for b in second] for a in first]

    assert iou(first, second).shape == (len(first), len(second))
    np.testing.assert_allclose(
        iou(first, second), np.reshape(expected, (len(first), len(second))), atol=1e-12
    )


@given(boxes(), st.data(), st.floats(0.05, 0.95))
def test_suppression_keeps_a_box_unless_a_better_kept_one_of_its_class_covers_it(
    some: Boxes, data: st.DataObject, threshold: float
) -> None:
    count = len(some)
    scores = data.draw(hnp.arrays(np.float64, count, elements=st.floats(0, 1, width=16)))
    classes = data.draw(hnp.arrays(np.int64, count, elements=st.integers(0, 2)))
    order = sorted(range(count), key=lambda i: (-scores[i], *some[i]))
    expected: list[int] = []
    for i in order:
        rivals = [k for k in expected if classes[k] == classes[i]]
        if all(one_iou(some[i], some[k]) <= threshold for k in rivals):
            expected.append(i)

    kept = nms(some, scores, threshold, classes)

    assert some[expected].tolist() == some[kept].tolist()
    assert scores[expected].tolist() == scores[kept].tolist()


@given(boxes(), st.randoms(use_true_random=False))
def test_the_order_in_which_a_model_gives_its_boxes_changes_nothing(
    some: Boxes, random: object
) -> None:
    scores = np.round(np.linspace(1, 0, len(some)) if len(some) else np.empty(0), 1)
    shuffled = np.arange(len(some))
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    one = nms(some, scores, 0.5)
    other = shuffled[nms(some[shuffled], scores[shuffled], 0.5)]

    assert some[one].tolist() == some[other].tolist()


def test_boxes_of_different_classes_do_not_suppress_each_other() -> None:
    same_position = np.array([[0.0, 0, 10, 10]] * 3)
    kept = nms(same_position, np.array([0.9, 0.8, 0.7]), 0.5, np.array([0, 1, 0]))

    assert kept.tolist() == [0, 1]


@given(boxes())
def test_corner_and_size_forms_are_inverse(some: Boxes) -> None:
    assert xywh_to_xyxy(xyxy_to_xywh(some)).tolist() == some.tolist()
    centres = np.hstack([(some[:, :2] + some[:, 2:]) / 2, some[:, 2:] - some[:, :2]])
    assert cxcywh_to_xyxy(centres).tolist() == some.tolist()


def test_clipping_cuts_at_the_image_and_moves_nothing_inside() -> None:
    given_boxes = np.array([[-5.0, -5, 5, 5], [10, 10, 20, 20], [90, 40, 200, 200]])

    assert clip(given_boxes, 100, 50).tolist() == [
        [0, 0, 5, 5],
        [10, 10, 20, 20],
        [90, 40, 100, 50],
    ]


@given(sizes, sizes, st.sampled_from([(416, 416), (640, 640), (640, 384)]), st.booleans())
def test_a_box_comes_back_from_the_letterbox_where_it_was(
    width: int, height: int, canvas: tuple[int, int], centred: bool
) -> None:
    fit = Letterbox.fit(width, height, *canvas, centred=centred)
    some = np.array([[0.0, 0, width, height], [width / 3, height / 4, width / 2, height / 2]])

    np.testing.assert_allclose(fit.to_image(fit.to_canvas(some)), some, atol=1e-6)


@given(sizes, sizes, st.booleans())
def test_the_letterboxed_image_fills_one_side_and_never_leaves_the_canvas(
    width: int, height: int, centred: bool
) -> None:
    fit = Letterbox.fit(width, height, 416, 416, centred=centred)
    [[x_min, y_min, x_max, y_max]] = fit.to_canvas(np.array([[0.0, 0, width, height]])).round(6)

    assert 0 <= x_min < x_max <= 416
    assert 0 <= y_min < y_max <= 416
    assert 416 in (x_max - x_min, y_max - y_min)
    if not centred:
        assert (x_min, y_min) == (0, 0)


@pytest.mark.parametrize(("centred", "top"), [(False, 0), (True, 52)])
def test_the_rest_of_the_canvas_is_grey(centred: bool, top: int) -> None:
    fit = Letterbox.fit(480, 360, 416, 416, centred=centred)
    canvas = fit.apply(np.full((360, 480, 3), 200, dtype=np.uint8))

    assert canvas.shape == (416, 416, 3)
    assert (canvas[top : top + 312] == 200).all()
    assert (np.delete(canvas, range(top, top + 312), axis=0) == PADDING).all()


def test_a_spot_of_the_image_is_found_at_its_position_on_the_canvas() -> None:
    image = np.zeros((360, 480, 3), dtype=np.uint8)
    image[100:200, 300:360] = 255
    fit = Letterbox.fit(480, 360, 640, 640, centred=True)
    canvas = fit.apply(image)

    rows, columns = np.nonzero(canvas[:, :, 0] == 255)
    seen = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], dtype=float)

    np.testing.assert_allclose(fit.to_image(seen), [[300, 100, 360, 200]], atol=1.0)
