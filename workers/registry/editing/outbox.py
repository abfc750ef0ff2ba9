"""The outbox: edits that wait for the relay, and what was fixed of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import psycopg

from runtime.facts.log import Fact
from workers.registry.editing.database import fact_key, record_of

APPENDED: Final = "wardstream_appended"
"""Whoever waits for an edit to be appended listens here."""

_OLDEST: Final = """
    SELECT o.edit_id, o.recorded_at_us, o.append_by_us, o.attempts, o.payload,
           (extract(epoch FROM e.at) * 1000000)::bigint
    FROM registry.outbox o JOIN registry.edits e USING (edit_id)
    WHERE o.appended_at IS NULL ORDER BY o.edit_id LIMIT 1
"""

_FIX: Final = """
    UPDATE registry.outbox
    SET recorded_at_us = %s, append_by_us = %s, payload = %s, attempts = attempts + 1
    WHERE edit_id = %s AND attempts = %s AND appended_at IS NULL
"""

_FINISH: Final = """
    UPDATE registry.outbox SET appended_at = %s, recorded_at_us = %s, payload = NULL
    WHERE edit_id = %s AND appended_at IS NULL
"""

_VERSIONS: Final = """
    SELECT kind, id, version, record, removed, edited_by, valid_from_us, recorded_at_us
    FROM registry.versions WHERE edit_id = %s ORDER BY position
"""


class Appending(msgspec.Struct, frozen=True, array_like=True):
    """A record as it is appended: topic without the run's prefix, key, value."""

    topic: str
    key: bytes
    value: bytes


_DECODER: Final = msgspec.msgpack.Decoder(list[Appending])


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The oldest edit that is not appended; times in UTC microseconds.

    Attributes:
        edit_id: Its id.
        edited_at_us: When it was made.
        recorded_at_us: The time that its facts carry; None before it is fixed.
        append_by_us: After this time nothing is appended with it; None for no limit.
        attempts: How often its time and bytes were fixed.
        payload: The bytes that were fixed; None before that.
    """

    edit_id: int
    edited_at_us: int
    recorded_at_us: int | None
    append_by_us: int | None
    attempts: int
    payload: bytes | None

    @property
    def records(self) -> list[Appending]:
        """The records that were fixed."""
        return _DECODER.decode(self.payload or b"\x90")


@dataclass(frozen=True, slots=True)
class Draft:
    """A version that was not appended yet, with the times that it was given."""

    fact: Fact
    valid_from_us: int | None
    recorded_at_us: int | None

    def at(self, recorded_at_us: int) -> Fact:
        """The fact, recorded at this time unless another was given."""
        recorded = recorded_at_us if self.recorded_at_us is None else self.recorded_at_us
        valid = recorded if self.valid_from_us is None else self.valid_from_us
        times = {"recorded_at_us": recorded, "valid_from_us": valid}
        return Fact(self.fact.topic, {**self.fact.record, **times})


class Outbox:
    """The outbox of one connection, which commits each statement by itself.

    Args:
        connection: A connection in autocommit mode.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def oldest(self) -> Waiting | None:
        """The oldest edit that is not appended; None when none waits."""
        row = self._connection.execute(_OLDEST).fetchone()
        if row is None:
            return None
        edit_id, recorded_at_us, append_by_us, attempts, payload, edited_at_us = row
        return Waiting(
            edit_id=edit_id,
            edited_at_us=edited_at_us,
            recorded_at_us=recorded_at_us,
            append_by_us=append_by_us,
            attempts=attempts,
            payload=payload,
        )

    def count(self) -> int:
        """Number of edits that wait."""
        row = self._connection.execute(
            "SELECT count(*) FROM registry.outbox WHERE appended_at IS NULL"
        ).fetchone()
        return 0 if row is None else int(row[0])

    def drafts(self, edit_id: int) -> list[Draft]:
        """The versions of an edit, in order."""
        return [_draft(row) for row in self._connection.execute(_VERSIONS, [edit_id])]

    def fix(
        self,
        waiting: Waiting,
        recorded_at_us: int,
        append_by_us: int | None,
        records: Sequence[Appending],
    ) -> bool:
        """Keep the time and bytes with which an edit is appended, before it is.

        Returns:
            False when another relay fixed or appended it meanwhile.
        """
        payload = msgspec.msgpack.encode(records)
        values = [recorded_at_us, append_by_us, payload, waiting.edit_id, waiting.attempts]
        return self._connection.execute(_FIX, values, binary=True).rowcount == 1

    def finish(self, edit_id: int, recorded_at_us: int | None, now_us: int) -> None:
        """Note that an edit is in the topics, with this time in its facts."""
        at = datetime.fromtimestamp(now_us / 1e6, UTC)
        with self._connection.transaction():
            self._connection.execute(_FINISH, [at, recorded_at_us, edit_id])
            self._connection.execute(f"NOTIFY {APPENDED}, '{edit_id}'")


def _draft(row: Sequence[Any]) -> Draft:
    kind, identity, version, content, removed, by, valid_from_us, recorded_at_us = row
    key = fact_key(kind, identity)
    stamps = {
        "version": version,
        "valid_from_us": 0,
        "recorded_at_us": 0,
        "removed": removed,
        "recorded_by": by,
    }
    fact = Fact(key.topic, record_of(key, content, stamps))
    return Draft(fact, valid_from_us, recorded_at_us)
