"""What the records of a checkpoint hold, as bytes.

One checkpoint of a partition is a head under the key `head` and one record for each entity
(a camera, a floor) under the entity's own key. The head names every entity with the CRC-32
of its record, so that a missing, stale or surplus record is noticed when it is read.
"""

import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from runtime.checkpoints.errors import CheckpointDamaged

HEAD_KEY = b"head"
HEAD_FORMAT = 2
"""1: without `settings`. Both are read; a head is written in the newest."""


class EntityState(NamedTuple):
    """The state of one entity as the application encoded it."""

    version: int
    """Version of the application's encoding, 1 to 255."""
    data: bytes


class SettingsSpan(msgspec.Struct, frozen=True):
    """Settings of the fold from one input offset on, until the next span begins.

    Attributes:
        from_offset: First input offset that is folded under these values.
        values: The application's settings by name, as JSON has them.
    """

    from_offset: int
    values: dict[str, Any]


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where a partition's state stands in the logs that made it.

    Attributes:
        format: Version of this record.
        partition: Input partition; equals the partition that holds the record.
        input_id: Kafka's id of the input topic, which changes when it is made again.
        next_offset: The first input offset that the state does not yet contain.
        side_offsets: Position in each topic of reference data, by a name that the application
            chooses.
        generation: Consumer group generation of the writer; for reading only.
        boot_id: The writing process; for reading only.
        entities: CRC-32 of each entity's record, by entity key.
        settings: Settings of the fold, in order of offset, for as far back as the input
            reaches; it may end with a span that begins after `next_offset`. Empty when the
            application has none.
        fold: What made the outputs before this state, and makes those that follow: two folds of
            one name give the same bytes. Empty where a release wrote it that named none.
    """

    format: int
    partition: int
    input_id: str
    next_offset: int
    side_offsets: dict[str, int]
    generation: int
    boot_id: str
    entities: dict[str, int]
    settings: tuple[SettingsSpan, ...] = ()
    fold: str = ""


def empty_head(partition: int, input_id: str, boot_id: str) -> Head:
    """The head of a partition of which nothing was folded yet."""
    return Head(
        format=HEAD_FORMAT,
        partition=partition,
        input_id=input_id,
        next_offset=0,
        side_offsets={},
        generation=0,
        boot_id=boot_id,
        entities={},
    )


class Checkpoint(NamedTuple):
    """A complete, verified checkpoint of one partition."""

    head: Head
    entities: Mapping[bytes, EntityState]


def encode_entity(state: EntityState) -> bytes:
    """Put the version in front of the state: one byte, then the data."""
    return bytes((state.version,)) + state.data


def decode_entity(value: bytes) -> EntityState:
    """Split a record into version and data.

    >>> decode_entity(encode_entity(EntityState(3, b"abc")))
    EntityState(version=3, data=b'abc')
    """
    return EntityState(value[0], value[1:])


def checksum(value: bytes) -> int:
    """CRC-32 of an entity's record, as the head holds it."""
    return zlib.crc32(value)


def encode_head(head: Head) -> bytes:
    """JSON, so that any Kafka tool shows it."""
    return msgspec.json.encode(head)


def decode_head(value: bytes) -> Head:
    """Read a head.

    Raises:
        CheckpointDamaged: It is no head, or one of a later format.
    """
    try:
        head = msgspec.json.decode(value, type=Head)
    except msgspec.MsgspecError as error:
        raise CheckpointDamaged(f"a checkpoint head cannot be read: {error}") from error
    if head.format > HEAD_FORMAT:
        raise CheckpointDamaged(
            f"checkpoint head of format {head.format}; this release reads up to {HEAD_FORMAT}"
        )
    return head


def assemble(partition: int, records: Mapping[bytes, bytes], *, max_version: int) -> Checkpoint:
    """Make a checkpoint of the newest record of each key, or refuse.

    Args:
        partition: The partition that the records were read from.
        records: Newest value of each key; deleted keys are absent. Holds a head.
        max_version: Newest encoding of entity state that the application reads.

    Raises:
        CheckpointDamaged: The records do not form one checkpoint of this partition.
    """
    head = decode_head(records[HEAD_KEY])
    if head.partition != partition:
        raise CheckpointDamaged(
            f"partition {partition} holds a checkpoint of partition {head.partition}"
        )
    found = {key.decode(): checksum(value) for key, value in records.items() if key != HEAD_KEY}
    if found != head.entities:
        wrong = sorted(
            key
            for key in found.keys() | head.entities.keys()
            if found.get(key) != head.entities.get(key)
        )
        raise CheckpointDamaged(
            f"checkpoint of partition {partition} at {head.next_offset}: {len(wrong)} entities "
            f"are missing, stale or unknown to the head, such as {wrong[0]!r}"
        )
    entities = {key: decode_entity(value) for key, value in records.items() if key != HEAD_KEY}
    for key, state in entities.items():
        if state.version > max_version:
            raise CheckpointDamaged(
                f"state of {key.decode()!r} has version {state.version}; "
                f"this release reads up to {max_version}"
            )
    return Checkpoint(head, entities)
