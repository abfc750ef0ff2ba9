"""Compile the readers, writers and geometry of a frame, or load them from their caches."""

import numpy as np

from schemas.codec import Codec, schema_text
from schemas.topics import DETECTIONS, PRESENCE, TRACKS, Topic
from streams.domain.camera.feet import BODY
from streams.domain.camera.frame_tracks import FrameTracks
from streams.domain.camera.people import NOWHERE, PERSON, locate
from streams.domain.camera.picture import UNKNOWN
from streams.domain.floor.name import NOBODY
from streams.domain.floor.presence import (
    DOUBT,
    SIZE,
    FloorPresence,
    PeopleOnFloor,
    who_they_are,
)
from streams.domain.tracking.tables import TRACK_UPDATE
from streams.domain.zones.standing import table_of, who_stands
from streams.encoding.outcomes import OutcomeReader
from streams.encoding.presences import PresenceWriter
from streams.encoding.text import Kept
from streams.encoding.tracks import TracksWriter


def warm_up() -> None:
    """Take nobody once along the way of a frame, with arrays of the types that frames have."""
    detections, kept = _codec(DETECTIONS), Kept()
    OutcomeReader(detections).read(
        detections.encode({"camera_id": "", "captured_us": 0, "frame_seq": 0})
    )
    out = np.zeros(0, TRACK_UPDATE)
    positions, *_ = locate(out, NOWHERE, UNKNOWN, np.frombuffer(b"", BODY))
    who_stands(table_of([]), np.empty(0, PERSON))
    frame = FrameTracks("", 0, 0, "", 0, 0, 0, out, positions, "", "", 0)
    TracksWriter(_codec(TRACKS), kept).write(frame)
    nobody = PeopleOnFloor([], [], [], np.empty(0, PERSON), np.empty(0, SIZE))
    PresenceWriter(_codec(PRESENCE), kept).write(
        FloorPresence("", 0, 0, 0, [], nobody, who_they_are(nobody, NOBODY), np.empty(0, DOUBT), ())
    )


def _codec(topic: Topic) -> Codec:
    """A codec that asks no registry."""
    return Codec(topic, schema_id=0, find_schema=lambda _: schema_text(topic))
