"""What brings the facts of an edit back to what they were before it."""

from collections.abc import Sequence

import psycopg

from schemas.topics import FLOORS
from workers.registry.editing.database import fact_key, record_of
from workers.registry.editing.wanted import Remove, Restore, Wanted
from workers.registry.files import refuse
from workers.registry.registered import Registered

_BEFORE = """
    SELECT v.kind, v.id, v.version, p.record
    FROM registry.versions v
    LEFT JOIN registry.versions p
      ON p.kind = v.kind AND p.id = v.id AND p.version = v.version - 1 AND NOT p.removed
    WHERE v.edit_id = %s ORDER BY v.position
"""


def undone(transaction: psycopg.Connection, edit_id: int, known: Registered) -> Sequence[Wanted]:
    """The changes that undo an edit.

    Args:
        transaction: Where to look.
        edit_id: The edit.
        known: The newest version of every fact.

    Raises:
        ImportRefused: There is no such edit, it did nothing that can be undone, or a later one
            changed the same facts.
    """
    rows = transaction.execute(_BEFORE, [edit_id]).fetchall()
    if not rows:
        refuse([f"edit {edit_id}: there is no such edit"])
    wanted: list[Wanted] = []
    faults = []
    for kind, identity, version, before in rows:
        key = fact_key(kind, identity)
        newest = known.newest[key.topic.name, identity]
        if newest["version"] != version:
            faults.append(
                f"edit {edit_id}: {key} is at version {newest['version']}, but the edit made "
                f"version {version}: undo what came after it first"
            )
        elif before is not None:
            wanted.append(Restore(key, record_of(key, before, {})))
        elif not newest["removed"] and key.topic is not FLOORS:
            wanted.append(Remove(key))
    if not wanted and not faults:
        faults.append(f"edit {edit_id}: a floor keeps its partition for life and is not removed")
    refuse(faults)
    return wanted
