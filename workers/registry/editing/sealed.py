"""Texts that the registry keeps sealed, one for a fact: stream addresses, names of staff."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from runtime.redaction import url_fault
from schemas.topics import CAMERAS, STAFF, Topic
from workers.registry.editing.database import LOCK, Database
from workers.registry.editing.sealing import Sealer
from workers.registry.files import refuse
from workers.registry.registered import Key, identity_field, kind_of
from workers.registry.text import MAX_NAME

_SCHEMES: Final = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "srt", "rtp"})
_LONGEST_ADDRESS: Final = 2_048


def address_fault(text: str) -> str:
    """Why a text cannot be the stream address of a camera; empty when it can."""
    scheme = text.partition("://")[0].lower()
    if "://" not in text or scheme not in _SCHEMES:
        return f"must begin with one of {', '.join(sorted(_SCHEMES))} and ://"
    if not text.isprintable() or " " in text:
        return "has a blank or a character that cannot be seen"
    if fault := url_fault(text):
        return fault
    try:
        parts = urlsplit(text)
        named = parts.hostname and parts.port != 0
    except ValueError:
        named = False
    return "" if named else "names no host, or a port that is none"


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
        longest: Most characters of a text.
        unfit: Why a text cannot be kept; gives an empty text when it can.
    """

    topic: Topic
    name: str
    setting: str
    field: str
    longest: int
    unfit: Callable[[str], str]

    def fault(self, text: str) -> str:
        """Why a text cannot be kept, without a word of it; empty when it can."""
        if len(text) > self.longest:
            return f"has {len(text)} characters; {self.longest} are the most"
        return self.unfit(text)


ADDRESSES: Final = Table(
    CAMERAS,
    "stream_addresses",
    "WARDSTREAM_REGISTRY__ADDRESS_KEY",
    "address",
    _LONGEST_ADDRESS,
    address_fault,
)
NAMES: Final = Table(
    STAFF, "staff_names", "WARDSTREAM_REGISTRY__NAME_KEY", "name", MAX_NAME, name_fault
)


class Held(NamedTuple):
    """That a text is kept, without the text.

    Attributes:
        version: Its version; no two texts of a table ever have the same.
        since_us: When it was set, UTC microseconds.
    """

    version: int
    since_us: int


class Opened(NamedTuple):
    """A text, and its version."""

    text: str
    version: int


_HELD: Final = sql.SQL("version, (extract(epoch FROM set_at) * 1000000)::bigint")


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
        names = {
            "table": sql.Identifier("registry", table.name),
            "id": sql.Identifier(identity_field(table.topic)),
            "held": _HELD,
        }
        # Who writes addresses may not read them, so nothing here reads what is sealed.
        self._put = sql.SQL(
            "INSERT INTO {table} ({id}, sealed, set_by, set_at)"
            " VALUES (%(id)s, %(sealed)s, %(by)s, %(at)s) ON CONFLICT ({id}) DO UPDATE SET"
            " sealed = %(sealed)s, set_by = %(by)s, set_at = %(at)s, version = DEFAULT"
            " RETURNING {held}"
        ).format(**names)
        self._find = sql.SQL("SELECT {held} FROM {table} WHERE {id} = %s").format(**names)
        self._get = sql.SQL("SELECT sealed, version FROM {table} WHERE {id} = %s").format(**names)
        self._all = sql.SQL("SELECT {id}, sealed FROM {table} ORDER BY {id}").format(**names)
        self._drop = sql.SQL("DELETE FROM {table} WHERE {id} = %s").format(**names)

    @property
    def table(self) -> Table:
        """The table."""
        return self._table

    @property
    def seals(self) -> bool:
        """Whether there is a key, so that a text can be kept."""
        return self._sealer.seals

    def keyed(self, digest: str) -> str:
        """A digest again, under the key: nobody without it finds a text by trying."""
        return self._sealer.keyed(digest)

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
        if text and (fault := self._table.fault(text)):
            refuse([f"{identity_field(self._topic)} {identity}: {self._table.field}: {fault}"])
        sealed = self._sealer.seal(text, self._subject(identity)) if text else b""
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
            self._write(transaction, identity, sealed, by, now_us)

    def held(self, identity: str) -> Held | None:
        """Whether a fact has a text; None where it has none.

        Raises:
            Retry: The database is out of reach.
        """
        with self._database.transaction() as transaction:
            return self.find(transaction, identity)

    def find(self, transaction: psycopg.Connection, identity: str) -> Held | None:
        """The same within a transaction."""
        row = transaction.execute(self._find, [identity]).fetchone()
        return None if row is None else Held(*row)

    def write(
        self, transaction: psycopg.Connection, identity: str, text: str, *, by: str, now_us: int
    ) -> Held | None:
        """Keep or remove a text, as `put` does, in a transaction that no edit runs beside.

        The fact is registered, and the text has no fault: the caller has made sure.

        Raises:
            Stop: There is no key.
        """
        sealed = self._sealer.seal(text, self._subject(identity)) if text else b""
        return self._write(transaction, identity, sealed, by, now_us)

    def _write(
        self, transaction: psycopg.Connection, identity: str, sealed: bytes, by: str, now_us: int
    ) -> Held | None:
        if not sealed:
            transaction.execute(self._drop, [identity])
            return None
        at = datetime.fromtimestamp(now_us / 1e6, UTC)
        values = {"id": identity, "sealed": sealed, "by": by, "at": at}
        row = transaction.execute(self._put, values).fetchone()
        assert row is not None
        return Held(*row)

    def get(self, identity: str) -> str | None:
        """The text of a fact; None where there is none.

        Raises:
            Retry: The database is out of reach.
            Stop: It is under a key that was not given, or was altered.
        """
        found = self.read(identity)
        return None if found is None else found.text

    def read(self, identity: str) -> Opened | None:
        """The text of a fact with its version; see `get`."""
        row = self._row(identity)
        return None if row is None else Opened(self.opened(identity, bytes(row[0])), row[1])

    def every(self) -> dict[str, bytes]:
        """All texts as they are kept, by the id of their fact.

        Raises:
            Retry: The database is out of reach.
            Stop: It refuses this user.
        """
        with self._database.transaction() as transaction:
            rows = transaction.execute(self._all).fetchall()
        return {identity: bytes(sealed) for identity, sealed in rows}

    def _row(self, identity: str) -> tuple[bytes, int] | None:
        with self._database.transaction() as transaction:
            return transaction.execute(self._get, [identity]).fetchone()

    def _subject(self, identity: str) -> str:
        return str(Key(self._topic, identity))

    def opened(self, identity: str, sealed: bytes) -> str:
        """A text that was kept elsewhere as it was sealed.

        Raises:
            Stop: It is under a key that was not given, or was altered.
        """
        return self._sealer.open(sealed, self._subject(identity))
