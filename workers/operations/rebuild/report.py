"""What a rebuild found, in words."""

from collections.abc import Iterator, Mapping

from workers.operations.rebuild.difference import RowDifference, TableDifference
from workers.operations.rebuild.dropping import Size
from workers.operations.rebuild.result import Report
from workers.operations.rebuild.revision import FOLDING, IN_FORCE, Revision
from workers.operations.times import show_time

STRETCHES = 10
"""Stretches of a table that are reported one by one."""


def lines_of(report: Report) -> Iterator[str]:
    """Lines for the terminal."""
    for partition, folded in sorted(report.folded.items()):
        if folded.dead_letters:
            dead_letters = ", ".join(
                f"{n} {reason}" for reason, n in sorted(folded.dead_letters.items())
            )
            yield f"partition {partition}: not folded: {dead_letters}"
    for topic in report.topics:
        counts = _counts(topic.changed, topic.added, topic.removed)
        gone = f"; {topic.expired} more have expired in the topic" if topic.expired else ""
        yield f"{topic.topic}: {topic.records} records, {counts}{gone}"
        for key, seq, what in topic.first if topic.any else ():
            yield f"    {key} seq {seq}: {what}"
    for table in report.tables:
        counts = _counts(table.changed, table.added, table.removed)
        yield f"table {table.table}: {table.rows} rows, {counts}"
        yield from _where(table)
    if report.swapped:
        yield (
            f"revision {report.revision} is in force; its records are in the topics "
            f"{report.run_prefix}*"
        )
        if report.shown:
            yield f"{report.shown} values in Redis are shown as rebuilt"
        if report.not_shown:
            yield f"values in Redis stay as they are until the next of each: {report.not_shown}"
        yield (f"`wardstream rebuild revert {report.before} --why …` takes it back")
    elif not report.differs:
        yield "no row differs: there is nothing to swap"
    else:
        yield "nothing was changed; --swap puts it in force"


def listed(revisions: list[Revision], sizes: Mapping[int, Size]) -> Iterator[str]:
    """Lines for the terminal.

    Args:
        revisions: The oldest first.
        sizes: Size of each revision, by number, where known.
    """
    states = {FOLDING: "under way, or interrupted", IN_FORCE: "in force"}
    for one in revisions:
        state = states.get(one.state, "taken back")
        changed = show_time(round(one.changed_at.timestamp() * 1e6))
        rows = ", ".join(f"{name} {n}" for name, n in sorted((one.summary or {}).items()))
        yield f"{one.revision}  {state}  {changed}  {one.changed_by}  {one.request}"
        if rows:
            yield f"    rows that differ: {rows}"
        if one.why:
            yield f"    why: {one.why}"
        held = sizes.get(one.revision)
        if held is None:
            yield f"    topics: {one.run_prefix}*"
        else:
            yield (
                f"    {held.topics} topics {one.run_prefix}* with {held.records} records; "
                f"{held.rows} rows"
            )
    if not revisions:
        yield "no revision: the tables are what the pipeline wrote"


def _counts(changed: int, added: int, removed: int) -> str:
    if not (changed or added or removed):
        return "equal"
    return f"{changed} changed, {added} added, {removed} removed"


def _where(table: TableDifference) -> Iterator[str]:
    for stretch in table.stretches[:STRETCHES]:
        first, last = (show_time(round(t.timestamp() * 1e6)) for t in (stretch.first, stretch.last))
        yield f"    {stretch.key}: {stretch.rows} rows from {first} to {last}"
    if len(table.stretches) > STRETCHES:
        yield f"    and {len(table.stretches) - STRETCHES} more"
    for row in table.first:
        yield f"    {_row(row)}"


def _row(row: RowDifference) -> str:
    where = f"{row.what.lower()}: {row.key} at {show_time(round(row.at.timestamp() * 1e6))}"
    if not row.columns:
        return where
    apart = ", ".join(f"{name} {now} -> {then}" for name, (now, then) in row.columns.items())
    return f"{where}: {apart}"
