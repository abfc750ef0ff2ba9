"""People of the simulator: where they are, which way they are turned, who sits.

Walkers go from waypoint to waypoint through the doors, pause there, keep clear of each other, and
some go in groups. The rest sit at desks.
"""

import math
from dataclasses import dataclass

import numpy as np

from tests.bench.fusion.plans import Plan

Floats = np.ndarray

STEP_S = 0.1
"""Longest step of the movement, seconds."""

WALL_M = 0.2
"""Nobody's middle is nearer to an outer wall."""

DESK_M = (0.6, 1.4, 0.73)
"""Depth, width and height of a desk, metres."""

_TO_DESK_M = 0.65
"""From who sits at a desk to its middle, metres."""

_ROOM_FOR_A_BODY_M = 0.42


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who is there and how they move.

    Attributes:
        people: Number of people.
        seated: Share of them that sits.
        grouped: Share of the walkers that goes in groups of two to four.
        speed_m_s: Mean speed of a walker, metres/s.
        pause: Chance that a walker pauses at a waypoint.
        pause_s: Mean length of a pause, seconds.
        area: Where waypoints are in each room, shares of its size: `x_min, y_min, x_max, y_max`.
        lobby: Where people wait before they come in and after they have left, metres, `x_min,
            y_min, x_max, y_max`; it ends in x where the rest begins. Cameras see them there, but
            nobody counts them. None: all are counted all the time.
        enter_s: Within so many seconds all come in, and within as many they leave at the end.
        wait_s: So long before they come in and after they have left people are in the lobby.
    """

    people: int
    seated: float = 0.2
    grouped: float = 0.3
    speed_m_s: float = 1.1
    pause: float = 0.4
    pause_s: float = 4.0
    area: tuple[float, float, float, float] = (0.08, 0.08, 0.92, 0.92)
    lobby: tuple[float, float, float, float] | None = None
    enter_s: float = 12.0
    wait_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Walks:
    """Everybody at every frame; `F` frames, `N` people.

    Attributes:
        there: Who can be seen, shape `(F, N)`.
        counted: Who of them is on the part of the floor that counts, shape `(F, N)`.
        points: Where, metres, shape `(F, N, 2)`.
        headings: Which way they are turned, radians, shape `(F, N)`.
        strides: Phase of their steps, radians, shape `(F, N)`.
        widths: How wide they step, 0 to 1, shape `(F, N)`.
        heights: Height of each, standing, metres, shape `(N,)`.
        seated: Who sits, shape `(N,)`.
    """

    there: Floats
    counted: Floats
    points: Floats
    headings: Floats
    strides: Floats
    widths: Floats
    heights: Floats
    seated: Floats

    @property
    def desks(self) -> Floats:
        """The middle of each seated person's desk and the heading of who sits there.

        Returns:
            Shape `(D, 3)`: `x, y` in metres, radians.
        """
        return _desks(self.points[0, self.seated], self.headings[0, self.seated])


class _Group:
    """People who walk together, one or more."""

    def __init__(self, members: list[int], room: int, offsets: Floats) -> None:
        self.members = members
        self.room = room
        self.offsets = offsets
        self.way: list[tuple[Floats, bool]] = []
        self.wait_s = 0.0


def walk(plan: Plan, crowd: Crowd, frames: int, fps: float, random: np.random.Generator) -> Walks:
    """Let everybody walk."""
    count = crowd.people
    seated = np.arange(count) < round(crowd.seated * count)
    rooms = random.integers(0, plan.rooms, count)
    points = _first_points(plan, crowd, rooms, random)
    groups = _groups(crowd, rooms, np.flatnonzero(~seated), random)
    for group in groups:
        points[group.members] = points[group.members[0]] + group.offsets
    speeds = np.clip(random.normal(1.0, 0.15, count), 0.6, 1.5) * crowd.speed_m_s
    speeds[seated] = 0.0
    for group in groups:
        speeds[group.members] = speeds[group.members].mean()
    steps = max(1, math.ceil(1.0 / fps / STEP_S))
    step_s = 1.0 / fps / steps
    enter_s, leave_s = _times(crowd, groups, frames / fps, random)
    spots = points.copy()
    if crowd.lobby is not None:
        low, high = np.array(crowd.lobby[:2]), np.array(crowd.lobby[2:])
        spots = random.uniform(low, high - (0.3, 0.0), (count, 2))
        points[~seated] = spots[~seated]
    velocity = np.zeros((count, 2))
    heading = random.uniform(-math.pi, math.pi, count)
    phase = random.uniform(0, 2 * math.pi, count)
    counted = np.full(count, crowd.lobby is None)
    desks = _desks(points[seated], heading[seated])[:, :2]
    seen: list[tuple[Floats, ...]] = []
    for frame in range(frames):
        for step in range(steps if frame else 1):
            now_s = frame / fps - (steps - 1 - step) * step_s if frame else 0.0
            there = (enter_s - crowd.wait_s <= now_s) & (now_s < leave_s + 2 * crowd.wait_s)
            there |= seated
            aims = points.copy()
            for group in groups:
                members, first = group.members, group.members[0]
                if now_s < enter_s[first]:
                    continue
                if now_s >= leave_s[first]:
                    aims[members] = spots[members]
                    continue
                _steer(group, plan, crowd, points, step_s, random)
                if group.way and group.wait_s <= 0.0:
                    goal, narrow = group.way[0]
                    aims[members] = goal + group.offsets * (0.2 if narrow else 1.0)
            _advance(points, velocity, aims, speeds, there & ~seated, there, desks, step_s, random)
            points = np.clip(points, WALL_M, np.asarray(plan.size_m) - WALL_M)
            pace = np.linalg.norm(velocity, axis=1)
            phase += step_s * 2 * math.pi * 0.75 * np.minimum(pace, 1.5) / 0.9
            turned = np.arctan2(velocity[:, 1], velocity[:, 0])
            change = np.angle(np.exp(1j * (turned - heading)))
            heading = heading + change * np.clip(pace * step_s * 4, 0, 1)
        if crowd.lobby is not None:
            inside = points[:, 0] > crowd.lobby[2]
            at_s = frame / fps
            counted = inside & (at_s >= enter_s) & (counted | (at_s < leave_s))
        wide = np.clip(np.linalg.norm(velocity, axis=1) / 1.1, 0, 1)
        seen.append(
            tuple(part.copy() for part in (there, counted & there, points, heading, phase, wide))
        )
    all_there, all_counted, all_points, headings, strides, widths = map(
        np.stack, zip(*seen, strict=True)
    )
    return Walks(
        all_there,
        all_counted,
        all_points,
        headings,
        strides,
        widths,
        heights=np.clip(random.normal(1.70, 0.09, count), 1.45, 2.0),
        seated=seated,
    )


def _desks(points: Floats, headings: Floats) -> Floats:
    x, y = points.T
    return np.column_stack(
        [x + _TO_DESK_M * np.cos(headings), y + _TO_DESK_M * np.sin(headings), headings]
    )


def _first_points(plan: Plan, crowd: Crowd, rooms: Floats, random: np.random.Generator) -> Floats:
    """Places that keep apart where there is room."""
    points = np.empty((0, 2))
    for room in rooms.tolist():
        tries = np.array([_point_in(plan, crowd, room, random) for _ in range(12)])
        if len(points):
            apart = np.linalg.norm(tries[:, None] - points[None], axis=2).min(axis=1)
            tries = tries[[int(apart.argmax())]]
        points = np.vstack([points, tries[:1]])
    return points


def _point_in(plan: Plan, crowd: Crowd, room: int, random: np.random.Generator) -> Floats:
    low, high = np.array(crowd.area[:2]), np.array(crowd.area[2:])
    return np.asarray(plan.corner(room) + random.uniform(low, high) * np.asarray(plan.room_m))


def _groups(
    crowd: Crowd, rooms: Floats, walkers: Floats, random: np.random.Generator
) -> list[_Group]:
    left = walkers.tolist()
    grouped = round(crowd.grouped * len(left))
    found = []
    while left:
        size = min(len(left), int(random.integers(2, 5)) if grouped > 1 else 1)
        grouped -= size
        members, left = left[:size], left[size:]
        angles = random.uniform(0, 2 * math.pi) + np.arange(size) * 2 * math.pi / size
        radius = 0.0 if size == 1 else 0.35 + 0.1 * (size - 2)
        offsets = radius * np.column_stack([np.cos(angles), np.sin(angles)])
        found.append(_Group(members, int(rooms[members[0]]), offsets))
    return found


def _times(
    crowd: Crowd, groups: list[_Group], length_s: float, random: np.random.Generator
) -> tuple[Floats, Floats]:
    """When each person comes in and leaves, seconds; those of a group do so together."""
    if crowd.lobby is None:
        return np.zeros(crowd.people), np.full(crowd.people, math.inf)
    span_s = min(crowd.enter_s, length_s / 3)
    come, leave = np.empty((2, crowd.people))
    for group in groups:
        come[group.members] = random.uniform(0.0, span_s)
        leave[group.members] = length_s - 4.0 - random.uniform(0.0, span_s)
    return come, leave


def _steer(
    group: _Group,
    plan: Plan,
    crowd: Crowd,
    points: Floats,
    step_s: float,
    random: np.random.Generator,
) -> None:
    """Wait, arrive, or choose where to go next."""
    if group.wait_s > 0.0:
        group.wait_s -= step_s
        return
    if group.way:
        goal, narrow = group.way[0]
        middle = points[group.members].mean(axis=0)
        if np.linalg.norm(middle - goal) < (0.6 if narrow else 0.35):
            group.way.pop(0)
            if not group.way and random.random() < crowd.pause:
                group.wait_s = random.exponential(crowd.pause_s)
        elif random.random() < step_s / 15.0:
            group.way = []  # the way is blocked, or something else came to mind
        return
    room = group.room
    if plan.rooms > 1 and random.random() < 0.3:
        for _ in range(int(random.integers(1, 3))):
            room = int(random.choice(plan.neighbours(room)))
    at = group.room
    for other in plan.way(at, room):
        group.way.append((plan.door(at, other), True))
        at = other
    group.way.append((_point_in(plan, crowd, room, random), False))
    group.room = room


def _advance(
    points: Floats,
    velocity: Floats,
    aims: Floats,
    speeds: Floats,
    moving: Floats,
    there: Floats,
    desks: Floats,
    step_s: float,
    random: np.random.Generator,
) -> None:
    """One step of everybody: to the aim, and off from people and desks that are near."""
    walkers, others = np.flatnonzero(moving), np.flatnonzero(there)
    if len(walkers) == 0:
        return
    to_aim = aims[walkers] - points[walkers]
    far = np.linalg.norm(to_aim, axis=1, keepdims=True)
    wanted = to_aim / np.maximum(far, 1e-9) * np.minimum(speeds[walkers, None], far / 0.5)
    obstacles = np.vstack([points[others], desks])
    apart = points[walkers][:, None] - obstacles[None]
    distance = np.linalg.norm(apart, axis=2)
    distance[:, : len(others)][walkers[:, None] == others[None]] = np.inf
    distance[:, len(others) :] -= DESK_M[1] / 2
    away = apart / np.maximum(distance, 1e-6)[:, :, None]
    sideways = np.stack([-away[:, :, 1], away[:, :, 0]], axis=2)
    force = 3.0 * np.exp(np.minimum((_ROOM_FOR_A_BODY_M - distance) / 0.12, 3.0))
    push = ((away + 0.4 * sideways) * force[:, :, None]).sum(axis=1)
    change = (wanted - velocity[walkers]) / 0.4 + push + random.normal(0, 0.4, push.shape)
    moved = velocity[walkers] + change * step_s
    pace = np.linalg.norm(moved, axis=1, keepdims=True)
    limit = np.maximum(1.4 * speeds[walkers, None], 0.4)
    velocity[walkers] = moved * np.minimum(1.0, limit / np.maximum(pace, 1e-9))
    points[walkers] += velocity[walkers] * step_s
