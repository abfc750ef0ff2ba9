"""Tables and Redis against their topics."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from runtime.kafka.cluster import Cluster
from schemas.topics import LIVE_TOPICS, PRESENCE
from workers.operations.verification.committed import Committed, LiveValue
from workers.operations.verification.digests import (
    Rows,
    expected_rows,
    first_difference,
    group_rows,
    read_items,
)
from workers.operations.verification.logs import LogPosition, PartitionLog, position_of
from workers.operations.verification.result import Check, Window, at
from workers.operations.verification.tables import since
from workers.sinks.redis.change import LIVE_KINDS
from workers.storage.item import Item
from workers.storage.timescale.rows import to_us
from workers.storage.timescale.tables import VERSIONED_TABLES, Table

_LIVE = {str(topic.live): topic.name for topic in LIVE_TOPICS if topic.live in LIVE_KINDS}


def compare_progress(
    log: PartitionLog, newest: Mapping[str, Item], committed: Committed, check: Check
) -> None:
    """What the sink has committed is in its progress, and nothing else is.

    Args:
        log: A derived topic.
        newest: Newest record of each key, by the sink's offsets.
        committed: What is settled.
        check: Receives what differs.
    """
    for key, items in log.by_key.items():
        check.add("keys")
        seq = committed.progress.get((log.topic.name, key), 0)
        item = newest.get(key)
        if item is not None and seq < item.seq:
            what = f"key {key} seq {item.seq} is committed, the tables are at {seq}"
            check.fault(at(*position_of(item)), what)
        if seq > items[-1].seq:
            what = f"is at seq {seq}, the topic at {items[-1].seq}"
            check.fault(f"table sink_progress key {log.topic.name} {key}", what)


def compare_table(
    table: Table,
    log: PartitionLog,
    committed: Committed,
    interval_s: float,
    window: Window,
    dead_lettered: AbstractSet[LogPosition],
    check: Check,
) -> None:
    """Rows of the keys of one partition; the keys are taken out of `committed.rows`.

    Args:
        table: Table to compare.
        log: Partition of its topic.
        committed: What is settled.
        interval_s: Interval of positions in the tables, s.
        window: Rows whose time is in it are compared.
        dead_lettered: Records that the sink gave up.
        check: Receives what differs.
    """
    field = log.topic.event_time
    settled: dict[str, list[Item]] = {
        key: [
            item
            for item in items
            if item.seq <= committed.progress.get((log.topic.name, key), 0)
            and item.record[field] >= window.from_us
            and position_of(item) not in dead_lettered
        ]
        for key, items in log.by_key.items()
    }
    expected = expected_rows(table, settled, interval_s)
    held = committed.rows[table.name]
    found = {key: held.pop(key) for key in log.by_key if key in held}
    limit = committed.dropped.get(table.name)
    expected = since(table, _within(table, expected, window, interval_s), limit)
    found = since(table, _within(table, found, window, interval_s), limit)
    check.add("rows", sum(map(len, found.values())))
    difference = first_difference(table, expected, found)
    if difference is not None:
        where, _, what = difference.partition(": ")
        check.fault(f"table {where}", what)


def compare_rest(
    table: Table, committed: Committed, interval_s: float, window: Window, check: Check
) -> None:
    """Rows whose key is in none of the partitions that were read; arguments as `compare_table`."""
    rest = _within(table, committed.rows[table.name], window, interval_s)
    difference = first_difference(table, {}, since(table, rest, committed.dropped.get(table.name)))
    if difference is not None:
        where, _, what = difference.partition(": ")
        check.fault(f"table {where}", what)


def _within(table: Table, rows: Rows, window: Window, interval_s: float) -> Rows:
    """Rows of the window; an interval of positions that began before it is left out."""
    if table.time is None:
        return rows
    index = table.index(table.time)
    from_us = window.from_us
    if table.sampled:
        interval_us = round(interval_s * 1e6)
        from_us = -(-from_us // interval_us) * interval_us
    span = Window(from_us, window.to_us)
    kept = {
        key: [row for row in group if span.holds(to_us(row[index]))] for key, group in rows.items()
    }
    return {key: group for key, group in kept.items() if group}


def compare_facts(cluster: Cluster, committed: Committed) -> list[Check]:
    """Every version of every topic of reference data is a row, and no other row is there.

    Raises:
        Retry: The broker is out of reach.
        DeadLetter: A topic of reference data holds something that is not a fact.
    """
    checks = []
    for table in VERSIONED_TABLES:
        check = Check(f"table {table.name}")
        held = committed.rows[table.name]
        indices = [table.index(column) for column in table.identity]
        identities = {tuple(row[i] for i in indices) for rows in held.values() for row in rows}
        done = committed.timescale.get((table.topic.name, 0), 0)
        items = {item.key: item for item in read_items(cluster, table.topic)}
        rows = [
            row
            for item in items.values()
            for row in table.fold([item], 0)
            if item.offset < done or tuple(row[i] for i in indices) in identities
        ]
        check.add("rows", len(identities))
        difference = first_difference(table, group_rows(table, rows), held)
        if difference is not None:
            where, _, what = difference.partition(": ")
            check.fault(f"table {where}", what)
        checks.append(check)
    return checks


def compare_live(
    logs: Mapping[str, PartitionLog],
    newest: Mapping[str, Mapping[str, Item]],
    live: list[LiveValue],
    *,
    expired_ms: int,
    window: Window,
    check: Check,
) -> list[LiveValue]:
    """What Redis shows of one partition's keys; returns the values that are of other partitions.

    Args:
        logs: Topics of one partition, by name.
        newest: Newest record of each key, by the Redis sink's offsets.
        live: What Redis holds.
        expired_ms: What was appended before it may have expired, UTC milliseconds.
        window: Values whose event time is in it are compared.
        check: Receives what differs.
    """
    rest: list[LiveValue] = []
    shown: dict[tuple[str, str], int] = {}
    for value in live:
        name = PRESENCE.name if value.kind == "person" else _LIVE[value.kind]
        key = value.identity
        if value.kind == "person":
            key = value.value.get("floor_id", "") if isinstance(value.value, dict) else ""
        items = logs[name].by_key.get(key)
        if items is None:
            rest.append(value)
            continue
        if value.kind != "person":
            shown[name, key] = value.seq
        if not window.holds(value.as_of_us):
            continue
        check.add("values")
        item = next((item for item in items if item.seq == value.seq), None)
        if item is None:
            check.fault(value.key, f"shows seq {value.seq}, which {name} does not hold")
        elif value.value not in _shown_of(item, value):
            check.fault(value.key, f"shows seq {value.seq} otherwise than {name}")
    for name in _LIVE.values():
        for key, item in newest[name].items():
            seq = shown.get((name, key))
            fresh = logs[name].appended_ms[item.offset] >= expired_ms
            if seq < item.seq if seq is not None else fresh:
                what = f"key {key} seq {item.seq} is committed, Redis shows {seq or 'nothing'}"
                check.fault(at(*position_of(item)), what)
    return rest


def _shown_of(item: Item, value: LiveValue) -> list[Any]:
    """What Redis may show of a record."""
    record = msgspec.json.decode(msgspec.json.encode(item.record))
    if value.kind != "person":
        return [record]
    floor_id = item.record["floor_id"]
    return [
        {**person, "floor_id": floor_id}
        for person in record["people"]
        if person["person_id"] == value.identity
    ]
