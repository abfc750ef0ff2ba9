"""What one camera says about the people in its frame at one event time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from streams.domain.camera.people import PERSON
from streams.domain.tracking.types import Structured

_NOT_A_NUMBER = float("nan")


class Sighting(NamedTuple):
    """One confirmed track.

    Attributes:
        number: Of the track within its camera.
        foot_x_px: Foot point, pixels of the captured frame.
        foot_y_px: Foot point, pixels of the captured frame.
        x_m: On the floor, m; None without calibration.
        y_m: On the floor, m; None without calibration.
        observed: False while the track coasts.
        last_observed_us: Event time of the last matched detection, microseconds.
    """

    number: int
    foot_x_px: float
    foot_y_px: float
    x_m: float | None
    y_m: float | None
    observed: bool
    last_observed_us: int


@dataclass(slots=True)
class View:
    """The people of one camera.

    Attributes:
        camera_id: Camera.
        captured_us: Event time, microseconds.
        looked: True when a frame was looked at; False when only time passed.
        table: By track id: rows of `people`, as little-endian bytes, which is how it is saved.
    """

    camera_id: str
    captured_us: int
    looked: bool
    table: bytes

    @property
    def people(self) -> Structured:
        """Shape `(P,)` of `PERSON`; not to be written to."""
        return np.frombuffer(self.table, PERSON)

    @property
    def person_ids(self) -> list[str]:
        """`camera_id:track_id` of each row, until cameras are fused."""
        camera_id = self.camera_id
        return [f"{camera_id}:{number:.0f}" for number in self.people["id"].tolist()]


def view_of(camera_id: str, captured_us: int, looked: bool, people: Sequence[Sighting]) -> View:
    """A view of people who are told one by one."""
    rows = [
        (_NOT_A_NUMBER if value is None else float(value) for value in person) for person in people
    ]
    table = np.array([list(row) for row in rows], "<f8")
    return View(camera_id, captured_us, looked, table.tobytes())
