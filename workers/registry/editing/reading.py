"""Reads of the registry's store: newest versions, history, edits."""

from collections.abc import Sequence
from typing import Any, Final

from workers.registry.editing.database import SELECT_FACTS, Database, fact_key, record_of
from workers.registry.editing.wanted import Edit, Version
from workers.registry.registered import Key, kind_of

_EDITS: Final = """
    SELECT e.edit_id, e.author, (extract(epoch FROM e.at) * 1000000)::bigint, e.via, e.note,
           e.reverses, (extract(epoch FROM o.appended_at) * 1000000)::bigint,
           (SELECT count(*) FROM registry.versions v WHERE v.edit_id = e.edit_id),
           ARRAY(SELECT ARRAY[v.kind, v.id] FROM registry.versions v
                 WHERE v.edit_id = e.edit_id ORDER BY v.position LIMIT 100)
    FROM registry.edits e LEFT JOIN registry.outbox o USING (edit_id)
"""

_NEWEST: Final = """
    AND version = (SELECT max(version) FROM registry.versions n
                   WHERE n.kind = facts.kind AND n.id = facts.id)
"""

_PAGE: Final = """
    JOIN (SELECT kind, id, version
          FROM (SELECT DISTINCT ON (id) kind, id, version, removed FROM registry.versions
                WHERE kind = %s AND id > %s ORDER BY id, version DESC) newest
          WHERE NOT removed ORDER BY id LIMIT %s) page USING (kind, id, version)
"""
"""Takes the page first, so that it costs what it holds, however much is registered."""


class Reading:
    """Reads what is registered.

    Args:
        database: Where the schema `registry` is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, key: Key) -> Version | None:
        """The newest version of a fact, a removal included; None where it never was registered.

        Raises:
            Retry: The database is out of reach.
        """
        found = self._facts(
            "WHERE kind = %s AND id = %s ORDER BY version DESC LIMIT 1",
            [kind_of(key.topic), key.identity],
        )
        return found[0] if found else None

    def page(self, kind: str, *, after: str = "", limit: int = 100) -> list[Version]:
        """The newest version of the facts of a kind that are registered, by id.

        Args:
            kind: A key of `TOPIC_OF`.
            after: Id after which the page begins; empty for the first page.
            limit: Most facts of the page.

        Raises:
            Retry: The database is out of reach.
        """
        return self._facts(f"{_PAGE} ORDER BY id", [kind, after, limit])

    def named(self, kind: str, identities: Sequence[str]) -> list[Version]:
        """The newest version of those of these facts that are registered, by id.

        Args:
            kind: A key of `TOPIC_OF`.
            identities: Their ids.

        Raises:
            Retry: The database is out of reach.
        """
        return self._facts(
            f"WHERE kind = %s AND id = ANY(%s) AND NOT removed {_NEWEST} ORDER BY id",
            [kind, list(identities)],
        )

    def versions(self, key: Key, *, before: int | None = None, limit: int = 100) -> list[Version]:
        """Versions of a fact, the newest first.

        Args:
            key: The fact.
            before: Version before which the page begins; None for the newest.
            limit: Most versions of the page.

        Raises:
            Retry: The database is out of reach.
        """
        return self._facts(
            "WHERE kind = %s AND id = %s AND version < %s ORDER BY version DESC LIMIT %s",
            [kind_of(key.topic), key.identity, 2**31 - 1 if before is None else before, limit],
        )

    def edits(self, *, before: int | None = None, limit: int = 100) -> list[Edit]:
        """Edits, the newest first.

        Args:
            before: Id before which the page begins; None for the newest.
            limit: Most edits of the page.

        Raises:
            Retry: The database is out of reach.
        """
        last = 2**63 - 1 if before is None else before
        with self._database.transaction() as transaction:
            rows = transaction.execute(
                f"{_EDITS} WHERE e.edit_id < %s ORDER BY e.edit_id DESC LIMIT %s", [last, limit]
            ).fetchall()
        return [_edit(row) for row in rows]

    def edit(self, edit_id: int) -> tuple[Edit, list[Version]] | None:
        """An edit with its versions in their order; None where there is none of that id.

        Raises:
            Retry: The database is out of reach.
        """
        with self._database.transaction() as transaction:
            row = transaction.execute(f"{_EDITS} WHERE e.edit_id = %s", [edit_id]).fetchone()
        if row is None:
            return None
        return _edit(row), self._facts("WHERE edit_id = %s ORDER BY position", [edit_id])

    def newest_edit(self) -> int:
        """Id of the newest edit; 0 where there is none.

        Raises:
            Retry: The database is out of reach.
        """
        with self._database.transaction() as transaction:
            row = transaction.execute("SELECT max(edit_id) FROM registry.edits").fetchone()
        return 0 if row is None or row[0] is None else int(row[0])

    def is_appended(self, edit_id: int) -> bool:
        """Whether the topics have an edit, and every one before it.

        Raises:
            Retry: The database is out of reach.
        """
        with self._database.transaction() as transaction:
            row = transaction.execute(
                "SELECT 1 FROM registry.outbox WHERE edit_id <= %s AND appended_at IS NULL LIMIT 1",
                [edit_id],
            ).fetchone()
        return row is None

    def _facts(self, condition: str, values: Sequence[Any]) -> list[Version]:
        with self._database.transaction() as transaction:
            rows = transaction.execute(f"{SELECT_FACTS} {condition}", values).fetchall()
        return [_version(row) for row in rows]


def _version(row: Sequence[Any]) -> Version:
    kind, identity, version, content, removed, by, recorded, valid, edit_id, *about = row
    edited, appended, name, reason = about
    key = fact_key(kind, identity)
    stamps = {
        "version": version,
        "valid_from_us": valid or 0,
        "recorded_at_us": recorded or 0,
        "removed": removed,
        "recorded_by": by,
    }
    return Version(
        key=key,
        record=record_of(key, content, stamps),
        edit_id=edit_id,
        edited_by=by,
        edited_by_name=name,
        edited_at_us=edited,
        appended_at_us=appended,
        reason=reason or "",
    )


def _edit(row: Sequence[Any]) -> Edit:
    edit_id, author, at_us, via, note, reverses, appended_at_us, versions, keys = row
    return Edit(
        edit_id=edit_id,
        author=author,
        at_us=at_us,
        via=via,
        note=note,
        reverses=reverses,
        appended_at_us=appended_at_us,
        keys=tuple(fact_key(kind, identity) for kind, identity in keys),
        versions=versions,
    )
