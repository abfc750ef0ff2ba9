"""A made-up ward that fills the live state, to show the board without a camera."""

import math
import threading
import time
from typing import Any, Self

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOORS, ZONES
from tests.support.live_writer import (
    LiveWriter,
    camera_fact,
    floor_fact,
    now_us,
    track,
    zone_fact,
)
from workers.registry.view import RegistryView

Corner = tuple[float, float]


def _polygon(*corners: Corner) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in corners]


ZONES_OF_WARD: dict[str, dict[str, Any]] = {
    "bay-1": {
        "name": "Bay 1",
        "camera_id": "east",
        "order": 1,
        "polygon": _polygon((40, 250), (300, 230), (330, 540), (20, 550)),
    },
    "bay-2": {
        "name": "Bay 2",
        "camera_id": "east",
        "order": 2,
        "polygon": _polygon((350, 230), (740, 240), (750, 545), (380, 545)),
    },
    "corridor": {
        "name": "Corridor",
        "camera_id": "east",
        "order": 3,
        "polygon": _polygon((30, 120), (740, 120), (740, 205), (30, 205)),
    },
    "station": {
        "name": "Nurses' station",
        "camera_id": "west",
        "order": 4,
        "polygon": _polygon((60, 120), (420, 120), (420, 330), (60, 330)),
    },
    "waiting": {
        "name": "Waiting area",
        "camera_id": "west",
        "order": 5,
        "polygon": _polygon((90, 380), (700, 380), (720, 560), (60, 560)),
    },
}
"""Zones by id, in the pixels of two frames of 768 x 576."""

HOMES: dict[str, list[tuple[str, Corner]]] = {
    "bay-1": [("east", (120, 420)), ("east", (230, 500)), ("east", (170, 330))],
    "bay-2": [("east", (480, 420)), ("east", (640, 480))],
    "corridor": [("east", (300, 170)), ("east", (560, 160)), ("east", (100, 180))],
    "station": [("west", (160, 240)), ("west", (330, 280))],
    "waiting": [("west", (140 + 65 * i, 450 + 30 * (i % 3))) for i in range(9)],
}
"""Camera and foot point (px) at which each person of a zone stays."""

NUMBERS: dict[str, dict[str, int]] = {
    "bay-1": {"identified": 1, "scheduled": 3, "required": 2},
    "bay-2": {"identified": 0, "scheduled": 2, "required": 4},
    "corridor": {"identified": 0, "scheduled": 0, "required": 0},
    "station": {"identified": 2, "scheduled": 2, "required": 2},
    "waiting": {"identified": 0, "scheduled": 1, "required": 1},
}
"""Numbers of known, scheduled and required staff."""


def register(view: RegistryView) -> None:
    """Register the ward, its two cameras and its zones."""
    masks = [_polygon((600, 20), (750, 20), (750, 100), (600, 100))]
    view.add(
        [
            Fact(FLOORS, floor_fact("ward-3", name="Ward 3")),
            Fact(CAMERAS, camera_fact("east", name="Ward 3 east", privacy_masks=masks)),
            Fact(CAMERAS, camera_fact("west", name="Ward 3 west")),
            *(Fact(ZONES, zone_fact(name, **fact)) for name, fact in ZONES_OF_WARD.items()),
        ],
        now_us(),
    )


class SyntheticWard:
    """Moves made-up people and writes them at ten frames a second.

    Args:
        writer: Writer of the live values.
        model_name: Name of the detector in the cameras' records.
    """

    def __init__(self, writer: LiveWriter, model_name: str = "yolox-nano") -> None:
        self._writer = writer
        self._model_name = model_name
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def occupancy(self) -> None:
        """Write every zone once."""
        for name, numbers in NUMBERS.items():
            people, known, needed = len(HOMES[name]), numbers["identified"], numbers["required"]
            gap_max = max(0, needed - known)
            gap_min = max(0, gap_max - (people - known))
            role = {
                "role": "nurse",
                "present_min": known,
                "present_max": people,
                "gap_min": gap_min,
                "gap_max": gap_max,
            }
            self._writer.zone(
                name,
                people=people,
                **numbers,
                roles=[role | {k: numbers[k] for k in ("scheduled", "required")}],
            )

    def history(self, minutes: int = 28) -> None:
        """Write a plausible last half hour."""
        end_us = now_us()
        for minute in range(minutes, 0, -1):
            for number, (name, homes) in enumerate(HOMES.items()):
                wave = math.sin(minute / 4 + number * 2) + math.sin(minute / 1.7 + number)
                self._writer.zone(
                    name,
                    people=max(0, len(homes) + round(wave)),
                    as_of_us=end_us - minute * 60_000_000 + number * 7_000_000,
                    **NUMBERS[name],
                )

    def frame(self, at_s: float) -> None:
        """Write both cameras and the floor's tick at a moment."""
        cameras: dict[str, list[dict[str, Any]]] = {"east": [], "west": []}
        people = []
        number = 0
        for name, homes in HOMES.items():
            for index, (camera, (x, y)) in enumerate(homes):
                number += 1
                phase = at_s * (0.25 + 0.07 * (number % 4)) + number * 1.7
                foot = (x + 26 * math.sin(phase), y + 14 * math.cos(phase * 1.3))
                state = "LOST" if number == 15 else "CONFIRMED"
                cameras[camera].append(track(number, *foot, state=state))
                staff = index < NUMBERS[name]["identified"]
                people.append(
                    {
                        "person_id": f"{camera}:{number}",
                        "camera_ids": [camera],
                        "zone_ids": [name],
                        "observed": True,
                        "role": "nurse" if staff else "",
                        "staff_id": f"s-{number}" if staff else None,
                    }
                )
        for camera, tracks in cameras.items():
            self._writer.camera(camera, tracks, model_name=self._model_name)
        self._writer.floor(people=people)

    def _run(self) -> None:
        start = time.monotonic()
        renewed = start
        while not self._closing.wait(0.1):
            now = time.monotonic()
            self.frame(now - start)
            if now - renewed > 10:
                renewed = now
                self.occupancy()

    def __enter__(self) -> Self:
        self.history()
        self.occupancy()
        self._writer.zone_event("bay-2", "LEFT", at_us=now_us() - 12_000_000)
        self._writer.zone_event("bay-1", "ENTERED", at_us=now_us() - 95_000_000)
        self._writer.zone_event("waiting", "ENTERED", at_us=now_us() - 4_000_000)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()
