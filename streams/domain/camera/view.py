"""The people that one camera sees at one event time."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from streams.domain.camera.people import PERSON
from streams.domain.person import person_id
from streams.domain.tracking.types import Structured


@dataclass(slots=True)
class View:
    """The people of one camera at one event time.

    Attributes:
        camera_id: Id of the camera.
        captured_us: Time at which the floor sees the frame, microseconds; its event time, unless
            something was decided about the camera's clock.
        looked: True when a frame was looked at; False when only time passed.
        table: Rows of `people` by track id, as little-endian bytes, the form that is saved.
        boxes: Detected people of a fused camera, shape `(N, 5)` as `FrameDetections` has them, as
            little-endian bytes, until the tick closes; else None.
        classes: Class that a detector gave each of `people`, empty for none; no entries where it
            gave none to anybody.
        box_classes: The same of each row of `boxes`.
    """

    camera_id: str
    captured_us: int
    looked: bool
    table: bytes
    boxes: bytes | None = None
    classes: list[str] = field(default_factory=list)
    box_classes: list[str] = field(default_factory=list)

    @property
    def people(self) -> Structured:
        """The people, shape `(P,)` of `PERSON`; read-only."""
        return np.frombuffer(self.table, PERSON)

    @property
    def person_ids(self) -> list[str]:
        """Person id of each row, `camera_id:track_id`."""
        return list(_ids_of(self.camera_id, self.table))


@lru_cache(maxsize=1024)
def _ids_of(camera_id: str, table: bytes) -> list[str]:
    """Person ids of a table; zones ask for them, and then the floor."""
    numbers = np.frombuffer(table, PERSON)["id"].tolist()
    return [person_id(camera_id, int(number)) for number in numbers]
