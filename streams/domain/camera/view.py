"""What one camera says about the people in its frame at one event time."""

from dataclasses import dataclass

import numpy as np

from streams.domain.camera.people import PERSON
from streams.domain.tracking.types import Structured


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
