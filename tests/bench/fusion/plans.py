"""Floors of the simulator: rooms with walls and doors, and cameras in their corners.

Coordinates are metres on the floor, `z` is up. Nothing here is shared with the fusion.
"""

import math
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

Floats = np.ndarray

WIDTH_PX, HEIGHT_PX = 1920, 1080
"""Size of every simulated picture, px."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera.

    Attributes:
        name: Its name.
        projection: What its owner believes: floor metres to pixels, shape `(3, 4)`.
        true_projection: How it really hangs; differs by the errors of its calibration.
        position: Its place, metres, shape `(3,)`.
        width: Picture width, px.
        height: Picture height, px.
        room: Number of the room that it hangs in.
    """

    name: str
    projection: Floats
    true_projection: Floats
    position: Floats
    width: int
    height: int
    room: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Rooms of one size, row by row; each two that touch have a door between them.

    Attributes:
        columns: Rooms of a row, along x.
        rooms: Number of rooms; the last row may be shorter.
        room_m: Size of a room along x and y, metres.
        door_m: Width of a door, metres.
        cameras: The cameras.
    """

    columns: int
    rooms: int
    room_m: tuple[float, float]
    door_m: float
    cameras: tuple[Camera, ...]

    @property
    def size_m(self) -> tuple[float, float]:
        """Size of the floor, metres."""
        rows = math.ceil(self.rooms / self.columns)
        return self.columns * self.room_m[0], rows * self.room_m[1]

    def corner(self, room: int) -> Floats:
        """The corner of a room with the least x and y."""
        return np.array([room % self.columns, room // self.columns]) * self.room_m

    def corners(self, room: int) -> list[list[float]]:
        """The four corners of a room, metres."""
        x, y = self.corner(room)
        wide, deep = self.room_m
        return [[x, y], [x + wide, y], [x + wide, y + deep], [x, y + deep]]

    def neighbours(self, room: int) -> list[int]:
        """The rooms that have a door to this one."""
        column = room % self.columns
        beside = [room - 1] * (column > 0) + [room + 1] * (column < self.columns - 1)
        return [
            other
            for other in (*beside, room - self.columns, room + self.columns)
            if 0 <= other < self.rooms
        ]

    def door(self, one: int, other: int) -> Floats:
        """The middle of the door between two rooms."""
        middle = np.asarray(self.room_m) / 2
        return np.asarray((self.corner(one) + self.corner(other)) / 2 + middle)

    def way(self, start: int, goal: int) -> list[int]:
        """The rooms on the shortest way, the first left out."""
        before = {start: start}
        waiting = deque([start])
        while goal not in before:
            room = waiting.popleft()
            for other in self.neighbours(room):
                if other not in before:
                    before[other] = room
                    waiting.append(other)
        path = [goal]
        while path[-1] != start:
            path.append(before[path[-1]])
        return path[-2::-1]

    def walls(self) -> Floats:
        """Inner walls without their doors, shape `(W, 4)`: `x1, y1, x2, y2`."""
        found = []
        half = self.door_m / 2
        for room in range(self.rooms):
            for other in self.neighbours(room):
                if other < room:
                    continue
                middle = self.door(room, other)
                along = np.array([0.0, 1.0]) if other == room + 1 else np.array([1.0, 0.0])
                length = float(along @ np.asarray(self.room_m)) / 2
                for side in (-1.0, 1.0):
                    near, far = middle + side * half * along, middle + side * length * along
                    found.append([*near, *far])
        return np.array(found).reshape(-1, 4)

    def sees(self, camera: Camera, points: Floats) -> Floats:
        """Which points on the floor no wall hides from a camera, shape `(N,)`."""
        walls = _walls(self)
        if not len(walls) or not len(points):
            return np.ones(len(points), dtype=bool)
        start = camera.position[:2]
        wall, to_wall = walls[:, 2:] - walls[:, :2], walls[:, :2] - start
        ray = points - start
        across = ray[:, None, 0] * wall[:, 1] - ray[:, None, 1] * wall[:, 0]
        across = np.where(np.abs(across) < 1e-12, 1e-12, across)
        at_ray = (to_wall[:, 0] * wall[:, 1] - to_wall[:, 1] * wall[:, 0]) / across
        at_wall = (to_wall[:, 0] * ray[:, None, 1] - to_wall[:, 1] * ray[:, None, 0]) / across
        cut = (at_ray > 0) & (at_ray < 1) & (at_wall >= 0) & (at_wall <= 1)
        return np.asarray(~cut.any(axis=1))


@lru_cache(maxsize=8)
def _walls_of(columns: int, rooms: int, room_m: tuple[float, float], door_m: float) -> Floats:
    return Plan(columns, rooms, room_m, door_m, ()).walls()


def _walls(plan: Plan) -> Floats:
    return _walls_of(plan.columns, plan.rooms, plan.room_m, plan.door_m)


def floor_of(cameras: int, random: np.random.Generator, pose_error_deg: float) -> Plan:
    """A floor with enough rooms for its cameras: four in the corners of each.

    Args:
        cameras: Number of cameras, 1 or more.
        random: Where and how they hang differs a little.
        pose_error_deg: Standard deviation of the calibrations' errors about each axis, degrees.
    """
    rooms = math.ceil(cameras / 4)
    columns = math.ceil(math.sqrt(rooms))
    room_m = (9.0, 7.0)
    plan = Plan(columns, rooms, room_m, 2.0, ())
    hung = [
        hang(plan, number // 4, number % 4, f"cam{number + 1}", random, pose_error_deg)
        for number in range(cameras)
    ]
    return Plan(columns, rooms, room_m, 2.0, tuple(hung))


def small_room(random: np.random.Generator, pose_error_deg: float) -> Plan:
    """One room of 7.7 x 3.4 m with a camera in each corner."""
    plan = Plan(1, 1, (7.7, 3.4), 1.0, ())
    hung = [
        hang(
            plan,
            0,
            number,
            f"cam{number + 1}",
            random,
            pose_error_deg,
            hang_m=2.15,
            fov_deg=83,
            aim_m=0.1,
        )
        for number in range(4)
    ]
    return Plan(1, 1, plan.room_m, 1.0, tuple(hung))


def hang(
    plan: Plan,
    room: int,
    corner: int,
    name: str,
    random: np.random.Generator,
    pose_error_deg: float,
    *,
    hang_m: float | None = None,
    fov_deg: float | None = None,
    aim_m: float = 0.6,
) -> Camera:
    """Hang a camera in a corner of a room, turned to its middle."""
    size = np.asarray(plan.room_m)
    side = np.array([(0, 0), (1, 1), (1, 0), (0, 1)][corner])
    inset = random.uniform(0.1, 0.4, 2)
    floor = plan.corner(room) + np.where(side == 0, inset, size - inset)
    position = np.array([*floor, hang_m or random.uniform(2.4, 3.0)])
    aim = np.array([*(plan.corner(room) + size / 2 + random.uniform(-0.5, 0.5, 2)), aim_m])
    angle = math.radians(fov_deg or random.uniform(70, 95))
    focal = WIDTH_PX / 2 / math.tan(angle / 2)
    intrinsics = np.array([[focal, 0, WIDTH_PX / 2], [0, focal, HEIGHT_PX / 2], [0, 0, 1]])
    rotation = turned_to(aim - position)
    off = small_turn(np.radians(random.normal(0.0, pose_error_deg, 3)))
    moved = position + random.normal(0.0, 0.02, 3) * (pose_error_deg > 0)
    return Camera(
        name,
        matrix(intrinsics, off @ rotation, moved),
        matrix(intrinsics, rotation, position),
        position,
        WIDTH_PX,
        HEIGHT_PX,
        room,
    )


def matrix(intrinsics: Floats, rotation: Floats, position: Floats) -> Floats:
    """The projection of a camera, shape `(3, 4)`."""
    return np.asarray(intrinsics @ rotation @ np.column_stack([np.eye(3), -position]))


def turned_to(direction: Floats) -> Floats:
    """Rotation from the floor to a camera that is turned so: rows are right, down, ahead."""
    ahead = direction / np.linalg.norm(direction)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    return np.array([right, np.cross(ahead, right), ahead])


def small_turn(angles: Floats) -> Floats:
    """Rotation by small angles about the three axes, radians."""
    a, b, c = angles
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return np.asarray(about_x @ about_y @ about_z)
