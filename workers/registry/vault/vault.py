"""The vault in the database: find pseudonyms by external ids, give, open and destroy them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import psycopg

from runtime.errors import Retry, Stop
from workers.registry.editing.database import Database
from workers.registry.vault.external import External, Kind
from workers.registry.vault.keys import SETTING, VaultKey, vault_keys

LOCK: Final = 0x5641554C
"""Advisory lock: shared by whoever gives pseudonyms, alone for who begins or ends a rotation."""

_KEYS: Final = """
    SELECT key_id, retired_at IS NOT NULL FROM vault.keys ORDER BY position DESC
"""
_ADD_KEY: Final = "INSERT INTO vault.keys (key_id, added_at) VALUES (%s, %s)"
_GIVE: Final = """
    INSERT INTO vault.entries (pseudonym, kind, lookup, sealed, key_id, given_at)
    VALUES (%s, %s, %s, %s, %s, %s)
"""


class Entry(NamedTuple):
    """One entry, opened.

    Attributes:
        pseudonym: The pseudonym.
        external: What it stands for.
        given_at: When it was given.
    """

    pseudonym: str
    external: External
    given_at: datetime


class Vault:
    """The vault of one installation.

    Args:
        database: Where the schema `vault` is; signs in as the role that may use it.
        secrets: Keys of 32 bytes; the first is the newest.
    """

    def __init__(self, database: Database, secrets: Sequence[bytes]) -> None:
        self._database = database
        self._mine = {key.id: key for key in vault_keys(secrets)}

    @property
    def has_key(self) -> bool:
        """Whether there is a key, so that pseudonyms can be found and given."""
        return bool(self._mine)

    @property
    def first(self) -> VaultKey:
        """The first key of the setting.

        Raises:
            Stop: There is none.
        """
        if not self._mine:
            raise Stop(f"the vault has no key: set {SETTING}, or {SETTING}_FILE")
        return next(iter(self._mine.values()))

    def keys(self, transaction: psycopg.Connection) -> list[VaultKey]:
        """The keys that are in use, the one that seals first.

        Raises:
            Stop: One of them was not given, or only one that was retired.
        """
        first = self.first
        known: list[tuple[bytes, bool]] = [
            (bytes(name), retired) for name, retired in transaction.execute(_KEYS)
        ]
        if (first.id, True) in known:
            raise Stop(
                f"the first key of {SETTING} was retired by a rotation, and opens nothing any more:"
                " give the newer one"
            )
        used = [name for name, retired in known if not retired]
        if not known:
            return [first]
        lacking = [name.hex() for name in used if name not in self._mine]
        if lacking or not used:
            raise Stop(
                f"the vault is under a key that {SETTING} does not hold ({', '.join(lacking)}): "
                "give every key that is in use, the newest first; a rotation that is not done "
                "needs the old one too"
            )
        return [self._mine[name] for name in used]

    def find(self, wanted: Collection[External]) -> dict[External, str]:
        """The pseudonyms of external ids; those without one are not in it.

        Raises:
            Retry: The database is out of reach.
            Stop: A key that is in use was not given.
        """
        if not wanted:
            return {}
        with self._database.transaction() as transaction:
            return self.found(transaction, wanted)

    def found(
        self, transaction: psycopg.Connection, wanted: Collection[External]
    ) -> dict[External, str]:
        """The same within a transaction."""
        by_hash = {key.lookup(one): one for key in self.keys(transaction) for one in wanted}
        rows = transaction.execute(
            "SELECT lookup, pseudonym FROM vault.entries WHERE lookup = ANY(%s)", [list(by_hash)]
        )
        return {by_hash[bytes(lookup)]: pseudonym for lookup, pseudonym in rows}

    def give(self, fresh: Mapping[External, str], now_us: int) -> None:
        """Keep new pseudonyms, all or none.

        Args:
            fresh: The pseudonym of each external id that had none.
            now_us: Now, UTC microseconds.

        Raises:
            Retry: The database is out of reach, or somebody gave one of the external ids another
                pseudonym meanwhile; nothing was kept.
            Stop: A key that is in use was not given.
        """
        if not fresh:
            return
        with self._database.transaction() as transaction:
            transaction.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
            self._give(transaction, fresh, datetime.fromtimestamp(now_us / 1e6, UTC))

    def _give(
        self, transaction: psycopg.Connection, fresh: Mapping[External, str], at: datetime
    ) -> None:
        key = self.keys(transaction)[0]
        if self.found(transaction, fresh):
            raise Retry(_MEANWHILE)
        transaction.execute(f"{_ADD_KEY} ON CONFLICT (key_id) DO NOTHING", [key.id, at])
        if self.keys(transaction)[0].id != key.id:
            raise Retry(_MEANWHILE)
        rows = [
            (pseudonym, one.kind, key.lookup(one), key.seal(one, pseudonym), key.id, at)
            for one, pseudonym in fresh.items()
        ]
        try:
            with transaction.cursor() as cursor:
                cursor.executemany(_GIVE, rows)
        except psycopg.errors.UniqueViolation:
            raise Retry(_MEANWHILE) from None

    def open(self, pseudonym: str) -> Entry | None:
        """What a pseudonym stands for; None where the vault does not have it.

        Raises:
            Retry: The database is out of reach.
            Stop: Its key was not given, or it was altered.
        """
        with self._database.transaction() as transaction:
            used = {key.id: key for key in self.keys(transaction)}
            row = transaction.execute(
                "SELECT kind, sealed, key_id, given_at FROM vault.entries WHERE pseudonym = %s",
                [pseudonym],
            ).fetchone()
        if row is None:
            return None
        kind, sealed, name, given_at = row
        key = used.get(bytes(name))
        if key is None:
            raise Stop(f"the entry of {pseudonym} is under a key that was retired")
        text = key.open(bytes(sealed), kind, pseudonym)
        return Entry(pseudonym, External(Kind(kind), text), given_at)

    def held(self, pseudonyms: Collection[str]) -> set[str]:
        """Those of some pseudonyms that the vault has. Needs no key.

        Raises:
            Retry: The database is out of reach.
        """
        with self._database.transaction() as transaction:
            rows = transaction.execute(
                "SELECT pseudonym FROM vault.entries WHERE pseudonym = ANY(%s)", [list(pseudonyms)]
            ).fetchall()
        return {pseudonym for (pseudonym,) in rows}

    def destroy(self, pseudonyms: Collection[str]) -> int:
        """Destroy entries for good; returns how many there were. Needs no key.

        Raises:
            Retry: The database is out of reach.
        """
        with self._database.transaction() as transaction:
            return destroyed(transaction, pseudonyms)


def destroyed(transaction: psycopg.Connection, pseudonyms: Collection[str]) -> int:
    """Destroy entries within a transaction; returns how many there were."""
    return transaction.execute(
        "DELETE FROM vault.entries WHERE pseudonym = ANY(%s)", [list(pseudonyms)]
    ).rowcount


_MEANWHILE: Final = (
    "somebody else gave the same numbers their pseudonyms meanwhile, so nothing was written; do it "
    "again"
)
