"""The input of a run: every camera's outcomes in one fixed order, whatever the pipeline does.

People walk as in `tests.support.simulated`, or across the views of a room, and cameras suffer from
a ward's network: some send only heartbeats for a while, some fall silent, and one delivers
everything late.
"""

import heapq
import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tests.support import crossed_views, fused_ward, simulated
from tests.support.large_ward import START_US, Camera

FRAME_US = simulated.FRAME_US
EVERY = 2
"""Every second simulated frame is used: five a second and camera."""

SPREAD_US = 1_700
"""Delay of each camera's frames relative to those of the camera before it, microseconds."""

HEARTBEAT_FRAMES = 10
EPISODE_S = 30.0
"""Event time in which each camera fails at most once, seconds."""

LATE_CAMERA, LATE_US = 4, 1_500_000
"""Camera whose outcomes come late, but within the allowed lateness."""


class Event(NamedTuple):
    """One outcome, before it is in the log.

    Attributes:
        at_us: Position in the log, as event time of the outcomes around it, microseconds.
        number: Number of the camera; decides between equal times.
        camera: Camera of the outcome.
        record: A `DetectionOutcome`.
    """

    at_us: int
    number: int
    camera: Camera
    record: dict[str, Any]


def events(cameras: Sequence[Camera], seconds: float, seed: int) -> Iterator[Event]:
    """All outcomes of a ward in the order of their log.

    Args:
        cameras: Cameras of the ward.
        seconds: Event time of the input, seconds.
        seed: Seed of all random choices.
    """
    return heapq.merge(
        *(_events_of(camera, seconds, seed) for camera in cameras),
        key=lambda event: (event.at_us, event.number),
    )


def _events_of(camera: Camera, seconds: float, seed: int) -> Iterator[Event]:
    late_us = LATE_US if camera.number == LATE_CAMERA else 0
    offset_us = camera.number * SPREAD_US
    quiet = _quiet_times(camera, seconds, seed)
    chance = random.Random(f"views/{camera.camera_id}/{seed}")
    people = fused_ward.walkers(f"{camera.floor_id}/{seed}", seconds)
    for record in simulated.outcomes(camera.camera_id, seconds, seed):
        frame = record["frame_seq"] - 1
        if frame % EVERY:
            continue
        width, height = camera.size
        captured_us = record["captured_us"] + offset_us
        record |= {"captured_us": captured_us, "width": width, "height": height}
        how = next((kind for kind, frames in quiet if frame in frames), "")
        if how == "silent":
            continue
        if how == "heartbeats":
            if frame % HEARTBEAT_FRAMES:
                continue
            record |= {"outcome": "HEARTBEAT", "reason": "", "detections": []}
        elif camera.view is not None and record["outcome"] == "DETECTED":
            at_ms = (captured_us - START_US) // 1_000
            record["detections"] = _seen(people, camera.view, at_ms, chance)
        elif camera.recording is not None and record["outcome"] == "DETECTED":
            played = camera.recording.frames
            record["detections"] = list(played[frame // EVERY % len(played)])
        yield Event(captured_us + late_us, camera.number, camera, record)


def _seen(
    people: Sequence[crossed_views.Walker], view: int, at_ms: int, chance: random.Random
) -> list[dict[str, Any]]:
    """What one of the cameras across a room detects; it misses some."""
    found = []
    present = crossed_views.present(people, at_ms)
    for edges in crossed_views.boxes(present, view, chance.randint):
        x_min, y_min, x_max, y_max = (edge / 4 for edge in edges)
        box = {"x_min": x_min, "y_min": y_min, "x_max": x_max, "y_max": y_max}
        score = round(chance.uniform(0.4, 0.95), 3)
        if chance.random() > 0.08:
            found.append(box | {"score": score, "label": "person"})
    return found


def _quiet_times(camera: Camera, seconds: float, seed: int) -> list[tuple[str, range]]:
    """Times of 3 to 8 s in which a camera sends only heartbeats, or nothing."""
    chance = random.Random(f"quiet/{camera.camera_id}/{seed}")
    a_second = 1_000_000 // FRAME_US
    quiet: list[tuple[str, range]] = []
    for episode in itertools.count():
        starts_s = episode * EPISODE_S + chance.uniform(2, EPISODE_S - 10)
        lasts_s = chance.uniform(3, 8)
        kind = chance.choice(["heartbeats", "silent", "", ""])
        if starts_s > seconds:
            return quiet
        if kind:
            first = round(starts_s * a_second)
            quiet.append((kind, range(first, first + round(lasts_s * a_second))))
    return quiet


assert simulated.START_US == START_US
