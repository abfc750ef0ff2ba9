"""What people edit, in a backup: the schema `registry`, and the vault of pseudonyms.

Answers that are kept for repeated requests are left out.

What is sealed stays sealed, and its keys are in no backup.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import psycopg
from psycopg import sql

from runtime.errors import Stop
from runtime.facts.log import Fact, FactLog
from runtime.facts.writer import FactWriter
from runtime.kafka.cluster import Cluster
from runtime.storage.objects import ObjectStore
from workers.operations.backup.manifest import EditsCopy, Manifest, TableCopy
from workers.operations.backup.objects import lines_of
from workers.operations.backup.rows import copy_in, copy_out, recount
from workers.operations.backup.tables import identifier, shapes, snapshot
from workers.operations.backup.vaults import TABLES as VAULT
from workers.registry.editing.database import LOCK
from workers.registry.editing.relay import RELAY_LOCK
from workers.registry.editing.sealed import ADDRESSES, NAMES
from workers.registry.editing.sealing import Sealer
from workers.registry.registered import Key, identity_field

_EDITS: Final = "registry.edits"
_VERSIONS: Final = "registry.versions"
_TABLES: Final = (
    "registry.taken_over",
    _EDITS,
    _VERSIONS,
    "registry.outbox",
    f"registry.{NAMES.name}",
    f"registry.{ADDRESSES.name}",
    "registry.drawings",
    *VAULT,
)
_SEQUENCES: Final = """
    SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences
    WHERE schemaname IN ('registry', 'vault') AND last_value IS NOT NULL
"""
_LACKING: Final = """
    SELECT EXISTS (
        SELECT kind, id, version, record, removed FROM copied_versions
        EXCEPT SELECT kind, id, version, record, removed FROM registry.versions
    )
"""
_NAMED: Final = 20
"""So many sealed texts that cannot be opened are named."""


def copy_edits(connection: psycopg.Connection, store: ObjectStore) -> EditsCopy | None:
    """Write what people edit into a backup; None where the database has no place for it.

    Raises:
        Retry: The store is out of reach.
        Stop: The store refuses us.
    """
    copies = tuple(copy_out(connection, one, None, store) for one in shapes(connection, _TABLES))
    if not copies:
        return None
    return EditsCopy(copies, dict(connection.execute(_SEQUENCES).fetchall()))


def are_missing(dsn: str, manifest: Manifest, store: ObjectStore, *, replace: bool) -> bool:
    """Whether a restore must load what people edit.

    A registry that has every version of the backup stays as it is, with all that came since.

    Args:
        dsn: Connection string of the database.
        manifest: Manifest of the backup.
        store: Store of its objects.
        replace: Whether the backup's edits may replace others.

    Raises:
        Stop: A relay runs, or the database holds other edits and `replace` is not set.
        Retry: The database or the store is out of reach.
    """
    copied = {table.name: table for table in manifest.edits.tables} if manifest.edits else {}
    with snapshot(dsn) as connection:
        there = _is_there(connection)
        if there:
            hold(connection)
        if not any(table.rows.lines for table in copied.values()):
            return False
        if not there or not _has_rows(connection, _EDITS):
            return True
        if not _lacks(connection, copied[_VERSIONS], store):
            return False
    if not replace:
        raise Stop(
            "the database holds other edits than the backup: give the run an empty one, or "
            "--replace --accept-loss puts the backup's in their place, and the others are lost"
        )
    return True


def are_kept(dsn: str) -> bool:
    """Whether the database is the one in which people edit.

    Raises:
        Retry: The database is out of reach.
    """
    with snapshot(dsn) as connection:
        return _is_there(connection) and _has_rows(connection, "registry.taken_over")


def hold(connection: psycopg.Connection) -> None:
    """Let nobody edit, and no relay begin, until the transaction ends.

    Raises:
        Stop: A relay runs, or somebody edits just now.
    """
    for lock, who in ((RELAY_LOCK, "a relay still runs"), (LOCK, "somebody edits")):
        found = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock]).fetchone()
        if found is None or not found[0]:
            raise Stop(f"{who}: end every process of the pipeline first")


def settled(cluster: Cluster) -> list[Fact]:
    """Every fact of the topics; whoever was about to append one has no longer the right to.

    Raises:
        Retry: The broker is out of reach.
        RegistryUnavailable: The schema registry is out of reach.
    """
    with FactWriter(cluster):
        facts = FactLog(cluster)
        try:
            return list(facts.sync())
        finally:
            facts.close()


def load(connection: psycopg.Connection, manifest: Manifest, store: ObjectStore) -> None:
    """Put the backup's edits in the place of others, in the open transaction.

    Raises:
        Stop: A table differs from the backup's, an object is gone or altered, or the rows are not
            those of the manifest afterwards.
        Retry: The store is out of reach.
    """
    edits = manifest.edits
    if edits is None:
        return
    found = {shape.name: shape for shape in shapes(connection, [t.name for t in edits.tables])}
    # Answers that are kept for repeated requests name edits that are no longer there.
    # A database of an earlier release, as the backup's may be, has no vault yet.
    there = shapes(connection, (*_TABLES, "registry.idempotency"))
    names = [identifier(shape.name) for shape in there]
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(names)))
    for table in edits.tables:
        shape = found.get(table.name)
        if shape is None or shape.columns != table.columns:
            raise Stop(f"table {table.name} is not as it was when it was copied")
        copy_in(connection, identifier(table.name), table, lines_of(store, table.rows))
        if recount(connection, shape, None) != (table.rows.lines, table.rows.sha256):
            raise Stop(f"after loading, table {table.name} has other rows: nothing was changed")
    for name, value in edits.sequences.items():
        connection.execute("SELECT setval(%s::regclass, %s)", [name, value])


def unopened(dsn: str, keys: Mapping[str, Sequence[bytes]]) -> list[str]:
    """What is sealed in the database and cannot be opened with these keys, in lines.

    Args:
        dsn: Connection string of the database.
        keys: Keys by name of the table.

    Raises:
        Retry: The database is out of reach.
    """
    faults = []
    with snapshot(dsn) as connection:
        for table in (ADDRESSES, NAMES) if _is_there(connection) else ():
            sealer = Sealer(keys.get(table.name, ()), table.setting)
            query = sql.SQL("SELECT {0}, sealed FROM {1} ORDER BY {0}").format(
                sql.Identifier(identity_field(table.topic)), sql.Identifier("registry", table.name)
            )
            for identity, sealed in connection.execute(query).fetchall():
                try:
                    sealer.open(bytes(sealed), str(Key(table.topic, identity)))
                except Stop as error:
                    faults.append(f"cannot be opened: {error}")
    if len(faults) > _NAMED:
        faults[_NAMED:] = [f"cannot be opened either: {len(faults) - _NAMED} more"]
    return faults


def _is_there(connection: psycopg.Connection) -> bool:
    found = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [_VERSIONS]).fetchone()
    return found is not None and bool(found[0])


def _has_rows(connection: psycopg.Connection, name: str) -> bool:
    query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(identifier(name))
    found = connection.execute(query).fetchone()
    return found is not None and bool(found[0])


def _lacks(connection: psycopg.Connection, versions: TableCopy, store: ObjectStore) -> bool:
    """Whether the database lacks a version of a backup, or has another in its place."""
    connection.execute(
        "CREATE TEMPORARY TABLE copied_versions (LIKE registry.versions) ON COMMIT DROP"
    )
    name = sql.Identifier("copied_versions")
    copy_in(connection, name, versions, lines_of(store, versions.rows))
    found = connection.execute(_LACKING).fetchone()
    return found is None or bool(found[0])
