"""What a camera sees of a person: what is in the picture and not hidden by people in front.

Somebody in front hides a person from the top of their own head downwards, as their feet are nearer
and so lower in the picture. Detection rates and hidden bottoms are those of Faster R-CNN on
the recordings CMC1 and CMC2, by the share of a person that is visible.
"""

import math
from typing import Final

import numpy as np

from streams.domain.fusion.jit import compiled
from streams.domain.tracking.types import Matrix, Vector

COLUMNS: Final = 8
"""Columns of a person's outline in which the visible part is measured."""

LEAST_IN_PICTURE: Final = 0.02
"""A person of whom less is in the picture is out of view."""

_VISIBLE: Final = np.array([0.0, 0.1, 0.3, 0.5, 0.7, 1.0])
_DETECTED: Final = np.array([0.25, 0.45, 0.78, 0.9, 0.97, 0.985])
"""Detection rate by the visible share of a person."""

_LOWER_VISIBLE: Final = np.array([0.0, 0.2, 0.5, 0.9, 0.901])
_BOTTOM_WRONG: Final = np.array([0.74, 0.34, 0.14, 0.06, 0.02])
"""Share of bottom edges that are not the feet, by the visible share of the lower half."""


@compiled
def _interpolated(at: float, steps: Vector, values: Vector) -> float:
    if at <= steps[0]:
        return float(values[0])
    for k in range(1, len(steps)):
        if at <= steps[k]:
            part = (at - steps[k - 1]) / (steps[k] - steps[k - 1])
            return float(values[k - 1] + part * (values[k] - values[k - 1]))
    return float(values[-1])


@compiled
def share_in_picture(box: Vector, width: float, height: float) -> float:
    """Share of a box that is in the picture, 0 to 1."""
    wide = min(box[2], width) - max(box[0], 0.0)
    high = min(box[3], height) - max(box[1], 0.0)
    if wide <= 1.0 or high <= 1.0:
        return 0.0
    return float(wide * high / ((box[2] - box[0]) * (box[3] - box[1])))


@compiled
def _crossing(box: Vector, u: float) -> float:
    """Half of the height of a box's ellipse at a column; negative outside."""
    off = (2.0 * u - box[0] - box[2]) / (box[2] - box[0])
    inside = 1.0 - off * off
    if inside <= 0.0:
        return -1.0
    return float(0.5 * (box[3] - box[1]) * math.sqrt(inside))


@compiled
def hides(near: Vector, depth: float, box: Vector, own_depth: float) -> bool:
    """Whether somebody may hide a part of a person: nearer, and their boxes overlap."""
    return bool(
        0.0 < depth < own_depth
        and near[0] < box[2]
        and near[2] > box[0]
        and near[1] < box[3]
        and near[3] > box[1]
    )


@compiled
def visible_shares(boxes: Matrix, count: int, width: float, height: float) -> tuple[float, float]:
    """Which share of a person is visible, and which share of the lower half.

    Args:
        boxes: The person's box, then those of the people who may hide the person, px.
        count: How many may.
        width: Picture, px.
        height: Picture, px.
    """
    if count == 0:
        return 1.0, 1.0
    own = boxes[0]
    left, right = max(own[0], 0.0), min(own[2], width)
    top, bottom = max(own[1], 0.0), min(own[3], height)
    middle, centre = 0.5 * (top + bottom), 0.5 * (own[1] + own[3])
    whole = seen = lower = lower_seen = 0.0
    for column in range(COLUMNS):
        u = left + (right - left) * (column + 0.5) / COLUMNS
        half = _crossing(own, u)
        first, last = max(centre - half, top), min(centre + half, bottom)
        if half <= 0.0 or last <= first:
            continue
        end = last
        for k in range(1, count + 1):
            box = boxes[k]
            if box[0] < u < box[2] and box[1] < end and box[3] > first:
                other_half = _crossing(box, u)
                if other_half > 0.0:
                    end = max(min(end, 0.5 * (box[1] + box[3]) - other_half), first)
        whole += last - first
        seen += end - first
        if last > middle:
            start = max(middle, first)
            lower += last - start
            lower_seen += max(end - start, 0.0)
    return seen / max(whole, 1.0), lower_seen / max(lower, 1e-3)


@compiled
def detection_rate(visible: float, in_picture: float, most: float) -> float:
    """Probability that a detector finds a person.

    Args:
        visible: Visible share of what is in the picture.
        in_picture: Share of the person that is in the picture.
        most: Highest probability.
    """
    rate = _interpolated(visible * min(1.0, 1.3 * in_picture), _VISIBLE, _DETECTED)
    if in_picture < 0.3:
        rate *= in_picture / 0.3
    return min(rate, most)


@compiled
def wrong_bottom_share(lower_visible: float) -> float:
    """Probability that the bottom edge of a box is not where the feet are."""
    return _interpolated(lower_visible, _LOWER_VISIBLE, _BOTTOM_WRONG)
