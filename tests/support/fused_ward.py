"""Floors of three crossed views each, as the stream sees them: registry records and outcomes."""

import random
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from schemas.records.frames import DetectionOutcome
from tests.support import crossed_views
from tests.support.builders.domain import MS, T0, S, camera, outcome, rectangle, versioned, zone
from tests.support.crossed_views import Walker

PERIOD_MS = 200
"""From a camera's look to its next."""

FOREVER_MS = 10**9


def fused_floor(floor_id: str) -> list[dict[str, Any]]:
    """The registry records of a floor: cameras, zones and a passage."""
    cameras = [
        camera(f"{floor_id}-c{view}", floor_id, projection=crossed_views.projection(view))
        for view in range(crossed_views.VIEWS)
    ]
    half = zone(f"{floor_id}-half", floor_id=floor_id, camera_id=None, space="FLOOR_M")
    half |= {"polygon": rectangle(0, 0, 4, 6), "dwell_limit_s": 3.0}
    picture = zone(f"{floor_id}-picture", floor_id=floor_id, camera_id=f"{floor_id}-c0")
    around: dict[str, Any] = {"name": "corridor", "from_camera_id": "", "to_camera_id": ""}
    around |= {"from_x_m": 6.5, "from_y_m": 1.0, "to_x_m": 1.0, "to_y_m": 5.0}
    around |= {"radius_m": 1.2, "min_s": 1.0, "max_s": 10.0}
    floor = versioned(floor_id=floor_id, partition=0, name="", time_zone="", passages=[around])
    return [*cameras, half, picture, floor]


def walkers(seed: str, seconds: float) -> list[Walker]:
    """People who walk, one who comes and goes, one who takes the corridor, and a false one.

    The false one is next to somebody for a second, as where two boxes show one person.
    """
    chance = random.Random(seed)
    people = []
    for _ in range(3):
        ends = [(chance.randrange(800, 7_200), chance.randrange(800, 5_200)) for _ in range(2)]
        speed, height = chance.randrange(400, 1_200), chance.randrange(1_550, 1_900)
        people.append(Walker(ends[0], ends[1], speed, height, ((0, FOREVER_MS),)))
    length_ms = round(seconds * 1_000)
    corner = chance.randrange(2_500, 5_500), chance.randrange(2_000, 4_000)
    starts_ms = chance.randrange(500, 2_000)
    gone = starts_ms + 2_000, starts_ms + 6_000
    away = ((starts_ms, gone[0]), (gone[1], FOREVER_MS))
    people.append(Walker(corner, corner, 0, 1_700, away))
    false = corner[0] + 700, corner[1] + 300
    people.append(Walker(false, false, 0, 1_650, ((gone[1] + 1_500, gone[1] + 2_700),)))
    goes_in = length_ms // 3
    people.append(Walker((6_500, 1_000), (6_500, 1_000), 0, 1_800, ((0, goes_in),)))
    comes_out = ((goes_in + 3_000, FOREVER_MS),)
    people.append(Walker((1_000, 5_000), (1_000, 5_000), 0, 1_800, comes_out))
    return people


def ghosts(seed: str, seconds: float) -> list[Walker]:
    """Somebody who walks, and people next to whom others are seen for a while who are nobody."""
    chance = random.Random(seed)
    people = [Walker((6_500, 1_000), (1_000, 5_000), 900, 1_700, ((0, FOREVER_MS),))]
    at_ms = 300
    while at_ms < seconds * 1_000 - 2_500:
        x, y = chance.randrange(2_500, 5_500), chance.randrange(2_000, 4_000)
        right, up = chance.choice([(700, 300), (-700, 200), (500, -500), (0, 900), (-600, -600)])
        false_ms = at_ms + chance.randrange(1_500)
        gone_ms = false_ms + chance.randrange(800, 2_600)
        comes_ms = at_ms + chance.randrange(1_500)
        leaves_ms = comes_ms + chance.randrange(2_500, 6_000)
        people.append(Walker((x, y), (x, y), 0, 1_700, ((comes_ms, leaves_ms),)))
        ghost = x + right, y + up
        people.append(Walker(ghost, ghost, 0, 1_650, ((false_ms, gone_ms),)))
        at_ms += chance.randrange(2_000, 4_500)
    return people


def looks(
    floor_id: str,
    view: int,
    times_ms: Iterable[int],
    people: Sequence[Walker],
    *,
    seed: int = 0,
    shifts: Sequence[tuple[int, int]] = (),
) -> Iterator[DetectionOutcome]:
    """Outcomes of one camera: nine of ten people are found, and some looks are skipped.

    Args:
        floor_id: The floor.
        view: Number of the camera.
        times_ms: Times of its frames, ms after `T0`.
        people: Who is in the room.
        seed: Seed of the detector's errors.
        shifts: Times (ms) from which on the camera hangs elsewhere, and how far along the wall
            (mm), in order.
    """
    camera_id = f"{floor_id}-c{view}"
    chance = random.Random(f"{camera_id}/{seed}")
    for at_ms in times_ms:
        found: list[Any] = []
        shift_mm = next((mm for since_ms, mm in reversed(shifts) if at_ms >= since_ms), 0)
        present = crossed_views.present(people, at_ms)
        for edges in crossed_views.boxes(present, view, chance.randint, shift_mm=shift_mm):
            x_min, y_min, x_max, y_max = (edge / 4 for edge in edges)
            box = {"x_min": x_min, "y_min": y_min, "x_max": x_max, "y_max": y_max}
            if chance.random() < 0.9:
                found.append(box | {"score": 0.9, "raw_score": 0.9, "label": "person"})
        kind = "SKIPPED" if chance.random() < 0.03 else "DETECTED"
        at_us = T0 + at_ms * MS
        yield outcome(at_us, found if kind == "DETECTED" else [], camera_id=camera_id, kind=kind)


def steady_looks(
    floor_id: str,
    seconds: float,
    *,
    seed: int = 0,
    people: Sequence[Walker] = (),
    period_ms: int = PERIOD_MS,
) -> Iterator[DetectionOutcome]:
    """What all cameras of a floor send, each at its own phase; a camera's own order is kept."""
    people = people or walkers(f"{floor_id}/{seed}", seconds)
    for view in range(crossed_views.VIEWS):
        phase_ms = random.Random(f"{floor_id}/{view}/{seed}").randrange(period_ms)
        times_ms = range(phase_ms, round(seconds * 1_000), period_ms)
        yield from looks(floor_id, view, times_ms, people, seed=seed)


def in_order(outcomes: Iterable[DetectionOutcome]) -> list[DetectionOutcome]:
    return sorted(outcomes, key=lambda one: (one["captured_us"], one["camera_id"]))


def shuffled(
    outcomes: Sequence[DetectionOutcome], rng: random.Random, most_us: int
) -> list[DetectionOutcome]:
    """The outcomes as they may arrive: each up to `most_us` late, a camera's own in order."""
    own: dict[str, deque[DetectionOutcome]] = {}
    for one in in_order(outcomes):
        own.setdefault(one["camera_id"], deque()).append(one)
    late = sorted(outcomes, key=lambda one: one["captured_us"] + rng.randint(0, most_us))
    return [own[one["camera_id"]].popleft() for one in late]


def closing_heartbeats(
    records: Iterable[dict[str, Any]], seconds: float
) -> Iterator[DetectionOutcome]:
    """A heartbeat of every camera, which closes the ticks before it."""
    for record in records:
        if "homography" in record and record["version"] == 1:
            at_us = T0 + round(seconds * S)
            yield outcome(at_us, camera_id=record["camera_id"], kind="HEARTBEAT")
