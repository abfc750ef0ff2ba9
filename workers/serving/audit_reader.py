"""Read the views `who_has_seen` and `what_has_seen`, page by page, the newest first."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Self

import msgspec
from psycopg import sql

from workers.serving.recorded.pool import reading_pool
from workers.storage.timescale.connection import database_errors

_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)

Answer = dict[str, Any]


class NoSuchPage(ValueError):
    """A cursor that this board did not give out."""


class Page(NamedTuple):
    """One page of answers.

    Attributes:
        rows: Rows of the view.
        cursor: Where the next page begins; None on the last.
    """

    rows: Sequence[Answer]
    cursor: str | None


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page: time, chain and number of its entry."""

    at: datetime
    chain_id: str
    seq: int


_POSITION: Final = msgspec.json.Decoder(Position)
"""Made before requests come, each in a thread: where two of them have msgspec learn a type at once,
one reads it half learnt, and the process ends by SIGSEGV."""

_START: Final = Position(_LAST, "", 0)


class AuditReader:
    """Answers questions about the audit from the database; use it as a context.

    Args:
        dsn: Address of the database; holds the password.
    """

    def __init__(self, dsn: str) -> None:
        self._pool = reading_pool(dsn, "audit")

    def __enter__(self) -> Self:
        """The reader itself."""
        self._pool.open()
        return self

    def __exit__(self, *_error: object) -> None:
        """Close every connection."""
        self._pool.close()

    def who_has_seen(self, person_id: str, cursor: str | None, limit: int) -> Page:
        """Entries that showed a person, or a member of staff.

        Args:
            person_id: Pseudonym of the person, or id of the member of staff.
            cursor: From the page before; None for the first.
            limit: Most rows.

        Raises:
            NoSuchPage: The cursor is none.
            Retry: The database is out of reach.
            Stop: It is not migrated, or refuses.
        """
        return self._page("who_has_seen", "person_id", person_id, cursor, limit)

    def what_has_seen(self, actor: str, cursor: str | None, limit: int) -> Page:
        """Entries by which somebody was shown people; arguments and errors as above."""
        return self._page("what_has_seen", "actor", actor, cursor, limit)

    def _page(self, view: str, column: str, value: str, cursor: str | None, limit: int) -> Page:
        after = _START if cursor is None else _read(cursor)
        statement = sql.SQL(
            "SELECT * FROM {} WHERE {} = %s AND (at, chain_id, seq) < (%s, %s, %s)"
            " ORDER BY at DESC, chain_id DESC, seq DESC LIMIT %s"
        ).format(sql.Identifier(view), sql.Identifier(column))
        values = [value, after.at, after.chain_id, after.seq, limit + 1]
        with database_errors(), self._pool.connection() as connection:
            rows: list[Any] = connection.execute(statement, values).fetchall()
        if len(rows) <= limit:
            return Page(rows, None)
        last = rows[limit - 1]
        return Page(rows[:limit], _write(Position(last["at"], last["chain_id"], last["seq"])))


def _write(position: Position) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def _read(cursor: str) -> Position:
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return _POSITION.decode(data)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise NoSuchPage("cursor: take it from `next` of the page before") from error
