"""Where the records of one fold end and those of another begin, key by key.

A stream processor that was killed may have sent records that its checkpoint does not hold. The
same code would send the same bytes again. Other code would not, and records that were sent
stay. So a watermark says for each key up to which event time its records were published, and their
last seq. Records that the new fold makes up to that time are held back. Later ones are sent,
numbered on from that seq. No seq has two versions, none is left out, and nothing that was not
published is held back.

This depends only on the log and on watermarks that are part of the checkpoint: a process that
crashes in between continues with the same bytes.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from runtime.checkpoints import EntityState
from schemas.topics import TOPICS, Topic
from streams.domain.floor.state import has_closed_a_tick
from streams.domain.output import Content, Output
from streams.domain.pipeline import PartitionPipeline
from streams.state.version import STATE_VERSION

HANDOVER_KEY: Final = b"seam"
"""Key under which a checkpoint keeps its open watermarks, beside cameras and floors."""


class PublishedThrough(msgspec.Struct):
    """Watermark of one key: how far another fold published its records.

    Attributes:
        floor_id: Floor of the key.
        seq: Last seq that was sent under the key, by any fold.
        through: By source, the newest event time that was published, UTC microseconds, and the
            number of records with that time. A topic without sources has one, named by an empty
            string.
    """

    floor_id: str
    seq: int
    through: dict[str, tuple[int, int]] = msgspec.field(name="told")


Watermarks = dict[str, dict[str, PublishedThrough]]
"""By topic (without prefix) and key. A mirror uses those of its topic."""

_DECODER: Final = msgspec.msgpack.Decoder(Watermarks)  # here and not in a thread: see `codec`


def source_and_time(topic: Topic, record: Content | Mapping[str, Any]) -> tuple[str, int]:
    """Source and event time (UTC us) of a record; times never fall within a key and source."""
    if not isinstance(record, Mapping):
        return "", int(getattr(record, topic.ordered_by))
    source = str(record[topic.source]) if topic.source else ""
    return source, int(record[topic.ordered_by])


class HandoverFilter:
    """Filter that holds back the records of a fold that were published before.

    Args:
        watermarks: Watermarks of the keys of a partition.

    Attributes:
        watermarks: Watermarks that are still open.
    """

    def __init__(self, watermarks: Watermarks) -> None:
        self.watermarks = watermarks

    def __bool__(self) -> bool:
        """Whether anything may still be held back or renumbered."""
        return any(self.watermarks.values())

    def encode(self) -> EntityState:
        """The open watermarks as a checkpoint keeps them."""
        return EntityState(STATE_VERSION, msgspec.msgpack.encode(self.watermarks, order="sorted"))

    def apply(
        self, outputs: list[Output], pipeline: PartitionPipeline, camera_id: str
    ) -> tuple[list[Output], list[Output]]:
        """Hold back what was published, number the rest, and close watermarks that time has passed.

        Args:
            outputs: Outputs of one record of the log, in order.
            pipeline: Pipeline that made them; it continues from the seqs given here.
            camera_id: Camera of the record.

        Returns:
            Outputs to send, and outputs held back.
        """
        if not outputs:
            return [], []
        held: list[Output] = []
        passed: list[Output] = []
        at_watermark: Counter[tuple[str, str, str]] = Counter()
        decided: dict[int, Output | None] = {}  # by content: a mirror goes the way of its original
        for output in outputs:
            topic, key, content = output
            if topic.mirrors is not None:
                original = decided.get(id(content), output)
                if original is None:
                    held.append(output)
                else:
                    passed.append(output._replace(content=original.content))
                continue
            watermark = self.watermarks.get(topic.name, {}).get(key)
            if watermark is None:
                passed.append(output)
                continue
            source, at_us = source_and_time(topic, content)
            series = (topic.name, key, source)
            at_watermark[series] += at_us == watermark.through.get(source, (0, 0))[0]
            if _was_published(watermark, source, at_us, at_watermark[series]):
                decided[id(content)] = None
                held.append(output)
            else:
                watermark.seq += 1
                numbered = decided[id(content)] = output.numbered(watermark.seq)
                passed.append(numbered)
            pipeline.renumber(topic, key, watermark.floor_id, watermark.seq)
        self._close(pipeline, camera_id)
        return passed, held

    def _close(self, pipeline: PartitionPipeline, camera_id: str) -> None:
        """Close passed watermarks of a camera and its floor, whose states have just changed."""
        floor_id = pipeline.cameras[camera_id].floor_id
        for name, by_key in self.watermarks.items():
            topic = TOPICS[name]
            for key, watermark in list(by_key.items()):
                mine = (
                    key == camera_id if topic.owner == "camera" else watermark.floor_id == floor_id
                )
                if (
                    mine
                    and _is_past(pipeline, topic, key, watermark)
                    and pipeline.renumber(topic, key, watermark.floor_id, watermark.seq)
                ):
                    del by_key[key]


def handover_of(state: EntityState) -> HandoverFilter:
    """Read the handover of a checkpoint.

    Raises:
        ValueError: The bytes are not a handover.
    """
    try:
        return HandoverFilter(_DECODER.decode(state.data))
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def _was_published(watermark: PublishedThrough, source: str, at_us: int, number: int) -> bool:
    """Whether a record was published; of those at the watermark's own time, the first few were."""
    through_us, count = watermark.through.get(source, (0, 0))
    return at_us < through_us or (at_us == through_us and number <= count)


def _is_past(
    pipeline: PartitionPipeline, topic: Topic, key: str, watermark: PublishedThrough
) -> bool:
    """Whether the fold has passed the time up to which a key was published."""
    if topic.owner == "camera":
        through_us, _ = watermark.through[""]
        return key in pipeline.cameras and pipeline.cameras[key].last_us >= through_us
    floor = pipeline.floors.get(watermark.floor_id)
    if floor is None or not has_closed_a_tick(floor):
        return False
    for source, (through_us, _) in watermark.through.items():
        if not source:
            if floor.closed_us < through_us:
                return False
            continue
        camera = pipeline.cameras.get(source)
        if camera is None or camera.last_us < through_us:
            return False
        # What a frame brought may wait for its tick to close.
        if any(
            link["from_camera_id"] == source and link["as_of_us"] <= through_us
            for link in floor.linked
        ):
            return False
    return True
