"""Which records of a batch are new, judged under the lock of their keys' progress."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from schemas.topics import OCCUPANCY
from workers.storage.item import Gap, Item, conflict, renumbered
from workers.storage.progress import Progress, Verdict, advance
from workers.storage.timescale.connection import PROGRESS_COLUMNS, stage
from workers.storage.timescale.queries import query
from workers.storage.timescale.rows import Row, at
from workers.storage.timescale.tables import DERIVED_TABLES

Key = tuple[str, str]
"""Topic and key."""

_HOLDS_EVERY_SEQ = {table.topic.name: table for table in DERIVED_TABLES if table.holds_every_seq}


@dataclass(slots=True)
class Admission:
    """What becomes of a batch.

    Attributes:
        new: Records to write, in the order they came.
        old: Records whose seq is so old that only a table can show a conflict.
        duplicates: Records dropped, by topic.
        missing: Seqs jumped over, by topic.
        gaps: Each stretch of missing seqs.
        before: Progress before the batch.
        after: Progress of the keys that have new records.
    """

    new: list[Item] = field(default_factory=list)
    old: list[Item] = field(default_factory=list)
    duplicates: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    gaps: list[Gap] = field(default_factory=list)
    before: dict[Key, Progress] = field(default_factory=dict)
    after: dict[Key, Progress] = field(default_factory=dict)


def admit(items: Sequence[Item], before: dict[Key, Progress]) -> Admission:
    """Judge a batch against the progress of its keys; pure.

    Raises:
        Stop: A seq came again with other bytes; names key, seq and topic.
    """
    result = Admission(before=before)
    for item in items:
        key = (item.topic.name, item.key)
        progress = result.after.get(key) or before.get(key)
        verdict = Verdict.NEW if progress is None else progress.judge(item.seq, item.digest)
        if verdict is Verdict.CONFLICT:
            raise conflict(item)
        if verdict is not Verdict.NEW:
            result.duplicates[item.topic.name] += 1
            if verdict is Verdict.OLD:
                result.old.append(item)
            continue
        moved = advance(progress, item.seq, item.digest)
        jumped = moved.missing - (progress.missing if progress else 0)
        result.missing[item.topic.name] += jumped
        if jumped:
            result.gaps.append(Gap(item, jumped))
        result.after[key] = moved
        result.new.append(item)
    return result


def lock_progress(cursor: psycopg.Cursor[Row], items: Sequence[Item]) -> dict[Key, Progress]:
    """Read the progress of a batch's keys, and hold it until the transaction ends."""
    keys = sorted({(item.topic.name, item.key) for item in items})
    cursor.execute(
        query("lock_progress"),
        {"topics": [topic for topic, _ in keys], "keys": [key for _, key in keys]},
    )
    return {(row[0], row[1]): Progress(*row[2:]) for row in cursor.fetchall()}


def save_progress(cursor: psycopg.Cursor[Row], admission: Admission) -> None:
    """Move the progress of the keys that have new records."""
    if not admission.after:
        return
    rows = [
        (topic, key, p.seq, p.records, p.missing, p.recent, p.chain, (topic, key) not in before)
        for before in [admission.before]
        for (topic, key), p in sorted(admission.after.items())
    ]
    stage(cursor, "progress", PROGRESS_COLUMNS, rows)
    cursor.execute(query("move_progress"))
    cursor.execute(query("start_progress"))


def check_old(
    cursor: psycopg.Cursor[Row], items: Sequence[Item], before: Mapping[Key, Progress]
) -> None:
    """Compare records from long ago with the tables that hold every seq.

    The row of a seq may have expired, so a measurement must not be later than the newest either.

    Args:
        cursor: Cursor of the transaction, before anything is written.
        items: Records whose seq is long past.
        before: Progress before the batch.

    Raises:
        Stop: A seq came again with other bytes, or the seqs of a key started again.
    """
    by_key: defaultdict[tuple[str, str], dict[int, Item]] = defaultdict(dict)
    for item in items:
        if item.topic.name in _HOLDS_EVERY_SEQ:
            by_key[item.topic.name, item.key][item.seq] = item
    for (topic, key), found in by_key.items():
        table = _HOLDS_EVERY_SEQ[topic]
        statement = sql.SQL("SELECT seq, digest FROM {} WHERE {} = %s AND seq = ANY(%s)").format(
            sql.Identifier(table.name), sql.Identifier(table.identity[0])
        )
        for seq, digest in cursor.execute(statement, [key, sorted(found)]).fetchall():
            if digest != found[seq].digest:
                raise conflict(found[seq])
        known = before.get((topic, key))
        if topic == OCCUPANCY.name and known is not None:
            newest = cursor.execute(
                "SELECT max(as_of) FROM zone_occupancy WHERE zone_id = %s", [key]
            ).fetchone()
            for seq, item in sorted(found.items()):
                later = newest and newest[0] and at(item.record["as_of_us"]) > newest[0]
                if later and seq <= known.seq:
                    raise renumbered(item, known.seq)
