"""Make the registry agree with the topics that were restored beside it.

What the topics hold counts: others have read it. An edit that they lack waits for the relay again,
one that they have waits no longer, and versions that only they hold are taken in.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import psycopg

from runtime.errors import Stop
from runtime.facts.log import Fact
from workers.registry.editing.database import content_of
from workers.registry.editing.rows import copy_versions, forget_sealed, new_edit
from workers.registry.editing.takeover import is_taken_over
from workers.registry.editing.wanted import Origin
from workers.registry.registered import identity_field, kind_of

_NEWER: Final = Origin(
    author="wardstream", via="takeover", note="what the topics held beyond a backup"
)
_PART: Final = "versions of edit {} that the topics lacked after a restore"

_READ: Final = """
    SELECT kind, id, version, record, removed, edit_id, recorded_at_us
    FROM registry.versions ORDER BY edit_id, position
"""
_APPENDED: Final = """
    UPDATE registry.outbox
    SET appended_at = coalesce(appended_at, %(at)s), payload = NULL,
        recorded_at_us = coalesce(%(recorded)s, recorded_at_us)
    WHERE edit_id = %(edit)s
        AND (appended_at IS NULL OR recorded_at_us IS DISTINCT FROM
             coalesce(%(recorded)s, recorded_at_us))
"""
_WAITING: Final = """
    INSERT INTO registry.outbox (edit_id, recorded_at_us) VALUES (%(edit)s, %(given)s)
    ON CONFLICT (edit_id) DO UPDATE
    SET appended_at = NULL, payload = NULL, attempts = 0, append_by_us = NULL,
        recorded_at_us = excluded.recorded_at_us
"""
_MOVE: Final = """
    UPDATE registry.versions SET edit_id = %s
    WHERE kind = %s AND id = %s AND version = %s
"""

Identity = tuple[str, str, int]
"""Kind, id and version."""


class _Version(NamedTuple):
    identity: Identity
    given_us: int | None
    """Time that the version was given; None for that of the edit."""
    found_us: int | None
    """Time of the version in the topics; None where they lack it."""


def agree(
    connection: psycopg.Connection, prefix: str, facts: Sequence[Fact], now_us: int
) -> list[str]:
    """Make the registry agree with the topics, in the open transaction.

    Args:
        connection: To the database, held against relays and edits.
        prefix: Prefix of the topics.
        facts: Every fact of the topics, in their order.
        now_us: Now, UTC microseconds.

    Returns:
        What became of edits, in lines; empty where all were appended, as before.

    Raises:
        Stop: The topics hold another fact under a version of the registry, or the registry is of
            another run.
    """
    if not is_taken_over(connection, prefix):
        return []
    there = {_identity(fact): fact for fact in facts}
    edits = _versions(connection, there)
    at = datetime.fromtimestamp(now_us / 1e6, UTC)
    waiting = 0
    for edit_id, versions in edits.items():
        missing = [one for one in versions if one.found_us is None]
        if len(missing) < len(versions):
            times = {one.found_us for one in versions if one.given_us is None} - {None}
            values = {"at": at, "edit": edit_id, "recorded": max(times, default=None, key=_time)}
            connection.execute(_APPENDED, values)
        if missing:
            waiting += 1
            _let_wait(connection, edit_id, missing, now_us, part=len(missing) < len(versions))
    known = {one.identity for versions in edits.values() for one in versions}
    newer = [fact for identity, fact in there.items() if identity not in known]
    if newer:
        edit_id = new_edit(connection, _NEWER, now_us)
        stamped = ((f, f.record["valid_from_us"], f.record["recorded_at_us"]) for f in newer)
        copy_versions(connection, edit_id, stamped)
        connection.execute(
            "INSERT INTO registry.outbox (edit_id, appended_at) VALUES (%s, %s)", [edit_id, at]
        )
        forget_sealed(connection, newer)
    lines = {
        f"edits: {waiting} wait for the relay": waiting,
        f"edits: {len(newer)} versions taken in that only the topics held": len(newer),
    }
    return [line for line, number in lines.items() if number]


def _versions(
    connection: psycopg.Connection, there: dict[Identity, Fact]
) -> dict[int, list[_Version]]:
    """The registry's versions by edit.

    Raises:
        Stop: The topics hold another fact under one of them.
    """
    edits: defaultdict[int, list[_Version]] = defaultdict(list)
    for kind, name, version, record, removed, edit_id, given_us in connection.execute(_READ):
        fact = there.get((kind, name, version))
        if fact is not None and (
            fact.record["removed"] != removed or _differs(record, content_of(fact.record))
        ):
            raise Stop(
                f"the topics hold another {kind} {name}@{version} than edit {edit_id}: they are "
                "not those of the backup's registry; restore a later backup, or into another broker"
            )
        found_us = None if fact is None else fact.record["recorded_at_us"]
        edits[edit_id].append(_Version((kind, name, version), given_us, found_us))
    return edits


def _let_wait(
    connection: psycopg.Connection,
    edit_id: int,
    missing: Iterable[_Version],
    now_us: int,
    *,
    part: bool,
) -> None:
    """Let versions wait for the relay: by their edit, or a new one for a part of it."""
    waits = edit_id
    if part:
        origin = Origin(author=_NEWER.author, via=_NEWER.via, note=_PART.format(edit_id))
        waits = new_edit(connection, origin, now_us)
        for one in missing:
            connection.execute(_MOVE, [waits, *one.identity])
    given = max((one.given_us for one in missing), default=None, key=_time)
    connection.execute(_WAITING, {"edit": waits, "given": given})


def _identity(fact: Fact) -> Identity:
    identity = fact.record[identity_field(fact.topic)]
    return kind_of(fact.topic), identity, fact.record["version"]


def _differs(kept: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether fields that both releases know differ."""
    return any(name in found and found[name] != value for name, value in kept.items())


def _time(at_us: int | None) -> int:
    return -1 if at_us is None else at_us
