"""Cameras that look straight down, known by a homography, beside one in a corner."""

import math
from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest

from streams.domain.camera.pinhole import pinhole_of_homography
from tests.bench.fusion.__main__ import run
from tests.bench.fusion.pictures import Errors
from tests.bench.fusion.plans import HEIGHT_PX, WIDTH_PX, Camera, Plan, floor_of, matrix
from tests.bench.fusion.rooms import Room, only, room_of
from tests.bench.fusion.simulator import simulate
from tests.bench.fusion.walkers import Crowd

UP_M = 3.0


def ceiling(name: str, x_m: float, y_m: float) -> Camera:
    """A camera that looks straight down from 3 m, with a horizontal view of 100 degrees."""
    focal = WIDTH_PX / 2 / math.tan(math.radians(50))
    intrinsics = np.array([[focal, 0, WIDTH_PX / 2], [0, focal, HEIGHT_PX / 2], [0, 0, 1]])
    position = np.array([x_m, y_m, UP_M])
    projection = matrix(intrinsics, np.diag([1.0, -1.0, -1.0]), position)
    return Camera(name, projection, projection, position, WIDTH_PX, HEIGHT_PX, 0)


def room(seed: int) -> Room:
    """Six people, four cameras in the corners and two above, which have a homography only."""
    random = np.random.default_rng([seed, 6])
    plan = floor_of(4, random, 0.5)
    above = (ceiling("top1", 3.15, 3.5), ceiling("top2", 5.85, 3.5))
    plan = Plan(plan.columns, plan.rooms, plan.room_m, plan.door_m, (*plan.cameras, *above))
    scene = simulate(plan, Crowd(people=6), Errors(), seconds=25.0, fps=4.0, random=random)
    known = room_of(scene, f"room {seed}")
    placed = {
        name: pinhole_of_homography(one.homography(), one.width, one.height, up_m=UP_M)
        for name, one in known.cameras.items()
        if name.startswith("top")
    }
    return replace(known, cameras={**known.cameras, **placed})


@pytest.fixture(scope="module")
def rooms() -> list[Room]:
    """Three rooms."""
    return [room(seed) for seed in (5, 6, 7)]


@pytest.mark.parametrize("beside", [["cam1"], ["cam1", "cam2"]])
def test_cameras_above_find_more_than_those_in_corners_alone(
    rooms: list[Room], beside: list[str]
) -> None:
    above = ["top1", "top2"]

    def hota(cameras: list[str]) -> float:
        return fmean(run(only(one, cameras)).scores.hota for one in rooms)

    together = hota([*beside, *above])

    assert together > hota(beside) + 0.02
    assert together > hota(above) + 0.1
