"""State of one partition, advanced only by the next record of its log.

`(next_offset, state)` is therefore always the fold of the log up to `next_offset`, whatever
a consumer, a rebalance or a former owner did. A wrong position can cost a replay; it cannot
falsify the state.
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from confluent_kafka import Message

from runtime.checkpoints.codec import (
    HEAD_FORMAT,
    HEAD_KEY,
    Checkpoint,
    EntityState,
    Head,
    SettingsSpan,
    checksum,
    encode_entity,
    encode_head,
)
from runtime.checkpoints.errors import RecordTooLarge
from runtime.kafka.topic_partition import key_of, source_partition

MAX_RECORD_BYTES = 900_000
"""Largest record of a checkpoint, bytes; with framing, below the brokers' default of 1 MiB."""


class Record(NamedTuple):
    """One record of the input log."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    """The broker's append time; says nothing about when the event happened."""
    headers: Sequence[tuple[str, bytes | None]]


class OutputRecord(NamedTuple):
    """A record to send.

    Attributes:
        topic: Topic on the broker.
        key: Record key.
        value: Record value; None is a tombstone.
        partition: Partition; None lets the key's hash decide.
        headers: Record headers.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: list[tuple[str, bytes]] | None = None


Emit = Callable[[OutputRecord], None]
"""Accepts an output, which is acknowledged before the next checkpoint."""


def record_of(message: Message) -> Record:
    """Convert a consumed message to a record, without its headers."""
    topic, partition = source_partition(message)
    value = message.value()
    return Record(
        topic,
        partition,
        message.offset() or 0,
        key_of(message),
        value.encode() if isinstance(value, str) else value,
        message.timestamp()[1],
        headers=(),
    )


class PartitionFold(Protocol):
    """The application's fold over the records of one partition.

    A pure function of its state and the records: no wall clock, randomness or outside
    lookup, because after a crash the same records must lead to the same bytes.
    """

    def restore(self, checkpoint: Checkpoint) -> None:
        """Restore the saved state; called at most once, before the first record.

        Args:
            checkpoint: Checkpoint with each entity's state under the key that `changed` gave
                it and, in its head, the settings by offset.
        """
        ...

    def advance(self, record: Record) -> None:
        """Fold in the next record and emit what follows from it."""
        ...

    def changed(self) -> Mapping[bytes, EntityState | None]:
        """The state of every entity that changed since the last call, encoded.

        Keys are UTF-8 and differ from `head`; None removes the entity.
        """
        ...

    def side_offsets(self) -> Mapping[str, int]:
        """Position in each topic of reference data, by a name that the application chooses."""
        ...


FoldFactory = Callable[[int, Emit], PartitionFold]
"""Makes the empty fold of a partition, given the partition and where to emit."""


class Inherit(Protocol):
    """Converts a checkpoint of another fold so that this fold can resume from it.

    The other fold may have sent outputs for records after its checkpoint, and this fold would send
    different ones for them. Called by the partition's owner, when no former owner can write a
    checkpoint any more.
    """

    def __call__(
        self, partition: int, checkpoint: Checkpoint, since_ms: int | None, emit: Emit
    ) -> Mapping[bytes, EntityState | None]:
        """Reconcile with what the other fold sent.

        Args:
            partition: Partition of the input.
            checkpoint: Last checkpoint of the other fold.
            since_ms: Append time of its newest entity, broker's time, ms: outputs after the
                checkpoint were sent then or later. None when it has no entities.
            emit: Sends missing outputs; acknowledged before the checkpoint is written.

        Returns:
            Entities to write into the checkpoint before anything is folded; None removes one.
        """
        ...


class Step(enum.Enum):
    """Outcome of offering a record."""

    FOLDED = enum.auto()
    REPEATED = enum.auto()
    """The state already contains it."""
    GAP = enum.auto()
    """Offsets before it are missing; nothing was folded."""
    UNCLAIMED = enum.auto()
    """It is the first record of a partition, which must now be claimed; not folded."""


class Snapshot(NamedTuple):
    """The records of one checkpoint, taken at one moment.

    Attributes:
        partition: Input partition.
        next_offset: First offset that it does not contain.
        records: Records changed since the last checkpoint; None removes a key.
        whole: Every record of the checkpoint by key, unchanged ones included.
    """

    partition: int
    next_offset: int
    records: Sequence[tuple[bytes, bytes | None]]
    whole: Mapping[bytes, bytes]


class PartitionProgress:
    """The fold of one partition and how far it has come.

    Attributes:
        partition: Input partition.
        next_offset: First offset that is not folded yet.
        saved_offset: `next_offset` of the last checkpoint that was taken.
        claimed: Whether this process may write the partition's checkpoints.
        settings: Settings of the fold, by offset; written to each checkpoint.
        fold_id: Name of the fold; written to each checkpoint.
        input_id: Kafka's id of the input topic.
    """

    def __init__(
        self,
        partition: int,
        fold: PartitionFold,
        *,
        input_id: str,
        claimed: bool,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.partition = partition
        self.next_offset = 0
        self.claimed = claimed
        self._fold = fold
        self.input_id = input_id
        self.settings: tuple[SettingsSpan, ...] = ()
        self.fold_id = ""
        self._checksums: dict[str, int] = {}
        self._newest: dict[bytes, bytes] = {}
        if checkpoint is not None:
            self._newest = {key: encode_entity(state) for key, state in checkpoint.entities.items()}
            self.next_offset = checkpoint.head.next_offset
            self.settings = checkpoint.head.settings
            self.fold_id = checkpoint.head.fold
            self._checksums = dict(checkpoint.head.entities)
            fold.restore(checkpoint)
        self.saved_offset = self.next_offset

    def offer(self, record: Record) -> Step:
        """Fold the record if it is the next one."""
        if record.offset < self.next_offset:
            return Step.REPEATED
        if not self.claimed:
            return Step.UNCLAIMED
        if record.offset > self.next_offset:
            return Step.GAP
        self._fold.advance(record)
        self.next_offset = record.offset + 1
        return Step.FOLDED

    def pass_gap(self, offset: int) -> None:
        """Skip to `offset`, where the log holds its next record."""
        self.next_offset = offset

    def snapshot(self, *, generation: int, boot_id: str) -> Snapshot | None:
        """Take a checkpoint of the current state; None when nothing was folded since the last.

        Its contents count as saved: if it cannot be written, the process must end.

        Raises:
            RecordTooLarge: An entity does not fit into one record.
        """
        if self.next_offset == self.saved_offset:
            return None
        records = [self._encode(key, state) for key, state in self._fold.changed().items()]
        head = Head(
            format=HEAD_FORMAT,
            partition=self.partition,
            input_id=self.input_id,
            next_offset=self.next_offset,
            side_offsets=dict(self._fold.side_offsets()),
            generation=generation,
            boot_id=boot_id,
            entities=self._checksums,
            settings=self.settings,
            fold=self.fold_id,
        )
        records.append((HEAD_KEY, encode_head(head)))
        for key, value in records:
            if value is not None and len(value) > MAX_RECORD_BYTES:
                raise RecordTooLarge(
                    f"checkpoint record {key.decode()!r} has {len(value)} bytes; "
                    f"{MAX_RECORD_BYTES} are allowed"
                )
        self.saved_offset = self.next_offset
        whole = {**self._newest, HEAD_KEY: records[-1][1] or b""}
        return Snapshot(self.partition, self.next_offset, records, whole)

    def _encode(self, key: bytes, state: EntityState | None) -> tuple[bytes, bytes | None]:
        name = key.decode()
        if state is None:
            self._checksums.pop(name, None)
            self._newest.pop(key, None)
            return key, None
        value = encode_entity(state)
        self._checksums[name] = checksum(value)
        self._newest[key] = value
        return key, value
