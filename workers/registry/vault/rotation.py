"""Rotate the key of the vault: every entry is hashed and sealed again, in steps.

It may be killed anywhere, and goes on where it was: each step is one transaction, and until the
last one both keys are in use. The last one retires the old key, which opens nothing from then on.
"""

from datetime import UTC, datetime
from typing import Final

import psycopg

from runtime.errors import Stop
from workers.registry.editing.database import Database
from workers.registry.vault.external import External, Kind
from workers.registry.vault.keys import SETTING, VaultKey
from workers.registry.vault.vault import LOCK, Vault

STEP: Final = 500
"""Entries of one transaction."""

_OLD: Final = """
    SELECT pseudonym, kind, sealed, key_id FROM vault.entries WHERE key_id <> %s
    ORDER BY pseudonym LIMIT %s FOR UPDATE
"""
_AGAIN: Final = """
    UPDATE vault.entries SET lookup = %s, sealed = %s, key_id = %s WHERE pseudonym = %s
"""


class Rotation:
    """One rotation, to the first key of the setting.

    Args:
        database: Where the vault is.
        vault: The vault, with the new key first and every key that is in use after it.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._to: VaultKey = vault.first

    def start(self, now_us: int) -> bool:
        """Use the new key from now on for whatever is new; returns whether it was another before.

        Raises:
            Retry: The database is out of reach.
            Stop: A key that is in use was not given, or the first one was retired.
        """
        with self._database.transaction() as transaction:
            transaction.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            current = self._vault.keys(transaction)[0]
            added = transaction.execute(
                "INSERT INTO vault.keys (key_id, added_at) VALUES (%s, %s)"
                " ON CONFLICT (key_id) DO NOTHING",
                [self._to.id, _at(now_us)],
            ).rowcount
            if not added and current.id != self._to.id:
                raise Stop(
                    f"the first key of {SETTING} is older than another one that is in use: give "
                    "the newest first"
                )
        return bool(added)

    def step(self, most: int = STEP) -> int:
        """Hash and seal the next entries again; returns how many, 0 when none is left.

        Raises:
            Retry: The database is out of reach.
            Stop: A key that is in use was not given, or an entry was altered.
        """
        with self._database.transaction() as transaction:
            used = {key.id: key for key in self._vault.keys(transaction)}
            rows = transaction.execute(_OLD, [self._to.id, most]).fetchall()
            changed = [self._again(used, *row) for row in rows]
            with transaction.cursor() as cursor:
                cursor.executemany(_AGAIN, changed)
        return len(rows)

    def end(self, now_us: int) -> bool:
        """Retire every other key, unless entries are left; returns whether it is done.

        Raises:
            Retry: The database is out of reach.
            Stop: A key that is in use was not given.
        """
        with self._database.transaction() as transaction:
            transaction.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            self._vault.keys(transaction)
            if transaction.execute(_OLD, [self._to.id, 1]).fetchone() is not None:
                return False
            transaction.execute(
                "UPDATE vault.keys SET retired_at = %s WHERE key_id <> %s AND retired_at IS NULL",
                [_at(now_us), self._to.id],
            )
        return True

    def left(self) -> int:
        """Number of entries that are still under another key.

        Raises:
            Retry: The database is out of reach.
        """
        with self._database.transaction() as transaction:
            return left_under(transaction, self._to)

    def _again(
        self, used: dict[bytes, VaultKey], pseudonym: str, kind: str, sealed: bytes, name: bytes
    ) -> tuple[bytes, bytes, bytes, str]:
        key = used.get(bytes(name))
        if key is None:
            raise Stop(f"the entry of {pseudonym} is under a key that is not in use")
        external = External(Kind(kind), key.open(bytes(sealed), kind, pseudonym))
        lookup, again = self._to.lookup(external), self._to.seal(external, pseudonym)
        return lookup, again, self._to.id, pseudonym


def left_under(transaction: psycopg.Connection, key: VaultKey) -> int:
    """Number of entries that are under another key than this one."""
    row = transaction.execute(
        "SELECT count(*) FROM vault.entries WHERE key_id <> %s", [key.id]
    ).fetchone()
    return 0 if row is None else int(row[0])


def _at(now_us: int) -> datetime:
    return datetime.fromtimestamp(now_us / 1e6, UTC)
