"""Encoding of the records of a checkpoint.

One checkpoint of a partition is a head under the key `head` and one record for each entity
(a camera, a floor) under the entity's own key. The head names every entity with the CRC-32
of its record, so that a missing, stale or surplus record is detected on reading.
"""

import zlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from runtime.checkpoints.errors import CheckpointDamaged

HEAD_KEY = b"head"
HEAD_FORMAT = 2
"""Format 1 had no `settings`. Both are read; heads are written in the newest."""


class EntityState(NamedTuple):
    """State of one entity, as the application encoded it."""

    version: int
    """Version of the application's encoding, 1 to 255."""
    data: bytes


class SettingsSpan(msgspec.Struct, frozen=True):
    """Settings of the fold from an input offset until the next span begins.

    Attributes:
        from_offset: First input offset that is folded under these values.
        values: The application's settings by name, as JSON values.
    """

    from_offset: int
    values: dict[str, Any]


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Position of a partition's state in the logs that produced it.

    Attributes:
        format: Version of this record.
        partition: Input partition; equals the partition that holds the record.
        input_id: Kafka's id of the input topic, which changes when it is re-created.
        next_offset: First input offset that the state does not yet contain.
        side_offsets: Position in each topic of reference data, by a name that the application
            chooses.
        generation: Consumer group generation of the writer; for diagnosis only.
        boot_id: Id of the writing process; for diagnosis only.
        entities: CRC-32 of each entity's record, by entity key.
        settings: Settings of the fold, in offset order, for as far back as the input reaches.
            The last span may begin after `next_offset`. Empty when the application has none.
        fold: Name of the fold that made the outputs up to this state and makes the next ones:
            two folds with the same name give the same bytes. Empty in heads of older releases,
            which named none.
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
    """Head of a partition from which nothing has been folded yet."""
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
    """Encode a state: one version byte, then the data."""
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


_HEAD: Final = msgspec.json.Decoder(Head)
"""Made before there are threads: where two of them have msgspec learn a type at once, one reads it
half learnt, and the process ends by SIGSEGV."""


def encode_head(head: Head) -> bytes:
    """Encode a head as JSON, which any Kafka tool can show."""
    return msgspec.json.encode(head)


def decode_head(value: bytes) -> Head:
    """Read a head.

    Raises:
        CheckpointDamaged: The value is not a head, or has a later format.
    """
    try:
        head = _HEAD.decode(value)
    except msgspec.MsgspecError as error:
        raise CheckpointDamaged(f"a checkpoint head cannot be read: {error}") from error
    if head.format > HEAD_FORMAT:
        raise CheckpointDamaged(
            f"checkpoint head of format {head.format}; this release reads up to {HEAD_FORMAT}"
        )
    return head


def assemble(partition: int, records: Mapping[bytes, bytes], *, max_version: int) -> Checkpoint:
    """Build a checkpoint from the newest record of each key, and verify it.

    Args:
        partition: Partition that the records were read from.
        records: Newest value of each key, the head included; deleted keys are absent.
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
