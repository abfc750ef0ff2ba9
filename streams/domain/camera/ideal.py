"""A camera without its lens: what its picture would be if straight lines stayed straight."""

from dataclasses import dataclass

import numpy as np

from streams.domain.camera.pinhole import Pinhole
from streams.domain.tracking.types import Matrix, Vector


@dataclass(frozen=True, slots=True)
class IdealCamera:
    """A camera without its lens: pixels are shifted so that its picture starts at 0.

    Attributes:
        pinhole: The camera.
        edges: The picture's edges in pixels of an ideal lens, in the middle of each side:
            `(x_min, y_min, x_max, y_max)`.
    """

    pinhole: Pinhole
    edges: Vector

    @classmethod
    def of(cls, pinhole: Pinhole) -> "IdealCamera":
        """The camera without the lens that it has."""
        picture = np.array([[0.0, 0.0, pinhole.width, pinhole.height]])
        return cls(pinhole, _undistorted(pinhole, picture)[0])

    @property
    def projection(self) -> Matrix:
        """Floor metres `[X, Y, Z, 1]` to homogeneous pixels of this picture, shape `(3, 4)`."""
        x_min, y_min = self.edges[:2].tolist()
        projection = self.pinhole.projection
        # Row by row instead of a product of matrices, whose last bits depend on the library.
        return np.stack(
            [
                projection[0] - x_min * projection[2],
                projection[1] - y_min * projection[2],
                projection[2],
            ]
        )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of this picture, px."""
        x_min, y_min, x_max, y_max = self.edges.tolist()
        return round(x_max - x_min), round(y_max - y_min)

    def boxes(self, boxes: Matrix) -> Matrix:
        """Boxes `(N, 4)` of the captured frame, px, in this picture."""
        return np.asarray(_undistorted(self.pinhole, boxes) - np.tile(self.edges[:2], 2))


def _undistorted(pinhole: Pinhole, boxes: Matrix) -> Matrix:
    """Boxes as an ideal lens would show them: each edge by its middle."""
    if pinhole.lens is None:
        return boxes
    x_min, y_min, x_max, y_max = boxes.T
    x, y = (x_min + x_max) / 2, (y_min + y_max) / 2
    left, top, right, bottom = (
        pinhole.undistort(np.column_stack(point))
        for point in ((x_min, y), (x, y_min), (x_max, y), (x, y_max))
    )
    return np.column_stack([left[:, 0], top[:, 1], right[:, 0], bottom[:, 1]])
