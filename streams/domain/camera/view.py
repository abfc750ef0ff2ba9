"""The people that one camera sees at one event time."""

from dataclasses import dataclass

import numpy as np

from streams.domain.camera.people import PERSON
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
    """

    camera_id: str
    captured_us: int
    looked: bool
    table: bytes

    @property
    def people(self) -> Structured:
        """The people, shape `(P,)` of `PERSON`; read-only."""
        return np.frombuffer(self.table, PERSON)

    @property
    def person_ids(self) -> list[str]:
        """Person id of each row, `camera_id:track_id` until cameras are fused."""
        camera_id = self.camera_id
        return [f"{camera_id}:{number:.0f}" for number in self.people["id"].tolist()]
