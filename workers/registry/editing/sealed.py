"""Texts that the registry keeps sealed, one for a fact: stream addresses, names of staff."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from psycopg import sql

from runtime.redaction import url_fault
from schemas.topics import CAMERAS, STAFF, Topic
from workers.registry.editing.database import LOCK, Database
from workers.registry.editing.sealing import Sealer
from workers.registry.files import refuse
from workers.registry.registered import Key, identity_field, kind_of

_SCHEMES: Final = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "srt", "rtp"})
_LONGEST: Final = 2_048


def address_fault(text: str) -> str:
    """Why a text cannot be the stream address of a camera; empty when it can."""
    scheme = text.partition("://")[0].lower()
    if "://" not in text or scheme not in _SCHEMES:
        return f"must begin with one of {', '.join(sorted(_SCHEMES))} and ://"
    if not text.isprintable() or " " in text:
        return "has a blank or a character that cannot be seen"
    return url_fault(text)


def name_fault(text: str) -> str:
    """Why a text cannot be the name of a member of staff; empty when it can."""
    return "" if text.isprintable() and text == text.strip() else "has blanks around, or line ends"


class Table(NamedTuple):
    """A table of sealed texts.

    Attributes:
        topic: Of the facts that have them.
        name: The table's name.
        setting: Name of the setting that holds its keys.
        field: What a text is, for messages.
        fault: Why a text cannot be kept; gives an empty text when it can.
    """

    topic: Topic
    name: str
    setting: str
    field: str
    fault: Callable[[str], str]


ADDRESSES: Final = Table(
    CAMERAS, "stream_addresses", "WARDSTREAM_REGISTRY__ADDRESS_KEY", "address", address_fault
)
NAMES: Final = Table(STAFF, "staff_names", "WARDSTREAM_REGISTRY__NAME_KEY", "name", name_fault)


class SealedTexts:
    """One table of sealed texts.

    Args:
        database: Where the schema `registry` is.
        table: `ADDRESSES` or `NAMES`.
        keys: Keys of 32 bytes; the first seals, all of them open.
    """

    def __init__(self, database: Database, table: Table, keys: Sequence[bytes]) -> None:
        self._database = database
        self._table = table
        self._topic = table.topic
        self._sealer = Sealer(keys, table.setting)
        field = identity_field(table.topic)
        names = {"table": sql.Identifier("registry", table.name), "id": sql.Identifier(field)}
        self._put = sql.SQL(
            "INSERT INTO {table} ({id}, sealed, set_by, set_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT ({id}) DO UPDATE SET sealed = excluded.sealed,"
            " set_by = excluded.set_by, set_at = excluded.set_at"
        ).format(**names)
        self._get = sql.SQL("SELECT sealed FROM {table} WHERE {id} = %s").format(**names)
        self._drop = sql.SQL("DELETE FROM {table} WHERE {id} = %s").format(**names)

    def put(self, identity: str, text: str, *, by: str, now_us: int) -> None:
        """Keep a text for a fact that is registered, in place of an earlier one.

        Args:
            identity: Id of the fact.
            text: The text; an empty one removes what there is.
            by: The authenticated subject, or the user of a command.
            now_us: Now, UTC microseconds.

        Raises:
            ImportRefused: The fact is not registered, or the text cannot be what it must be; the
                message does not hold it.
            Retry: The database is out of reach.
            Stop: There is no key.
        """
        key = Key(self._topic, identity)
        long = f"has {len(text)} characters; {_LONGEST} are the most" * (len(text) > _LONGEST)
        if text and (fault := long or self._table.fault(text)):
            refuse([f"{identity_field(self._topic)} {identity}: {self._table.field}: {fault}"])
        sealed = self._sealer.seal(text, str(key)) if text else b""
        with self._database.transaction() as transaction:
            # Beside an edit that removes the fact, and its text with it, one of both waits.
            transaction.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            row = transaction.execute(
                "SELECT removed FROM registry.versions WHERE kind = %s AND id = %s"
                " ORDER BY version DESC LIMIT 1",
                [kind_of(self._topic), identity],
            ).fetchone()
            if row is None or row[0]:
                refuse([f"{identity_field(self._topic)} {identity}: is not registered"])
            at = datetime.fromtimestamp(now_us / 1e6, UTC)
            if text:
                transaction.execute(self._put, [identity, sealed, by, at])
            else:
                transaction.execute(self._drop, [identity])

    def get(self, identity: str) -> str | None:
        """The text of a fact; None where there is none.

        Raises:
            Retry: The database is out of reach.
            Stop: It is under a key that was not given, or was altered.
        """
        sealed = self.sealed(identity)
        return None if sealed is None else self.opened(identity, sealed)

    def sealed(self, identity: str) -> bytes | None:
        """The text of a fact as it is kept; None where there is none.

        Raises:
            Retry: The database is out of reach.
        """
        with self._database.transaction() as transaction:
            row = transaction.execute(self._get, [identity]).fetchone()
        return None if row is None else bytes(row[0])

    def opened(self, identity: str, sealed: bytes) -> str:
        """A text that was kept elsewhere as it was sealed.

        Raises:
            Stop: It is under a key that was not given, or was altered.
        """
        return self._sealer.open(sealed, str(Key(self._topic, identity)))
