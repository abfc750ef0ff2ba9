"""Where the records of one fold end and those of another begin, key by key.

A stream processor that was killed may have sent records beyond its checkpoint. The same code would
send the same bytes again. Other code would not, and what was sent stands: so a mark tells of each
key up to which event time its records were told, and the last seq of them. What the new fold makes
of that time is held back; what lies behind it is sent, and numbered on from that seq. No seq has
two versions, none is left out, and nothing of a time that was not told is held back.

All of it is a function of the log and of marks that are part of the checkpoint: whoever crashes
between goes on with the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from runtime.checkpoints import EntityState
from schemas.topics import LINKS, OCCUPANCY, OCCUPANCY_LATEST, PRESENCE, TRACKS, ZONE_EVENTS
from streams.domain.camera.frame_tracks import FrameTracks
from streams.domain.floor.output import Content
from streams.domain.floor.presence import FloorPresence
from streams.domain.pipeline import Output, PartitionPipeline
from streams.state.version import STATE_VERSION

HANDOVER_KEY: Final = b"seam"
"""Under which a checkpoint keeps its open marks, beside cameras and floors."""


class Mark(msgspec.Struct):
    """How far the records of one key were told by another fold.

    Attributes:
        floor_id: Floor of the key.
        seq: Of the last record that was sent under the key, by whichever fold.
        told: By source, the newest event time that was told, UTC microseconds, and how many
            records of that time. Links have their camera as source, all others only one.
    """

    floor_id: str
    seq: int
    told: dict[str, tuple[int, int]]


Marks = dict[str, dict[str, Mark]]
"""By topic (without prefix) and key. The latest occupancy has no mark: it is the measured one."""


def moment_of(topic: str, record: Content | Mapping[str, Any]) -> tuple[str, int]:
    """Source and event time of a record, UTC microseconds: in order within its key and source."""
    if isinstance(record, FrameTracks):
        return "", record.captured_us
    if isinstance(record, FloorPresence):
        return "", record.as_of_us
    fields: Mapping[str, Any] = record
    if topic == TRACKS.name:
        return "", int(fields["captured_us"])
    source = str(fields["from_camera_id"]) if topic == LINKS.name else ""
    return source, int(fields["as_of_us"])


class HandoverFilter:
    """Lets the records of a fold pass, as far as they were not told before.

    Args:
        marks: Of the keys of a partition.

    Attributes:
        marks: Those that are still open.
    """

    def __init__(self, marks: Marks) -> None:
        self.marks = marks

    def __bool__(self) -> bool:
        """Whether anything may still be held back or counted on."""
        return any(self.marks.values())

    def encode(self) -> EntityState:
        """As a checkpoint keeps it."""
        return EntityState(STATE_VERSION, msgspec.msgpack.encode(self.marks, order="sorted"))

    def apply(
        self, outputs: list[Output], line: PartitionPipeline, camera_id: str
    ) -> tuple[list[Output], list[Output]]:
        """Hold back what was told, number the rest, and close the marks that time has passed.

        Args:
            outputs: Of one record of the log, in order.
            line: What made them; its seqs are set to those that were given.
            camera_id: Camera of the record.

        Returns:
            What is to be sent, and what is held back.
        """
        if not outputs:
            return [], []
        held: list[Output] = []
        passed: list[Output] = []
        seen: Counter[tuple[str, str, str]] = Counter()
        told: set[int] = set()  # contents held back: an occupancy goes to two topics
        for output in outputs:
            topic, key, content = output
            if topic is OCCUPANCY_LATEST:
                (held if id(content) in told else passed).append(output)
                continue
            mark = self.marks.get(topic.name, {}).get(key)
            if mark is None:
                passed.append(output)
                continue
            source, at_us = moment_of(topic.name, content)
            seen[topic.name, key, source] += at_us == mark.told.get(source, (0, 0))[0]
            if _was_told(mark, source, at_us, seen[topic.name, key, source]):
                told.add(id(content))
                held.append(output)
            else:
                mark.seq += 1
                passed.append(Output(topic, key, _numbered(content, mark.seq)))
            _set_seq(line, topic.name, key, mark)
        self._close(line, camera_id)
        return passed, held

    def _close(self, line: PartitionPipeline, camera_id: str) -> None:
        """Forget marks of a camera and its floor, whose states have just changed and are saved."""
        floor_id = line.cameras[camera_id].floor_id
        for topic, marks in self.marks.items():
            for key, mark in list(marks.items()):
                mine = key == camera_id if topic == TRACKS.name else mark.floor_id == floor_id
                if mine and _is_past(line, topic, key, mark) and _set_seq(line, topic, key, mark):
                    del marks[key]


def handover_of(state: EntityState) -> HandoverFilter:
    """Read a seam out of a checkpoint.

    Raises:
        ValueError: It is none.
    """
    try:
        return HandoverFilter(msgspec.msgpack.decode(state.data, type=Marks))
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def _was_told(mark: Mark, source: str, at_us: int, number: int) -> bool:
    """Whether a record's time was told, and if in part, the record: by its number at that time."""
    through_us, count = mark.told.get(source, (0, 0))
    return at_us < through_us or (at_us == through_us and number <= count)


def _numbered(content: Content, seq: int) -> Content:
    if isinstance(content, (FrameTracks, FloorPresence)):
        return content._replace(seq=seq)
    content["seq"] = seq  # in place: the floor remembers its last occupancy, with its seq
    return content


def _is_past(line: PartitionPipeline, topic: str, key: str, mark: Mark) -> bool:
    """Whether the fold makes no more records of a time that was told."""
    if topic in (TRACKS.name, LINKS.name):
        cameras = {key: mark.told[""]} if topic == TRACKS.name else mark.told
        return all(
            camera_id in line.cameras and line.cameras[camera_id].last_us >= through_us
            for camera_id, (through_us, _) in cameras.items()
        )
    floor = line.floors.get(mark.floor_id)
    return floor is not None and floor.closed_us >= mark.told[""][0]


def _set_seq(line: PartitionPipeline, topic: str, key: str, mark: Mark) -> bool:
    """Make the state go on from a mark's seq; False where it knows nothing of the key."""
    if topic == TRACKS.name:
        camera = line.cameras.get(key)
        if camera is not None:
            camera.seq = mark.seq
        return camera is not None
    floor = line.floors.get(mark.floor_id)
    if floor is None:
        return False
    if topic == PRESENCE.name:
        floor.presence_seq = mark.seq
    elif topic == LINKS.name:
        floor.link_seq = mark.seq
    elif key not in floor.zones:
        return False
    elif topic == ZONE_EVENTS.name:
        floor.zones[key].event_seq = mark.seq
    else:
        assert topic == OCCUPANCY.name
        floor.zones[key].occupancy_seq = mark.seq
    return True
