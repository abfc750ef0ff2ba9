"""Frames against outcomes: every frame has one, or is a dead letter."""

from collections.abc import Set as AbstractSet

from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic, spans
from schemas.codec import Codec, UndecodableValue
from schemas.topics import DETECTIONS, FRAMES
from workers.operations.verification.committed import Offsets
from workers.operations.verification.folds import Seen
from workers.operations.verification.logs import LogPosition
from workers.operations.verification.result import Check, Window, at

_LOOKED_AT = 1000
"""Frames without an outcome that are read, to see whether their time is in the window."""


class Outcomes:
    """Outcomes of the frames, as the partitions of the detections are read one by one.

    Args:
        cluster: Where the topics are.
        codec: Codec of the detections.
        since_ms: Append time to read from, UTC milliseconds.
        window: Event times that are counted.
        dead_lettered: Records that were given up.
        check: Receives what differs.
    """

    def __init__(
        self,
        cluster: Cluster,
        codec: Codec,
        *,
        since_ms: int,
        window: Window,
        dead_lettered: AbstractSet[LogPosition],
        check: Check,
    ) -> None:
        self._cluster = cluster
        self._codec = codec
        self._since_ms = since_ms
        self._window = window
        self._dead_lettered = dead_lettered
        self._check = check
        self._answered: dict[int, set[int]] = {}
        self._last: dict[int, tuple[int, str]] = {}

    def read(self, partition: int, folded: int) -> dict[str, list[Seen]]:
        """Read one partition of the detections.

        Args:
            partition: Partition of the detections.
            folded: Offset up to which the stream processor has folded it, or given records up.

        Returns:
            By camera, the outcomes that its fence lets through, in log order.
        """
        new: dict[str, list[Seen]] = {}
        last_us: dict[str, int] = {}
        for message in read_topic(self._cluster, DETECTIONS, [partition], since_ms=self._since_ms):
            name, offset = message.topic() or "", message.offset() or 0
            if (name, partition, offset) in self._dead_lettered:
                self._check.add("outcomes given up")
                continue
            where = at(name, partition, offset)
            try:
                outcome = self._codec.decode(message.value())
            except UndecodableValue as error:
                if offset < folded:
                    self._check.fault(where, f"neither an outcome nor a letter: {error}")
                continue
            camera_id, captured_us = outcome["camera_id"], outcome["captured_us"]
            first = self._note(outcome["frame_partition"], outcome["frame_offset"], where)
            if self._window.holds(captured_us):
                self._check.add(outcome["outcome"].lower() if first else "repeated")
            if captured_us > last_us.get(camera_id, 0):
                last_us[camera_id] = captured_us
                seen = Seen(captured_us, outcome["frame_seq"], outcome["outcome"], offset)
                new.setdefault(camera_id, []).append(seen)
        return new

    def _note(self, partition: int, offset: int, where: str) -> bool:
        """Note that a frame has an outcome; False when it had one before."""
        answered = self._answered.setdefault(partition, set())
        if offset in answered:
            return False
        answered.add(offset)
        if offset >= self._last.get(partition, (-1, ""))[0]:
            self._last[partition] = (offset, where)
        return True

    def compare_frames(self, codec: Codec, committed: Offsets) -> None:
        """See whether every frame that inference has committed has an outcome or dead letter.

        Every offset of the frames is a record, so the frames themselves need not be read; only
        those that lack an outcome are, for their time.

        Args:
            codec: Codec of the frames.
            committed: Offsets of the group of inference.
        """
        name = self._cluster.name(FRAMES)
        held = spans(self._cluster, FRAMES, since_ms=self._since_ms)
        ends = {partition: end for partition, (_, end) in held.items()}
        for partition, (offset, where) in sorted(self._last.items()):
            if partition in ends and offset >= ends[partition]:
                self._check.fault(where, f"its frame, {at(name, partition, offset)}, is not there")
        for partition, (start, end) in sorted(held.items()):
            answered = self._answered.get(partition, set())
            lacking = [
                offset
                for offset in range(start, min(end, committed.get((FRAMES.name, partition), 0)))
                if offset not in answered and (name, partition, offset) not in self._dead_lettered
            ]
            if lacking:
                self._judge(codec, partition, lacking[:_LOOKED_AT])

    def _judge(self, codec: Codec, partition: int, lacking: list[int]) -> None:
        """Read frames that have no outcome: one in the window is a mismatch."""
        wanted = set(lacking)
        for message in read_topic(self._cluster, FRAMES, [partition], since_ms=self._since_ms):
            offset = message.offset() or 0
            if offset not in wanted:
                continue
            where = at(message.topic() or "", partition, offset)
            try:
                frame = codec.decode(message.value())
            except UndecodableValue as error:
                self._check.fault(where, f"neither an outcome nor a dead letter: {error}")
                return
            if self._window.holds(frame["captured_us"]):
                what = f"frame {frame['seq']} of {frame['camera_id']} has no outcome"
                self._check.fault(where, what)
                return
