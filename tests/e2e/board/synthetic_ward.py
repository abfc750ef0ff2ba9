"""A made-up ward that fills the live state, to show the board without a camera."""

import math
import threading
import time
from typing import Any, Self

import numpy as np

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOORS, ZONES
from streams.domain.camera.pinhole import Pinhole
from tests.support.camera_room import projection_from
from tests.support.live_writer import (
    LiveWriter,
    alert,
    camera_fact,
    floor_fact,
    now_us,
    track,
    zone_fact,
)
from workers.registry.view import RegistryView

Corner = tuple[float, float]

WIDTH, HEIGHT = 1280, 720


def _polygon(*corners: Corner) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in corners]


ZONES_OF_WARD: dict[str, dict[str, Any]] = {
    "bay-1": {"name": "Bay 1", "order": 1, "polygon": _polygon((0, 0), (5, 0), (5, 5), (0, 5))},
    "bay-2": {"name": "Bay 2", "order": 2, "polygon": _polygon((5, 0), (10, 0), (10, 5), (5, 5))},
    "corridor": {
        "name": "Corridor",
        "order": 3,
        "polygon": _polygon((0, 5.3), (16, 5.3), (16, 7.3), (0, 7.3)),
    },
    "station": {
        "name": "Nurses' station",
        "order": 4,
        "polygon": _polygon((0, 7.6), (6.5, 7.6), (6.5, 11), (0, 11)),
    },
    "waiting": {
        "name": "Waiting area",
        "order": 5,
        "polygon": _polygon((10.3, 0), (16, 0), (16, 5), (10.3, 5)),
    },
}
"""Zones by id, in metres on one floor."""

CAMERAS_OF_WARD: dict[str, tuple[str, tuple[float, float, float], tuple[float, float, float]]] = {
    "bays-west": ("Bays west", (0.2, 0.2, 2.8), (7.0, 4.5, 0.6)),
    "bays-east": ("Bays east", (15.8, 0.2, 2.8), (9.0, 4.5, 0.6)),
    "station": ("Station", (0.2, 10.8, 2.8), (6.5, 7.0, 0.6)),
}
"""Name, position and the point that it looks at, m, of each camera."""

