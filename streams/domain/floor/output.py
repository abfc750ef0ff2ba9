"""What the fold sends."""

from typing import NamedTuple

from schemas.records import CameraTracks, Link, Presence, ZoneEvent, ZoneOccupancy
from schemas.topics import Topic
from streams.domain.camera.frame_tracks import FrameTracks
from streams.domain.floor.presence import FloorPresence

OutputRecord = CameraTracks | Presence | Link | ZoneEvent | ZoneOccupancy

Content = FrameTracks | FloorPresence | Link | ZoneEvent | ZoneOccupancy
"""A record, or the arrays that it is made of: the many boxes and people of a busy ward are
written to bytes from arrays, without a dictionary of each between."""


class Output(NamedTuple):  # noqa: PLW1641 - dictionaries have no hash either
    """One record to send.

    Attributes:
        topic: Where to.
        key: Its key.
        content: The value; its `seq` rises by one per topic and key.
    """

    topic: Topic
    key: str
    content: Content

    @property
    def record(self) -> OutputRecord:
        """The value as the record on the wire."""
        if isinstance(self.content, (FrameTracks, FloorPresence)):
            return self.content.record()
        return self.content

    def __eq__(self, other: object) -> bool:
        """Equal when they are the same records on the wire."""
        return isinstance(other, Output) and (self.topic, self.key, self.record) == (
            other.topic,
            other.key,
            other.record,
        )

    def __ne__(self, other: object) -> bool:
        return not self == other
