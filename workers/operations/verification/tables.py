"""Compare every table with the topic it was filled from: `wardstream verify tables`.

The comparison holds while the sink is idle and the topics reach back to the tables' first row.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg import sql

from schemas.topics import Topic
from workers.operations.installation import Installation
from workers.operations.verification.digests import (
    Rows,
    chain_digests,
    distinct,
    expected_rows,
    first_difference,
    group_rows,
    read_items,
    row_digests,
)
from workers.storage.item import Item
from workers.storage.timescale.connection import database_errors, search_path
from workers.storage.timescale.rows import at
from workers.storage.timescale.tables import DERIVED_TABLES, VERSIONED_TABLES, Table


class Comparison(NamedTuple):
    """How a table compares with its topic.

    Attributes:
        table: Its name.
        rows: Rows in the table.
        topic_digests: Digests by key of the expected rows.
        table_digests: Digests by key of the rows in the table.
        difference: The first difference in words; None when both are equal.
    """

    table: str
    rows: int
    topic_digests: dict[str, str]
    table_digests: dict[str, str]
    difference: str | None


def table_rows(dsn: str, table: Table) -> Rows:
    """All rows of a table, by key."""
    with database_errors(), psycopg.connect(dsn, options=search_path()) as connection:
        statement = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(sql.Identifier(name) for name, _ in table.columns),
            sql.Identifier(table.name),
        )
        return group_rows(table, connection.execute(statement, binary=True).fetchall())


def written_digests(dsn: str, topic: Topic) -> dict[str, str]:
    """Hex digest of each key over the records that the sink wrote, in its own order.

    Equal to `chain_digests` of the topic when every record was written exactly once, in order.
    """
    with database_errors(), psycopg.connect(dsn, options=search_path()) as connection:
        found = connection.execute(
            "SELECT key, chain FROM sink_progress WHERE topic = %s ORDER BY key", [topic.name]
        )
        return {key: bytes(chain).hex() for key, chain in found.fetchall()}


def compare(installation: Installation) -> list[Comparison]:
    """Compare every table with its topic, and what was written with what is in the topic.

    Raises:
        Retry: The broker or the database is out of reach.
        Stop: A topic holds a seq twice with other bytes.
    """
    dsn = installation.database_url
    limits = _limits(dsn)
    topics: dict[str, dict[str, list[Item]]] = {}
    results = []
    for table in (*VERSIONED_TABLES, *DERIVED_TABLES):
        if table.topic.name not in topics:
            topics[table.topic.name] = distinct(read_items(installation.cluster, table.topic))
        by_key = topics[table.topic.name]
        expected = expected_rows(table, by_key, installation.sink.position_interval_s)
        expected = since(table, expected, limits.get(table.name))
        found = since(table, table_rows(dsn, table), limits.get(table.name))
        difference = first_difference(table, expected, found)
        if difference is None and table in DERIVED_TABLES:
            difference = _written_apart(dsn, table.topic, by_key)
        results.append(
            Comparison(
                table.name,
                sum(len(rows) for rows in found.values()),
                row_digests(expected),
                row_digests(found),
                difference,
            )
        )
    return results


def since(table: Table, rows: Rows, limit: datetime | None) -> Rows:
    """Rows that retention has left."""
    if limit is None or table.time is None:
        return rows
    index = table.index(table.time)
    kept = {key: [row for row in group if row[index] >= limit] for key, group in rows.items()}
    return {key: group for key, group in kept.items() if group}


def drop_expired(dsn: str, now_us: int) -> list[tuple[str, int, int]]:
    """Apply retention as of `now_us`; returns table, chunks dropped and rows deleted."""
    with database_errors(), psycopg.connect(dsn, options=search_path()) as connection:
        return connection.execute("SELECT * FROM drop_expired(%s)", [at(now_us)]).fetchall()


def _limits(dsn: str) -> dict[str, datetime]:
    with database_errors(), psycopg.connect(dsn, options=search_path()) as connection:
        statement = (
            "SELECT table_name, dropped_before FROM retention WHERE dropped_before > '-infinity'"
        )
        return dict(connection.execute(statement).fetchall())


def _written_apart(dsn: str, topic: Topic, by_key: Mapping[str, Sequence[Item]]) -> str | None:
    """The first key whose records were not all written once and in order."""
    expected = chain_digests(by_key)
    found = written_digests(dsn, topic)
    for key in sorted({*expected, *found}):
        if expected.get(key) != found.get(key):
            return (
                f"{topic.name}, key {key}: the digest of what was written is {found.get(key)}, "
                f"that of the topic is {expected.get(key)}"
            )
    return None