HOMES: dict[str, list[Corner]] = {
    "bay-1": [(1.4, 1.6), (3.2, 3.4), (1.8, 3.9)],
    "bay-2": [(6.4, 1.9), (8.6, 3.6)],
    "corridor": [(3.0, 6.2), (8.2, 6.6), (12.5, 6.0)],
    "station": [(2.6, 9.2), (4.4, 9.9)],
    "waiting": [(11.2 + 1.1 * (i % 4), 1.2 + 1.2 * (i // 4)) for i in range(9)],
}
"""Where each person of a zone stays, m."""

STAFF_OF_WARD: dict[str, list[tuple[str, int, int, int]]] = {
    "bay-1": [("nurse", 1, 1, 2), ("care-assistant", 0, 1, 1)],
    "bay-2": [("nurse", 0, 3, 2), ("physician", 0, 1, 1)],
    "corridor": [("porter", 1, 0, 0)],
    "station": [("nurse", 2, 2, 2)],
    "waiting": [("care-assistant", 0, 1, 1)],
}
"""Of each zone the roles: name, people known to have it, required, scheduled."""

SINCE_MIN: dict[str, int] = {"bay-1": 4, "bay-2": 17, "waiting": 2}
"""How long ago each gap began, minutes."""


LONGEST_MIN: dict[str, int] = {"bay-1": 42, "bay-2": 185, "station": 12, "waiting": 96}
"""How long somebody has been in each zone, minutes."""


def numbers(zone_id: str, at_us: int) -> dict[str, Any]:
    """The numbers of a zone, with its roles."""
    unknown = len(HOMES[zone_id]) - sum(known for _, known, _, _ in STAFF_OF_WARD[zone_id])
    began_us = at_us - 60_000_000 * SINCE_MIN.get(zone_id, 0)

    def gap(role: str, missing: int) -> dict[str, Any]:
        sure = max(0, missing - unknown)
        return {
            "gap_min": sure,
            "gap_max": missing,
            "sure_since_us": began_us if sure else None,
            "possible_since_us": began_us if missing else None,
            **({"role": role} if role else {}),
        }

    roles = [
        {
            **gap(role, max(0, required - known)),
            "present_min": known,
            "present_max": known + unknown,
            "scheduled": scheduled,
            "required": required,
        }
        for role, known, required, scheduled in STAFF_OF_WARD[zone_id]
    ]
    return {
        "people": len(HOMES[zone_id]),
        "longest_since_us": at_us - 60_000_000 * LONGEST_MIN.get(zone_id, 1),
        "identified": len(HOMES[zone_id]) - unknown,
        "scheduled": sum(role["scheduled"] for role in roles),
        "required": sum(role["required"] for role in roles),
        **gap("", sum(role["gap_max"] for role in roles)),
        "roles": roles,
    }


def cameras() -> dict[str, Pinhole]:
    """The ward's cameras by id."""
    return {
        name: Pinhole(projection_from(position, target), WIDTH, HEIGHT)
        for name, (_, position, target) in CAMERAS_OF_WARD.items()
    }


def register(view: RegistryView) -> None:
    """Register the ward, its calibrated cameras and its zones."""
    facts = [Fact(FLOORS, floor_fact("ward-3", name="Ward 3"))]
    for name, pinhole in cameras().items():
        fields = {
            "name": CAMERAS_OF_WARD[name][0],
            "width": WIDTH,
            "height": HEIGHT,
            "projection": pinhole.projection.ravel().tolist(),
            "homography": pinhole.homography(),
        }
        facts.append(Fact(CAMERAS, camera_fact(name, **fields)))
    for name, zone in ZONES_OF_WARD.items():
        fact = zone_fact(name, **zone, camera_id=None, space="FLOOR_M")
        facts.append(Fact(ZONES, fact))
    view.add(facts, now_us())


class SyntheticWard:
    """Moves made-up people and writes them at ten frames a second.

    Args:
        writer: Writer of the live values.
        model_name: Name of the detector in the cameras' records.
    """

    def __init__(self, writer: LiveWriter, model_name: str = "yolox-nano") -> None:
        self._writer = writer
        self._model_name = model_name
        self._cameras = cameras()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def occupancy(self) -> None:
        """Write every zone once."""
        for name in HOMES:
            self._writer.zone(name, **numbers(name, now_us()))

    def alerts(self) -> None:
        """Write what is open: a gap that pages, one that is not sure, and a camera's view."""
        at_us = now_us()
        gap = {"since_us": at_us - 60_000_000 * SINCE_MIN["bay-2"], "figure_min": 1}
        unsure = {"tier": "WARNING", "pages": False, "held_back_by": ["NOT_SURE", "STALE"]}
        people = {"kind": "OVER_CAPACITY", "figure_min": 9, "figure_max": 11, "threshold": 8}
        self._writer.alerts(
            "ward-3",
            alert("bay-2", **gap, figure_max=3),
            alert("waiting", **people, **unsure, rule_id="full", next_action="Open room 2"),
            alert(
                "",
                alert_id="view/floor/ward-3",
                tier="NOTICE",
                kind="CAMERA_SUSPECT",
                camera_ids=["station"],
                owner="whoever runs the cameras",
                next_action="Look at the camera",
            ),
        )

    def history(self, minutes: int = 28) -> None:
        """Write a plausible last half hour."""
        end_us = now_us()
        for minute in range(minutes, 0, -1):
            for number, (name, homes) in enumerate(HOMES.items()):
                wave = math.sin(minute / 4 + number * 2) + math.sin(minute / 1.7 + number)
                at_us = end_us - minute * 60_000_000 + number * 7_000_000
                people = max(0, len(homes) + round(wave))
                self._writer.zone(
                    name, **{**numbers(name, at_us), "people": people}, as_of_us=at_us
                )

    def frame(self, at_s: float) -> None:
        """Write all cameras and the floor's tick at a moment."""
        tracks: dict[str, list[dict[str, Any]]] = {name: [] for name in self._cameras}
        people = []
        number = 0
        for name, homes in HOMES.items():
            known = [role for role, count, *_ in STAFF_OF_WARD[name] for _ in range(count)]
            for index, (x, y) in enumerate(homes):
                number += 1
                phase = at_s * (0.25 + 0.07 * (number % 4)) + number * 1.7
                position = (x + 0.45 * math.sin(phase), y + 0.35 * math.cos(phase * 1.3))
                hidden = number == 15
                seeing = self._seeing(number, position, tracks)
                role = known[index] if index < len(known) else ""
                people.append(
                    {
                        "person_id": f"ward-3:{number}",
                        "camera_ids": seeing or ["bays-east"],
                        "x_m": position[0],
                        "y_m": position[1],
                        "position_sd_m": (0.35 if hidden else 0.24 / max(1, len(seeing)) ** 0.5),
                        "zone_ids": [name],
                        "observed": not hidden and bool(seeing),
                        "role": role,
                        "role_confidence": 0.96 if role else 0.0,
                        "staff_id": f"s-{number}" if role else None,
                    }
                )
        for camera, boxes in tracks.items():
            self._writer.camera(
                camera, boxes, model_name=self._model_name, width=WIDTH, height=HEIGHT
            )
        self._writer.floor(people=people)

    def _seeing(
        self, number: int, position: Corner, tracks: dict[str, list[dict[str, Any]]]
    ) -> list[str]:
        """The cameras whose frames show a person's feet; adds the person to their tracks."""
        found = []
        for name, camera in self._cameras.items():
            u, v = camera.to_px(np.array([[*position, 0.0]]))[0]
            if 0 <= u < WIDTH and 0 <= v < HEIGHT:
                found.append(name)
                tracks[name].append(track(number, float(u), float(v)))
        return found

    def _run(self) -> None:
        start = time.monotonic()
        renewed = start
        while not self._closing.wait(0.1):
            now = time.monotonic()
            self.frame(now - start)
            if now - renewed > 10:
                renewed = now
                self.occupancy()
                self.alerts()

    def __enter__(self) -> Self:
        self.history()
        self.occupancy()
        self.alerts()
        self._writer.zone_event("bay-2", "LEFT", at_us=now_us() - 12_000_000)
        self._writer.zone_event("bay-1", "ENTERED", at_us=now_us() - 95_000_000)
        self._writer.zone_event("waiting", "ENTERED", at_us=now_us() - 4_000_000)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()
