"""The vault in a restore: bring it back where there is none, and say what nobody can open."""

from collections.abc import Sequence

import psycopg

from runtime.storage.objects import ObjectStore
from workers.operations.backup.manifest import Manifest
from workers.operations.backup.objects import lines_of
from workers.operations.backup.rows import copy_in
from workers.operations.backup.tables import identifier, shapes, snapshot
from workers.registry.vault.keys import SETTING, vault_keys

TABLES = ("vault.keys", "vault.entries")
"""In the order in which they may be filled."""


def load_vault(connection: psycopg.Connection, manifest: Manifest, store: ObjectStore) -> None:
    """Fill a vault that holds nothing, where edits themselves stay as they are.

    A registry that took its facts over from the topics has all of them, and no vault.

    Raises:
        Stop: An object is gone or altered.
        Retry: The store is out of reach.
    """
    copied = {table.name: table for table in manifest.edits.tables} if manifest.edits else {}
    found = shapes(connection, TABLES)
    if len(found) < len(TABLES) or not copied.keys() >= {*TABLES}:
        return
    held = connection.execute("SELECT EXISTS (SELECT FROM vault.keys)").fetchone()
    if held is not None and held[0]:
        return
    for name in TABLES:
        copy_in(connection, identifier(name), copied[name], lines_of(store, copied[name].rows))


def unopened_entries(dsn: str, secrets: Sequence[bytes]) -> list[str]:
    """What of the vault cannot be opened with these keys, in lines.

    Raises:
        Retry: The database is out of reach.
    """
    mine = {key.id for key in vault_keys(secrets)}
    with snapshot(dsn) as connection:
        if not shapes(connection, TABLES):
            return []
        rows = connection.execute(
            "SELECT key_id, count(*) FROM vault.entries GROUP BY key_id ORDER BY key_id"
        ).fetchall()
    return [
        f"cannot be opened: {number} entries of the vault are under a key that {SETTING} does not "
        "hold"
        for name, number in rows
        if bytes(name) not in mine
    ]
