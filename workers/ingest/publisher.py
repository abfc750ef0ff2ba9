"""Write the records of frames.captured.v1: pixels first, then the record that names them."""

from typing import Any

from runtime.errors import Retry
from runtime.kafka import ReliableProducer, physical_name, producer_config
from runtime.metrics import INGEST_BYTES
from runtime.object_store import ObjectStore, object_path, sha256_hex
from runtime.service import Service
from schemas.codec import Codec
from schemas.records import Frame
from schemas.topics import FRAMES

_QUEUE_KBYTES = 64 * 1024
_QUEUE_RECORDS = 4_000
_RETRY_S = 1.0
_GIVE_UP_S = 600.0


class FramePublisher:
    """Sends frames of any camera; `seq` is the caller's. Safe to use from several threads.

    Memory is bounded: at most 64 MiB of records wait for the broker, then `publish` blocks.

    Args:
        service: Settings, clock and stop signal.
        codec: Writes frames.captured.v1.
    """

    def __init__(self, service: Service, codec: Codec) -> None:
        settings = service.settings
        self._clock = service.clock
        self._stop = service.stop
        self._codec = codec
        self._topic = physical_name(FRAMES, settings)
        self._inline_limit = settings.ingest.inline_limit_bytes
        self._objects = ObjectStore(settings.ingest.object_store_url)
        self._record_mode = settings.ingest.mode == "record"
        self._producer = ReliableProducer(
            producer_config(
                settings,
                **{
                    "queue.buffering.max.kbytes": _QUEUE_KBYTES,
                    "queue.buffering.max.messages": _QUEUE_RECORDS,
                },
            )
        )

    def publish(self, frame: Frame, jpeg: bytes) -> None:
        """Send a frame with its pixels, inline or as a claim check.

        Args:
            frame: All but `data`, `object_uri` and `sha256`, which are filled in here.
            jpeg: The encoded pixels.

        Raises:
            Retry: The object store is out of reach: at once in live mode, after ten minutes or
                when asked to stop in record mode. The frame was not sent.
            Stop: An earlier record was not delivered, or the object store refuses us.
        """
        frame["sha256"] = sha256_hex(jpeg)
        if len(jpeg) <= self._inline_limit:
            frame["data"] = jpeg
        else:
            path = object_path(
                "raw", frame["camera_id"], frame["captured_us"], frame["sha256"], ".jpg"
            )
            frame["object_uri"] = self._store(path, jpeg)
        self._send(frame)
        INGEST_BYTES.labels(frame["camera_id"]).inc(len(jpeg))

    def publish_heartbeat(self, heartbeat: Frame) -> None:
        """Send a heartbeat.

        Raises:
            Stop: An earlier record was not delivered.
        """
        self._send(heartbeat)

    def _send(self, frame: Frame) -> None:
        self._producer.produce(self._topic, key=frame["camera_id"], value=self._codec.encode(frame))

    def _store(self, path: str, jpeg: bytes) -> str:
        deadline_s = self._clock.monotonic_s() + _GIVE_UP_S
        while True:
            try:
                return self._objects.put(path, jpeg)
            except Retry:
                late = self._clock.monotonic_s() > deadline_s
                if late or not self._record_mode or self._stop.wait(_RETRY_S):
                    raise

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
        """Wait until everything is acknowledged.

        Raises:
            Stop: A record was not delivered.
            Retry: Records still wait after ten minutes.
        """
        self._producer.flush()


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
