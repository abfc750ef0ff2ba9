"""Rows of the schema `registry`: facts written and read in bulk."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, STAFF
from workers.registry.editing.database import content_of, fact_key, record_of
from workers.registry.editing.neighbourhood import Index
from workers.registry.editing.wanted import Origin
from workers.registry.registered import identity_field, kind_of

CHANNEL: Final = "wardstream_outbox"
"""The relay listens here for edits that wait."""

_COPY: Final = """
    COPY registry.versions (kind, id, version, record, removed, edited_by, edit_id, position,
                            valid_from_us, recorded_at_us)
    FROM STDIN
"""

_NEWER: Final = """
    SELECT kind, id, version, record, removed, edited_by, coalesce(recorded_at_us, 0),
           coalesce(valid_from_us, 0), edit_id
    FROM registry.versions WHERE edit_id > %s ORDER BY edit_id, position
"""

_LAST: Final = "SELECT coalesce(max(edit_id), 0) FROM registry.edits"


def insert_edit(
    transaction: psycopg.Connection, facts: Sequence[Fact], origin: Origin, at_us: int
) -> int:
    """Write an edit and its versions, ask the relay to append it, and return its id.

    What only the removed facts had goes with them: stream addresses, names.
    """
    edit_id = new_edit(transaction, origin, at_us)
    given = (origin.valid_from_us, origin.recorded_at_us)
    copy_versions(transaction, edit_id, ((fact, *given) for fact in facts))
    transaction.execute(
        "INSERT INTO registry.outbox (edit_id, recorded_at_us) VALUES (%s, %s)",
        [edit_id, origin.recorded_at_us],
    )
    forget_sealed(transaction, facts)
    transaction.execute(f"NOTIFY {CHANNEL}")
    return edit_id


def new_edit(transaction: psycopg.Connection, origin: Origin, at_us: int) -> int:
    """Write an edit without its versions; returns its id."""
    row = transaction.execute(
        "INSERT INTO registry.edits (author, author_name, at, via, note, reverses)"
        " VALUES (%s, %s, %s, %s, %s, %s) RETURNING edit_id",
        [
            origin.author,
            origin.name,
            datetime.fromtimestamp(at_us / 1e6, UTC),
            origin.via,
            origin.note,
            origin.reverses,
        ],
    ).fetchone()
    assert row is not None
    edit_id: int = row[0]
    return edit_id


def copy_versions(
    transaction: psycopg.Connection,
    edit_id: int,
    facts: Iterable[tuple[Fact, int | None, int | None]],
) -> None:
    """Write versions, each with the start of its validity and its time where they are given."""
    with transaction.cursor() as cursor, cursor.copy(_COPY) as copy:
        for position, ((topic, record), valid_from_us, recorded_at_us) in enumerate(facts):
            copy.write_row(
                (
                    kind_of(topic),
                    record[identity_field(topic)],
                    record["version"],
                    json.dumps(content_of(record), ensure_ascii=False),
                    record["removed"],
                    record["recorded_by"],
                    edit_id,
                    position,
                    valid_from_us,
                    recorded_at_us,
                )
            )


def forget_sealed(transaction: psycopg.Connection, facts: Iterable[Fact]) -> None:
    """Delete the addresses of removed cameras and the names of removed staff."""
    gone: dict[str, list[Any]] = {CAMERAS.name: [], STAFF.name: []}
    for topic, record in facts:
        if record["removed"] and topic.name in gone:
            gone[topic.name].append(record[identity_field(topic)])
    for statement, ids in (
        ("DELETE FROM registry.stream_addresses WHERE camera_id = ANY(%s)", gone[CAMERAS.name]),
        ("DELETE FROM registry.staff_names WHERE staff_id = ANY(%s)", gone[STAFF.name]),
    ):
        if ids:
            transaction.execute(statement, [ids])


def load_newer(transaction: psycopg.Connection, known: Index, after: int) -> int:
    """Take in the versions of all edits after one; returns the id of the newest edit."""
    row = transaction.execute(_LAST).fetchone()
    last: int = row[0] if row is not None else 0
    if last <= after:
        return after
    with transaction.cursor(binary=False) as cursor:
        cursor.execute(_NEWER, [after])
        known.add(
            Fact(
                (key := fact_key(kind, identity)).topic,
                record_of(
                    key,
                    content,
                    {
                        "version": version,
                        "valid_from_us": valid_from_us,
                        "recorded_at_us": recorded_at_us,
                        "removed": removed,
                        "recorded_by": edited_by,
                    },
                ),
            )
            for (
                kind,
                identity,
                version,
                content,
                removed,
                edited_by,
                recorded_at_us,
                valid_from_us,
                _edit,
            ) in cursor
        )
    return last
