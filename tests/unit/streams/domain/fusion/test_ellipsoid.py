"""The box of an upright ellipsoid, against points on its surface."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streams.domain.fusion.ellipsoid import box_and_slopes, box_of, head_on_floor
from tests.support.camera_room import projection_from


@pytest.mark.parametrize("position", [(2.0, 1.0), (4.5, 3.5), (0.5, 4.0)])
@pytest.mark.parametrize("size", [(1.7, 0.28), (1.2, 0.4)])
def test_the_box_of_a_person_holds_the_surface_exactly(
    position: tuple[float, float], size: tuple[float, float]
) -> None:
    projection = projection_from((0.0, 0.0, 2.5), (4.0, 3.0, 0.8))
    box = np.empty(4)

    assert box_of(projection, *position, *size, box) > 0

    seen = pixels(projection, surface(*position, *size))
    assert box == pytest.approx([*seen.min(axis=0), *seen.max(axis=0)], abs=0.5)


def test_nobody_behind_the_camera_has_a_box() -> None:
    projection = projection_from((3.0, 3.0, 2.5), (6.0, 3.0, 0.8))

    assert box_of(projection, 1.0, 3.0, 1.7, 0.3, np.empty(4)) < 0


def test_slopes_lead_to_the_box_of_a_person_a_little_farther_on() -> None:
    projection = projection_from((0.0, 0.0, 2.5), (4.0, 3.0, 0.8))
    state = np.array([3.0, 2.0, 0.0, 0.0, 1.7, 0.28])
    box, slopes, moved = np.empty(4), np.empty((4, 4)), np.empty(4)
    step = np.array([0.02, -0.01, 0.03, 0.01])

    box_and_slopes(projection, state, box, slopes)
    box_of(projection, 3.02, 1.99, 1.73, 0.29, moved)

    assert box + slopes @ step == pytest.approx(moved, abs=1.0)


def test_a_head_leads_back_to_where_its_person_stands() -> None:
    projection = projection_from((0.0, 0.0, 2.5), (4.0, 3.0, 0.8))
    [[u, v]] = pixels(projection, np.array([[3.2, 1.1, 1.7]]))
    spot = np.empty(2)

    assert head_on_floor(projection, u, v, 1.7, spot)
    assert spot == pytest.approx([3.2, 1.1])


def surface(x: float, y: float, height: float, radius: float) -> NDArray[np.float64]:
    """Points of the ellipsoid, shape `(N, 3)`, m."""
    around, up = np.meshgrid(
        np.linspace(0, 2 * np.pi, 200), np.linspace(-np.pi / 2, np.pi / 2, 200)
    )
    return np.stack(
        [
            x + radius * np.cos(up) * np.cos(around),
            y + radius * np.cos(up) * np.sin(around),
            height / 2 * (1 + np.sin(up)),
        ],
        axis=-1,
    ).reshape(-1, 3)


def pixels(projection: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    seen = np.column_stack([points, np.ones(len(points))]) @ projection.T
    return np.asarray(seen[:, :2] / seen[:, 2:])
