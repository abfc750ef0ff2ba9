"""Pictures of a camera, as ingest captured them: privacy masks are already in them."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, cast

from runtime.errors import DeadLetter, Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.partitioner import partition_of
from runtime.kafka.reader import Expired, read_between, spans
from schemas.codec import Codec, UndecodableValue
from schemas.records.frames import Frame
from schemas.topics import FRAMES

FetchObject = Callable[[str, str], bytes]
"""Returns the bytes at a URI, checked against a SHA-256."""

_FIRST_STEP: Final = 16
_MOST_RECORDS: Final = 512
"""Records of the partition among which a camera's latest picture is looked for, newest first."""


class Picture(NamedTuple):
    """A picture.

    Attributes:
        jpeg: Its bytes.
        captured_us: Event time of its capture, UTC microseconds.
    """

    jpeg: bytes
    captured_us: int


class LatestFrames:
    """Finds the latest picture of a camera in the log, or that of one record.

    Args:
        cluster: Where the topics are.
        fetch: Reads pictures that lie in the object store.
    """

    def __init__(self, cluster: Cluster, fetch: FetchObject) -> None:
        self._cluster = cluster.with_asker()
        self._fetch = fetch

    def of(self, camera_id: str) -> Picture | None:
        """The latest picture of a camera; None when there is none of late.

        Raises:
            Retry: The broker, the registry or the object store is out of reach, or the picture
                is not the one that was captured.
        """
        codec = self._cluster.registry.reader(FRAMES)
        for frame in self._newest_first(camera_id, codec):
            try:
                return Picture(self._pixels(frame), frame["captured_us"])
            except DeadLetter as error:
                raise Retry(f"the picture cannot be read: {error}") from error
        return None

    def at(self, camera_id: str, offset: int) -> Picture | None:
        """The picture of one record of a camera; None when it is no longer there, or another's.

        Args:
            camera_id: The camera.
            offset: Offset of the record in the camera's partition.

        Raises:
            Retry: The broker, the registry or the object store is out of reach, or the picture
                is not the one that was captured.
        """
        partition = partition_of(camera_id, FRAMES.partitions)
        start, end = spans(self._cluster, FRAMES, [partition]).get(partition, (0, 0))
        if not start <= offset < end:
            return None
        codec = self._cluster.registry.reader(FRAMES)
        try:
            message = next(read_between(self._cluster, FRAMES, partition, offset, offset + 1), None)
        except Expired:
            return None
        if message is None or message.key() != camera_id.encode():
            return None
        frame = _frame(codec, message.value())
        try:
            return None if frame is None else Picture(self._pixels(frame), frame["captured_us"])
        except DeadLetter as error:
            raise Retry(f"the picture cannot be read: {error}") from error

    def _newest_first(self, camera_id: str, codec: Codec) -> Iterator[Frame]:
        partition = partition_of(camera_id, FRAMES.partitions)
        start, end = spans(self._cluster, FRAMES, [partition]).get(partition, (0, 0))
        oldest, step = max(start, end - _MOST_RECORDS), _FIRST_STEP
        while end > oldest:
            first = max(oldest, end - step)
            try:
                messages = list(read_between(self._cluster, FRAMES, partition, first, end))
            except Expired:
                return
            for message in reversed(messages):
                if message.key() == camera_id.encode():
                    frame = _frame(codec, message.value())
                    if frame is not None:
                        yield frame
            end, step = first, step * 2

    def _pixels(self, frame: Frame) -> bytes:
        data, uri = frame["data"], frame["object_uri"]
        if data is None:
            if uri is None:
                raise DeadLetter("no_pixels", "neither data nor object_uri is given", field="data")
            return self._fetch(uri, frame["sha256"])
        if hashlib.sha256(data).hexdigest() != frame["sha256"]:
            raise DeadLetter("sha256_mismatch", "the pixels are others", field="sha256")
        return data


def _frame(codec: Codec, value: bytes | None) -> Frame | None:
    """The record if it is a picture that a browser shows."""
    try:
        frame = cast("Frame", codec.decode(value))
    except UndecodableValue:
        return None
    return frame if frame["kind"] == "FRAME" and frame["encoding"] == "JPEG" else None
