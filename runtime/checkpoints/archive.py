"""Checkpoint archive in object storage: a rebuild need not fold from the start of the log.

An archived checkpoint is one object that holds all records of one checkpoint of one partition. Its
name gives the partition, input offset, time and SHA-256. A listing is therefore enough to choose
one, and an altered or truncated object is detected before it is used.
"""

import re
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from runtime.checkpoints.codec import HEAD_KEY, Checkpoint, assemble, decode_head
from runtime.checkpoints.errors import CheckpointDamaged
from runtime.errors import DeadLetter
from runtime.storage.objects import ObjectStore, safe_name, sha256_hex

ARCHIVE_FORMAT = 1

_LEVEL = 1  # states are packed numbers: a higher level saves little
_NAME = re.compile(r"p(\d{5})/(\d{20})-(\d{17})-([0-9a-f]{64})\.checkpoint")


class Archived(NamedTuple):
    """One archived checkpoint, as its name describes it.

    Attributes:
        partition: Partition of the input.
        next_offset: First input offset that it does not contain.
        written_us: Time of archiving, UTC microseconds.
        sha256: SHA-256 of the object, hex.
        path: Path below the store's URL.
    """

    partition: int
    next_offset: int
    written_us: int
    sha256: str
    path: str


class _Contents(msgspec.Struct, frozen=True):
    """Contents of an archive object.

    Attributes:
        format: Version of this record.
        records: Every record of the checkpoint by key, as in the compacted topic.
    """

    format: int
    records: dict[bytes, bytes]


_DECODER: Final = msgspec.msgpack.Decoder(_Contents)  # before there are threads: see `codec`


class CheckpointArchive:
    """The archived checkpoints of one stage.

    Args:
        objects: Object store that holds them.
        stage: Name of the stage, with the run's prefix, which keeps runs apart.
    """

    def __init__(self, objects: ObjectStore, stage: str) -> None:
        self._objects = objects
        self._folder = f"checkpoints/{safe_name(stage)}"

    def write(self, records: Mapping[bytes, bytes], written_us: int) -> Archived:
        """Archive one checkpoint; archiving it twice gives one object, or two equal ones.

        Args:
            records: Newest value of each key, the head included.
            written_us: Current time, UTC microseconds.

        Raises:
            CheckpointDamaged: The records hold no head.
            Retry: The store is out of reach or full.
            Stop: The store refuses us.
        """
        if HEAD_KEY not in records:
            raise CheckpointDamaged("a checkpoint without a head cannot be archived")
        head = decode_head(records[HEAD_KEY])
        ordered = {key: records[key] for key in sorted(records)}
        data = zlib.compress(msgspec.msgpack.encode(_Contents(ARCHIVE_FORMAT, ordered)), _LEVEL)
        sha256 = sha256_hex(data)
        name = f"p{head.partition:05}/{head.next_offset:020}-{written_us:017}-{sha256}.checkpoint"
        path = f"{self._folder}/{name}"
        self._objects.put(path, data)
        return Archived(head.partition, head.next_offset, written_us, sha256, path)

    def held(self, partition: int | None = None) -> list[Archived]:
        """List the archived checkpoints by partition, offset and time; other objects are ignored.

        Raises:
            Retry: The store is out of reach.
            Stop: The store refuses us.
        """
        folder = self._folder if partition is None else f"{self._folder}/p{partition:05}"
        found = []
        for path in self._objects.paths(folder):
            match = _NAME.fullmatch(path.removeprefix(f"{self._folder}/"))
            if match is not None:
                numbers = (int(match[1]), int(match[2]), int(match[3]))
                found.append(Archived(*numbers, match[4], path))
        return sorted(found)

    def read(self, archived: Archived, *, max_version: int) -> Checkpoint:
        """Read a checkpoint; verify the object by its SHA-256, each record by the head's CRC-32.

        Args:
            archived: Entry of `held`.
            max_version: Newest encoding of entity state that the application reads.

        Raises:
            CheckpointDamaged: It is gone, altered, cut short, or of a later release.
            Retry: The store is out of reach.
            Stop: The store refuses us.
        """
        try:
            data = self._objects.get(self._objects.uri(archived.path), archived.sha256)
            contents = _DECODER.decode(zlib.decompress(data))
        except (DeadLetter, zlib.error, msgspec.MsgspecError) as error:
            raise CheckpointDamaged(f"archived checkpoint {archived.path}: {error}") from error
        if contents.format > ARCHIVE_FORMAT:
            raise CheckpointDamaged(
                f"archived checkpoint {archived.path} has format {contents.format}; this release "
                f"reads up to {ARCHIVE_FORMAT}"
            )
        if HEAD_KEY not in contents.records:
            raise CheckpointDamaged(f"archived checkpoint {archived.path} has no head")
        checkpoint = assemble(archived.partition, contents.records, max_version=max_version)
        if checkpoint.head.next_offset != archived.next_offset:
            raise CheckpointDamaged(
                f"archived checkpoint {archived.path} stands at {checkpoint.head.next_offset}"
            )
        return checkpoint

    def drop_before(self, partition: int, before_us: int) -> int:
        """Delete checkpoints archived before `before_us`, but never the newest; return how many.

        Raises:
            Retry: The store is out of reach.
            Stop: The store refuses us.
        """
        gone = [one for one in self.held(partition)[:-1] if one.written_us < before_us]
        for one in gone:
            self._objects.delete(one.path)
        return len(gone)
