"""Write the records of frames.captured.v1: pixels first, then the record that names them."""

from typing import Any

import structlog

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.partitioner import partition_of
from runtime.kafka.producer import ReliableProducer
from runtime.process.metrics import INGEST_BYTES
from runtime.process.service import Service
from runtime.retry import Tries, constant, retried
from runtime.storage.guarded import GuardedStore
from runtime.storage.objects import object_path, sha256_hex
from schemas.codec import Codec
from schemas.records.frames import Frame
from schemas.topics import FRAMES
from workers.ingest.recording import Playing

_QUEUE_BYTES = 64 * 1024 * 1024
_QUEUE_RECORDS = range(64, 4_001)
_ROOM_S = 0.01
_STORE_AGAIN = constant(0.1, deadline_s=600.0)
_STOPPING_FLUSH_S = 8.0

log = structlog.get_logger(__name__)


class FramePublisher:
    """Sends frames of any camera with the caller's `seq`; safe to use from several threads.

    Memory is bounded: when about 64 MiB of records wait for the broker, `publish` waits.

    Args:
        service: Settings, clock and stop signal.
        cluster: Where the topics are.
        codec: Encodes frames.captured.v1.
    """

    def __init__(self, service: Service, cluster: Cluster, codec: Codec) -> None:
        settings = service.settings
        self._clock = service.clock
        self._stop = service.stop
        self._codec = codec
        self._topic = cluster.name(FRAMES)
        self._inline_limit = settings.ingest.inline_limit_bytes
        self._objects = GuardedStore(settings.ingest.object_store_url, service.clock)
        self._record_mode = settings.ingest.mode == "record"
        wanted = _QUEUE_BYTES // max(1, self._inline_limit)
        self._room = min(max(wanted, _QUEUE_RECORDS.start), _QUEUE_RECORDS.stop - 1)
        self._producer = ReliableProducer(cluster, **{"queue.buffering.max.kbytes": 1_048_576})

    def publish(self, frame: Frame, jpeg: bytes, playing: Playing | None = None) -> None:
        """Send a frame with its pixels, inline or as a claim check.

        Args:
            frame: The record; `data`, `object_uri` and `sha256` are filled in here.
            jpeg: The encoded pixels.
            playing: The recording that it comes from.

        Raises:
            Retry: The frame was not sent. The object store is out of reach (raised at once in live
                mode; in record mode after ten minutes, or when asked to stop), or the process was
                asked to stop while the broker accepts nothing.
            Stop: An earlier record was not delivered, or the object store refuses us.
        """
        self._await_room()
        frame["sha256"] = sha256_hex(jpeg)
        if len(jpeg) <= self._inline_limit:
            frame["data"] = jpeg
        else:
            path = object_path(
                "raw", frame["camera_id"], frame["captured_us"], frame["sha256"], ".jpg"
            )
            frame["object_uri"] = self._store(path, jpeg)
        self._send(frame, playing)
        INGEST_BYTES.labels(frame["camera_id"]).inc(len(jpeg))

    def publish_heartbeat(self, heartbeat: Frame, playing: Playing | None = None) -> None:
        """Send a heartbeat.

        Raises:
            Retry: Asked to stop while the broker accepts nothing.
            Stop: An earlier record was not delivered.
        """
        self._await_room()
        self._send(heartbeat, playing)

    def _await_room(self) -> None:
        while len(self._producer) >= self._room:
            self.poll()
            if self._stop.wait(_ROOM_S):
                raise Retry("asked to stop while the broker takes nothing")

    def _send(self, frame: Frame, playing: Playing | None) -> None:
        self._producer.produce(
            self._topic,
            key=frame["camera_id"],
            value=self._codec.encode(frame),
            partition=partition_of(frame["camera_id"], FRAMES.partitions),
            headers=None if playing is None else playing.headers(),
        )

    def _store(self, path: str, jpeg: bytes) -> str:
        if not self._record_mode:
            return self._objects.put(path, jpeg)
        tries = Tries(_STORE_AGAIN, self._clock, self._stop.wait)
        return retried(lambda: self._objects.put(path, jpeg), tries)

    @property
    def backlog(self) -> int:
        """Records that the broker has not acknowledged yet."""
        return len(self._producer)

    def poll(self) -> None:
        """Serve delivery reports.

        Raises:
            Stop: A record was not delivered.
        """
        self._producer.poll()
        self._producer.check()

    def flush(self) -> None:
        """Wait until everything is acknowledged; only briefly when asked to stop.

        Raises:
            Stop: A record was not delivered.
            Retry: Records are still waiting after ten minutes, or 8 s after being asked to stop.
        """
        while not self._stop.is_set() and len(self._producer):
            self.poll()
            self._stop.wait(_ROOM_S)
        self._producer.flush(_STOPPING_FLUSH_S)


def empty_frame(**fields: Any) -> Frame:
    """A record with the defaults of the schema, and `fields`."""
    frame: Frame = {
        "camera_id": "",
        "seq": 0,
        "captured_us": 0,
        "kind": "UNKNOWN",
        "source_clock_us": None,
        "received_us": 0,
        "width": 0,
        "height": 0,
        "encoding": "UNKNOWN",
        "data": None,
        "object_uri": None,
        "sha256": "",
        "camera_version": 0,
        "preprocessing_version": "",
        "luma_mean": None,
        "contrast": None,
        "sharpness": None,
    }
    frame.update(fields)  # type: ignore[typeddict-item]
    return frame
