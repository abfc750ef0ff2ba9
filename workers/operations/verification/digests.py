"""Key-by-key digests of what a topic holds and of what its table holds: are they the same?

Both sides are reduced to the same form. A topic's records are read from start to end, what comes
twice is dropped by seq, and the table's fold (`timescale/fold.py`) gives the rows that must be
there. The digest of a key is taken over its rows in order.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic
from runtime.kafka.topic_partition import key_of
from schemas.topics import Topic
from workers.storage.item import Item, conflict, read_item
from workers.storage.progress import link
from workers.storage.timescale.rows import Row, to_us
from workers.storage.timescale.tables import Table

Rows = dict[str, list[Row]]
"""Rows by the key of their topic, each list in the order of the rows' identity."""


def read_items(cluster: Cluster, topic: Topic) -> Iterator[Item]:
    """Every record of a topic that is in the log now, decoded.

    Raises:
        Retry: The broker does not answer, or stops answering on the way.
        DeadLetter: A record is not of the topic.
    """
    codec = cluster.registry.reader(topic)
    for message in read_topic(cluster, topic):
        yield read_item(
            codec,
            message.topic() or "",
            message.partition() or 0,
            message.offset() or 0,
            key_of(message),
            message.value(),
        )


def distinct(items: Iterable[Item]) -> dict[str, list[Item]]:
    """Records by key in order of seq, each seq once.

    Raises:
        Stop: A seq is there twice with other bytes; names key, seq and topic.
    """
    by_key: defaultdict[str, dict[int, Item]] = defaultdict(dict)
    for item in items:
        known = by_key[item.key].setdefault(item.seq, item)
        if known.digest != item.digest:
            raise conflict(item)
    return {key: [seqs[seq] for seq in sorted(seqs)] for key, seqs in sorted(by_key.items())}


def chain_digests(by_key: Mapping[str, Sequence[Item]]) -> dict[str, str]:
    """Hex digest of each key over its `(seq, digest)` in order, as in `sink_progress.chain`."""
    digests = {}
    for key, items in by_key.items():
        chain = b""
        for item in items:
            chain = link(chain, item.seq, item.digest)
        digests[key] = chain.hex()
    return digests


def expected_rows(table: Table, by_key: Mapping[str, Sequence[Item]], interval_s: float) -> Rows:
    """The rows that a table must hold.

    Args:
        table: The table.
        by_key: All records of its topic, from `distinct`.
        interval_s: Interval of positions, s.
    """
    rows = [row for items in by_key.values() for row in table.fold(items, round(interval_s * 1e6))]
    return group_rows(table, rows)


def group_rows(table: Table, rows: Iterable[Row]) -> Rows:
    """Rows by key, in order of their identity."""
    indices = [table.index(column) for column in table.identity]
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: [row[index] for index in indices]):
        grouped[row[table.key_index]].append(row)
    return dict(grouped)


def row_digests(rows: Rows) -> dict[str, str]:
    """Hex digest of each key over its rows."""
    digests = {}
    for key, group in rows.items():
        state = hashlib.blake2b(digest_size=16)
        for row in group:
            state.update(repr([canonical(value) for value in row]).encode())
        digests[key] = state.hexdigest()
    return digests


def canonical(value: Any) -> Any:
    """A value in the one form that a fold and the database agree on."""
    match value:
        case Jsonb():
            form = canonical(value.obj)
        case datetime():
            form = to_us(value)
        case timedelta():
            form = value // timedelta(microseconds=1)
        case bytes() | memoryview():
            form = bytes(value).hex()
        case list() | tuple():
            form = [canonical(item) for item in value]
        case dict():
            form = {key: canonical(item) for key, item in sorted(value.items())}
        case _:
            form = value
    return form


def first_difference(table: Table, expected: Rows, found: Rows) -> str | None:
    """Name the first row that differs, None when there is none.

    Args:
        table: For the names of the columns.
        expected: Rows computed from the topic.
        found: Rows in the table.
    """
    for key in sorted({*expected, *found}):
        wanted, held = expected.get(key, []), found.get(key, [])
        for number in range(max(len(wanted), len(held))):
            left = canonical(wanted[number]) if number < len(wanted) else None
            right = canonical(held[number]) if number < len(held) else None
            if left == right:
                continue
            where = f"{table.name}, key {key}, row {number}"
            if left is None:
                return f"{where}: the table has {_named(table, right)}, the topic does not"
            if right is None:
                return f"{where}: the topic has {_named(table, left)}, the table does not"
            apart = [
                f"{name} is {held_value!r}, must be {wanted_value!r}"
                for (name, _), wanted_value, held_value in zip(
                    table.columns, left, right, strict=True
                )
                if wanted_value != held_value
            ]
            return f"{where} ({_named(table, left)}): {'; '.join(apart)}"
    return None


def _named(table: Table, row: Sequence[Any] | None) -> str:
    if row is None:
        return "nothing"
    return ", ".join(f"{column} {row[table.index(column)]}" for column in table.identity)
