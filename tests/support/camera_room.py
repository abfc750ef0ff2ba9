"""A room of four cameras in its corners, and people whose boxes the cameras see exactly."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streams.domain.fusion.ellipsoid import box_of
from streams.domain.fusion.fusion import CameraFrame, FusionCamera

WIDTH, HEIGHT = 1280, 720
CORNERS = [(0.0, 0.0), (8.0, 0.0), (8.0, 6.0), (0.0, 6.0)]


def projection_from(
    camera: tuple[float, float, float], target: tuple[float, float, float]
) -> NDArray[np.float64]:
    """Projection of a camera at a point that looks at another one, focal length 700 px."""
    forward = np.subtract(target, camera) / np.linalg.norm(np.subtract(target, camera))
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    rotation = np.stack([right, down, forward])
    intrinsics = np.array([[700.0, 0, WIDTH / 2], [0, 700.0, HEIGHT / 2], [0, 0, 1.0]])
    shift = -rotation @ np.asarray(camera)
    return np.asarray(intrinsics @ np.column_stack([rotation, shift]))


def cameras() -> list[FusionCamera]:
    return [
        FusionCamera(f"corner-{k}", projection_from((x, y, 2.6), (4.0, 3.0, 0.8)), WIDTH, HEIGHT)
        for k, (x, y) in enumerate(CORNERS)
    ]


def seen(
    people: Sequence[tuple[float, float]],
    watching: Sequence[FusionCamera],
    height_m: float = 1.7,
) -> list[CameraFrame]:
    """What each camera detects of people of one height: all, cut at the picture's edges."""
    frames = []
    for at, camera in enumerate(watching):
        boxes = []
        for x, y in people:
            box = np.empty(4)
            if box_of(camera.projection, x, y, height_m, 0.28, box) <= 0:
                continue
            box[3] += 0.033 * (box[3] - box[1])
            box = np.clip(box, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
            if box[2] - box[0] > 20 and box[3] - box[1] > 40:
                boxes.append(box)
        frames.append(CameraFrame(at, np.array(boxes).reshape(-1, 4)))
    return frames


def walk(second: float) -> list[tuple[float, float]]:
    """Three people who walk about; two of them pass each other 0.6 m apart."""
    return [
        (2.0 + 0.8 * second, 2.7),
        (6.0 - 0.8 * second, 3.3),
        (4.0 + 1.2 * np.cos(0.6 * second), 1.6 + 0.8 * np.sin(0.6 * second)),
    ]
