"""A record of frames.captured.v1 on its way through inference."""

from dataclasses import dataclass

from confluent_kafka import Message

from runtime.errors import DeadLetter
from schemas.codec import Codec, UndecodableValue
from schemas.records.frames import Frame
from workers.frames.placement import CameraPlacement


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Arrival:
    """A record of the frames topic, either decoded and placed, or refused.

    A refused record keeps its turn: its offset may be committed only when all records before it in
    its partition are answered.

    Attributes:
        topic: Name of the topic on the broker.
        partition: Partition of the frames topic.
        offset: Offset within it.
        value: The bytes of the record; None for a tombstone.
        frame: The decoded record; None when refused.
        floor_partition: Partition to which its outcome is written; -1 when refused.
        refusal: Why it was refused; None when it was not.
    """

    topic: str
    partition: int
    offset: int
    value: bytes | None
    frame: Frame | None = None
    floor_partition: int = -1
    refusal: DeadLetter | None = None

    @property
    def pixels_of(self) -> str | None:
        """Camera of a frame that could be inferred; None for a heartbeat or a refusal."""
        if self.frame is None or self.frame["kind"] == "HEARTBEAT":
            return None
        return self.frame["camera_id"]


class Intake:
    """Decodes records and finds where their outcomes go.

    Args:
        codec: Reads frames.
        placement: Knows the partition of each camera's floor.
    """

    def __init__(self, codec: Codec, placement: CameraPlacement) -> None:
        self._codec = codec
        self._placement = placement

    def receive(self, message: Message, now_s: float) -> Arrival:
        """Turn a consumed record into an arrival; nothing in the record can make it raise.

        Args:
            message: Record of the frames topic.
            now_s: Monotonic time, s.

        Raises:
            Retry: The cameras cannot be looked up.
            RegistryUnavailable: The writer's schema cannot be looked up.
        """
        topic = message.topic() or ""
        partition = message.partition() or 0
        offset = message.offset() or 0
        value = message.value()
        frame: Frame | None = None
        floor_partition = -1
        refusal: DeadLetter | None = None
        try:
            frame = self._codec.decode(value)
            floor_partition = self._placement.partition_of(frame["camera_id"], now_s)
        except UndecodableValue as error:
            refusal = DeadLetter(error.reason, str(error))
        except DeadLetter as error:
            frame, refusal = None, error
        return Arrival(
            topic=topic,
            partition=partition,
            offset=offset,
            value=value,
            frame=frame,
            floor_partition=floor_partition,
            refusal=refusal,
        )
