"""One camera's tracks on the floor: where the feet of a box stand, in metres.

A box of the results is scored as the point under the middle of its lower edge, and is a person
when it is less than half a metre away: similarity is `1 - distance / 1 m`.
"""

from dataclasses import dataclass, replace

import numpy as np

from models.datasets.motchallenge import BoxTable

Floats = np.ndarray

AREA_M = (1.5, 6.5)
"""Results outside these x are dropped: the annotated part of the room begins there."""

EDGE_PX = 2.0
"""A box that ends so near to the lower edge of the picture does not show the feet."""


@dataclass(frozen=True, slots=True)
class FloorPlan:
    """The plane of the floor as one camera sees it.

    Attributes:
        to_picture: Shape `(3, 3)`: homogeneous floor point (m) to pixel.
        to_floor: Its inverse.
        size: Width and height of the picture, px.
    """

    to_picture: Floats
    to_floor: Floats
    size: tuple[int, int]

    @classmethod
    def of(cls, projection: Floats, size: tuple[int, int]) -> "FloorPlan":
        """From a camera's projection matrix, shape `(3, 4)`; the floor is `Z = 0`."""
        to_picture = np.asarray(projection)[:, [0, 1, 3]]
        return cls(to_picture, np.linalg.inv(to_picture), size)

    def on_floor(self, tracks: BoxTable) -> BoxTable:
        """Tracks whose feet are seen and stand in the annotated part, as floor points."""
        width, height = self.size
        feet = np.column_stack([tracks.boxes[:, ::2].mean(1), tracks.boxes[:, 3]])
        points, ahead = _mapped(self.to_floor, feet)
        shown = ahead & (feet[:, 1] < height - EDGE_PX) & (feet[:, 0] >= 0) & (feet[:, 0] <= width)
        shown &= (points[:, 0] >= AREA_M[0]) & (points[:, 0] <= AREA_M[1])
        return as_points(tracks, points).where(shown)

    def seen(self, people: BoxTable) -> BoxTable:
        """People, as floor points, whose feet are in the picture."""
        feet, ahead = _mapped(self.to_picture, people.boxes[:, :2])
        width, height = self.size
        inside = (feet >= 0.0).all(1) & (feet[:, 0] <= width) & (feet[:, 1] < height - EDGE_PX)
        return people.where(ahead & inside)


def as_points(boxes: BoxTable, points: Floats) -> BoxTable:
    """The table with floor points: columns x, y (m) and two zeros."""
    return replace(boxes, boxes=np.column_stack([points, np.zeros_like(points)]))


def _mapped(plane: Floats, points: Floats) -> tuple[Floats, Floats]:
    """Points through a homography, and which of them are before the camera."""
    there = np.column_stack([points, np.ones(len(points))]) @ plane.T
    return there[:, :2] / there[:, 2:], there[:, 2] > 0.0
