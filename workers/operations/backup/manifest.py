"""What a backup consists of: the list of its objects, with counts, digests, versions and offsets.

    URI/objects/<2 digits>/<sha256>.gz     what was copied, each object named by its content
    URI/manifest/<sha256>.json             written last, so that without it there is no backup

Every byte is covered: the name of the manifest is its digest, and it holds those of the objects.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from runtime.errors import DeadLetter, Stop
from runtime.storage.objects import ObjectStore, sha256_hex
from workers.operations.backup.objects import Copied, Part

FORMAT = 1
_FOLDER = "manifest"


class TableCopy(msgspec.Struct, frozen=True):
    """Rows of a table, as PostgreSQL's text format has them.

    Attributes:
        name: Of the table.
        columns: In the order of the lines.
        time: Column by which `since_us` chose the rows; None for a table that is copied whole.
        rows: The lines.
    """

    name: str
    columns: tuple[str, ...]
    time: str | None
    rows: Copied


class TopicCopy(msgspec.Struct, frozen=True):
    """Records of a topic as JSON lines.

    Attributes:
        name: Without the run's prefix.
        records: The lines.
        contents: Digest over partition, key and value of what a restore gives back unaltered.
    """

    name: str
    records: Copied
    contents: str


class SchemaId(msgspec.Struct, frozen=True, order=True):
    """A schema under its id, which every Avro message names."""

    subject: str
    version: int
    id: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a restore must know and check.

    Attributes:
        format: Of this record.
        made_us: When it was begun, UTC microseconds.
        release: Of Wardstream.
        server: PostgreSQL and TimescaleDB that the rows come from.
        topic_prefix: Of the run.
        since_us: Rows before it were left out, UTC microseconds; None for all rows.
        migrations: Name and SHA-256 of those that made the tables.
        tables: All of ours.
        sequences: Last value of each.
        topics: Facts, checkpoints, audit.
        topic_ids: Kafka's ids: a topic that was made again has another.
        offsets: How far the TimescaleDB sink was committed, by topic and partition.
        registry: The registry's own archive, which keeps all ids; None where it gives none.
        schemas: Ids that must be there afterwards.
    """

    format: int
    made_us: int
    release: str
    server: str
    topic_prefix: str
    since_us: int | None
    migrations: dict[str, str]
    tables: tuple[TableCopy, ...]
    sequences: dict[str, int]
    topics: tuple[TopicCopy, ...]
    topic_ids: dict[str, str]
    offsets: dict[str, dict[int, int]]
    registry: Part | None
    schemas: tuple[SchemaId, ...]

    def topic(self, name: str) -> TopicCopy:
        """Records of one topic.

        Raises:
            Stop: The backup has none of it.
        """
        for copy in self.topics:
            if copy.name == name:
                return copy
        raise Stop(f"the backup has no {name}")

    @property
    def parts(self) -> Iterator[Part]:
        """Every object."""
        for table in self.tables:
            yield from table.rows.parts
        for topic in self.topics:
            yield from topic.records.parts
        if self.registry is not None:
            yield self.registry


def put_manifest(store: ObjectStore, manifest: Manifest) -> str:
    """Make the backup one; returns its digest."""
    data = msgspec.json.format(msgspec.json.encode(manifest))
    sha256 = sha256_hex(data)
    store.put(f"{_FOLDER}/{sha256}.json", data)
    return sha256


def has_manifest(store: ObjectStore) -> bool:
    """Whether a backup lies here already."""
    return bool(store.paths(_FOLDER))


def get_manifest(store: ObjectStore) -> Manifest:
    """The manifest of a backup, checked.

    Raises:
        Stop: There is none, more than one, or it was altered or is of a later format.
        Retry: The store is out of reach.
    """
    found = store.paths(_FOLDER)
    if len(found) != 1:
        what = "there is no backup" if not found else "there are two manifests"
        raise Stop(f"{store.base}: {what}")
    sha256 = found[0].removesuffix(".json").rpartition("/")[2]
    try:
        data = store.get(f"{store.base}/{found[0]}", sha256)
        plain: Any = msgspec.json.decode(data)
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            text = plain.get("format") if isinstance(plain, dict) else None
            raise Stop(f"{store.base}: a backup of format {text}; this release reads {FORMAT}")
        return msgspec.json.decode(data, type=Manifest)
    except (DeadLetter, msgspec.MsgspecError) as error:
        raise Stop(f"{store.base}: its manifest does not match: {error}") from error
