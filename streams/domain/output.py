"""What the fold sends."""

from typing import NamedTuple

from schemas.records import CameraTracks, Presence, ZoneEvent, ZoneOccupancy
from schemas.topics import Topic

OutputRecord = CameraTracks | Presence | ZoneEvent | ZoneOccupancy


class Output(NamedTuple):
    """One record to send.

    Attributes:
        topic: Where to.
        key: Its key.
        record: The value; its `seq` rises by one per topic and key.
    """

    topic: Topic
    key: str
    record: OutputRecord
