"""The detector without weights, on drawn people."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.detectors.boxes import iou
from models.detectors.hog import HogDetector, score_of


def draw_person(image: NDArray[np.uint8], x: int, foot: int, height: int) -> list[float]:
    """A dark upright figure with legs apart; returns its box."""
    unit = height / 8
    head = (x, round(foot - 7.3 * unit))
    cv2.circle(image, head, round(0.6 * unit), (30, 30, 30), -1, cv2.LINE_AA)
    cv2.rectangle(
        image,
        (round(x - unit), round(foot - 6.6 * unit)),
        (round(x + unit), round(foot - 3.5 * unit)),
        (30, 30, 30),
        -1,
    )
    for side in (-1, 1):
        top = (round(x + side * 0.5 * unit), round(foot - 3.6 * unit))
        bottom = (round(x + side * 1.0 * unit), foot)
        cv2.line(image, top, bottom, (30, 30, 30), max(2, round(0.8 * unit)), cv2.LINE_AA)
    return [x - 1.6 * unit, foot - height, x + 1.6 * unit, float(foot)]


def scene(width: int, height: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 190, dtype=np.uint8)


def test_a_drawn_person_is_found_at_their_feet() -> None:
    image = scene(480, 360)
    person = draw_person(image, 240, 300, 150)

    [found] = HogDetector(threads=1).detect([image])

    assert found, "nobody was found"
    best = found[0]
    box = np.array([[best["x_min"], best["y_min"], best["x_max"], best["y_max"]]])
    assert iou(box, np.array([person]))[0, 0] > 0.5
    assert 0.18 <= best["score"] <= 1


def test_an_empty_scene_has_nobody_in_it() -> None:
    assert HogDetector(threads=1).detect([scene(480, 360)]) == [[]]


@pytest.mark.parametrize("size", [(40, 40), (64, 128), (2000, 100), (1920, 1080)], ids=str)
def test_images_of_any_size_are_taken(size: tuple[int, int]) -> None:
    [found] = HogDetector(threads=1).detect([scene(*size)])

    assert found == []


def test_the_same_image_gives_the_same_boxes() -> None:
    image = scene(480, 360)
    draw_person(image, 240, 300, 150)
    draw_person(image, 100, 320, 180)

    one, other = HogDetector(threads=1).detect([image, image])

    assert one == other
    assert one == sorted(one, key=lambda found: (-found["score"], found["x_min"]))


def test_scores_rise_with_the_margin_and_stay_between_zero_and_one() -> None:
    scores = [score_of(margin) for margin in (-50.0, 0.0, 0.5, 1.0, 3.0, 50.0)]

    assert scores == sorted(scores)
    assert min(scores) >= 0
    assert max(scores) <= 1
