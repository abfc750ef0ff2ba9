"""The manifest of a backup: its objects, with counts, digests, versions and offsets.

    URI/objects/<2 digits>/<sha256>.gz     copied data, each object named by its content
    URI/manifest/<sha256>.json             written last: without it there is no backup

Digests cover every byte: the manifest's name is its own digest, and it holds the objects'.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from runtime.errors import DeadLetter, Stop
from runtime.storage.objects import ObjectStore, sha256_hex
from schemas.topics import (
    ALERT_ACTIONS,
    BADGES,
    CENSUS,
    DECISION_TOPICS,
    READERS,
    ROLES,
    RULES,
    UNITS,
)
from workers.operations.backup.objects import Copied, Part
from workers.registry.vault.erasures import State

FORMAT = 1
_FOLDER = "manifest"

_CAME_LATER: Final = {
    *(UNITS.name, READERS.name, BADGES.name, ROLES.name, CENSUS.name, RULES.name),
    ALERT_ACTIONS.name,
    *(topic.name for topic in DECISION_TOPICS),
}
"""Topics that a backup of an earlier release does not hold: it had none of their records."""


class TableCopy(msgspec.Struct, frozen=True):
    """Rows of a table in PostgreSQL's text format.

    Attributes:
        name: Name of the table.
        columns: Names of its columns, in the order of the lines.
        time: Column by which `since_us` chose the rows; None for a table that is copied whole.
        rows: The rows, one per line.
    """

    name: str
    columns: tuple[str, ...]
    time: str | None
    rows: Copied


class EditsCopy(msgspec.Struct, frozen=True):
    """What people edit: the schema `registry`, read after the facts.

    Attributes:
        tables: Copies of its tables.
        sequences: Last value of each of its sequences, such as the ids of edits.
    """

    tables: tuple[TableCopy, ...]
    sequences: dict[str, int]


class TopicCopy(msgspec.Struct, frozen=True):
    """Records of a topic as JSON lines.

    Attributes:
        name: Name of the topic, without the run's prefix.
        records: The records, one per line.
        contents: Digest over partition, key and value of the records that a restore leaves as
            they are.
    """

    name: str
    records: Copied
    contents: str


class SchemaId(msgspec.Struct, frozen=True, order=True):
    """A schema and its id, which every Avro message names."""

    subject: str
    version: int
    id: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a restore must know and check.

    Attributes:
        format: Version of the manifest's format.
        made_us: Time when the backup was begun, UTC microseconds.
        release: Release of Wardstream.
        server: Versions of PostgreSQL and TimescaleDB that the rows come from.
        topic_prefix: Prefix of the run's topics.
        since_us: Time before which rows were left out, UTC microseconds; None for all rows.
        migrations: Name and SHA-256 of the migrations that made the tables.
        tables: Copies of all Wardstream tables.
        sequences: Last value of each sequence.
        topics: Copies of facts, decisions, checkpoints and audit.
        topic_ids: Kafka's topic ids; a topic that was created again has a new one.
        offsets: Committed offsets of the TimescaleDB sink, by topic and partition.
        registry: The registry's own archive, which keeps all ids; None if it exports none.
        schemas: Schemas and ids that the registry must hold after a restore.
        edits: What people edit; None in a backup of a release without edits.
        erasures: How far the list of erasures was; None where none was set.
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
    edits: EditsCopy | None = None
    erasures: State | None = None

    def topic(self, name: str) -> TopicCopy:
        """The copy of one topic.

        Raises:
            Stop: The backup does not hold the topic.
        """
        for copy in self.topics:
            if copy.name == name:
                return copy
        if name in _CAME_LATER:
            nothing = sha256_hex(b"")
            return TopicCopy(name, Copied(0, nothing, ()), nothing)
        raise Stop(f"the backup has no {name}")

    @property
    def parts(self) -> Iterator[Part]:
        """Every object of the backup."""
        for table in (*self.tables, *(self.edits.tables if self.edits else ())):
            yield from table.rows.parts
        for topic in self.topics:
            yield from topic.records.parts
        if self.registry is not None:
            yield self.registry


def put_manifest(store: ObjectStore, manifest: Manifest) -> str:
    """Write the manifest, which completes the backup; returns its digest."""
    data = msgspec.json.format(msgspec.json.encode(manifest))
    sha256 = sha256_hex(data)
    store.put(f"{_FOLDER}/{sha256}.json", data)
    return sha256


def has_manifest(store: ObjectStore) -> bool:
    """Whether the store already holds a backup."""
    return bool(store.paths(_FOLDER))


def get_manifest(store: ObjectStore) -> Manifest:
    """Read and check the manifest of a backup.

    Raises:
        Stop: There is no manifest, more than one, or it was altered or has a later format.
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
