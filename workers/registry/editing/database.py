"""The connections of the registry's store, and its rows as facts."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, Self

import psycopg
from psycopg_pool import ConnectionPool

from schemas.codec import schema_text
from schemas.topics import Topic
from workers.registry.registered import STAMPS, TOPIC_OF, Key, identity_field
from workers.storage.timescale.connection import database_errors

LOCK: Final = 0x52454749
"""Advisory lock of every transaction that edits."""

_WAIT_S: Final = 5.0
_OPTIONS: Final = (
    "-c statement_timeout=60000 -c lock_timeout=20000 -c timezone=UTC"
    # A plan for any kind of fact, or one that is compiled first, takes longer than it saves.
    " -c plan_cache_mode=force_custom_plan -c jit=off"
)

SELECT_FACTS: Final = """
    SELECT kind, id, version, record, removed, edited_by, recorded_at_us, valid_from_us,
           edit_id, (extract(epoch FROM edited_at) * 1000000)::bigint,
           (extract(epoch FROM appended_at) * 1000000)::bigint, edited_by_name,
           (SELECT note FROM registry.edits e WHERE e.edit_id = facts.edit_id)
    FROM registry.facts
"""


class Database:
    """A few connections, made when they are needed and made again when they break.

    Args:
        dsn: Address of the database; holds the password.
        name: Name of the process, for those who look at the database's sessions.
    """

    def __init__(self, dsn: str, name: str = "wardstream-registry") -> None:
        self._pool = ConnectionPool(
            dsn,
            kwargs={
                "application_name": name,
                "connect_timeout": 5,
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                "tcp_user_timeout": 10_000,
                "options": _OPTIONS,
            },
            min_size=0,
            max_size=4,
            timeout=_WAIT_S,
            open=False,
            reconnect_timeout=0,
            check=ConnectionPool.check_connection,
        )
        self._open = False

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection]:
        """One transaction; an error inside rolls it back.

        Raises:
            Retry: The database is out of reach or overloaded.
            Stop: It refuses: it is not migrated, or this user lacks a right.
        """
        if not self._open:
            self._pool.open()
            self._open = True
        with database_errors(), self._pool.connection() as connection, connection.transaction():
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def record_of(key: Key, content: Mapping[str, Any], stamps: Mapping[str, Any]) -> dict[str, Any]:
    """A whole record from the content in a row and its other columns.

    A row that was written before a field existed gets its default, as a reader of the topic does.
    """
    return {**_defaults(key.topic), **content, identity_field(key.topic): key.identity, **stamps}


@cache
def _defaults(topic: Topic) -> dict[str, Any]:
    fields = json.loads(schema_text(topic))["fields"]
    return {
        field["name"]: field["default"]
        for field in fields
        if "default" in field and field["name"] not in STAMPS
    }


def content_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a record that are its content."""
    return {name: value for name, value in record.items() if name not in STAMPS}


def fact_key(kind: str, identity: str) -> Key:
    """The key of a row."""
    return Key(TOPIC_OF[kind], identity)
