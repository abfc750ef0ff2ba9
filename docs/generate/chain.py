"""The page of which records behind a figure are left, from `workers/explain/chain.py`."""

from datetime import timedelta
from typing import Final

from docs.generate.markdown import code, table
from workers.explain.chain import READS, STEPS, kept, remains_after
from workers.retention.entry import span
from workers.retention.every import ENTRIES

AGES: Final = (
    timedelta(hours=6),
    timedelta(days=7),
    timedelta(days=30),
    timedelta(days=90),
)
"""Ages that the page answers for."""

INTRODUCTION: Final = """\
# What is left of a figure's evidence, by age

From `workers/explain/chain.py` and the retention of topics and tables: which records on the way
from a picture to a zone's figure are certain to be there still. `wardstream explain` looks for each
of them and names those that are gone ([explain a figure](../explain-a-figure.md)). Times are those
of a new installation. A broker deletes whole segments, so a record may stay a while longer.
"""


def page() -> str:
    """The whole page."""
    columns = ("what", "topic", "kept", *(f"after {span(age.total_seconds())}" for age in AGES))
    left = {age: {topic: there for _, topic, there in remains_after(age)} for age in AGES}
    rows = [
        (
            *(step.what, code(step.topic.name), kept(step.topic)),
            *("there" if left[age][step.topic.name] else "gone" for age in AGES),
        )
        for step in (*STEPS, READS)
    ]
    return "\n".join([INTRODUCTION, table(columns, rows), _tables()])


def _tables() -> str:
    keep = {entry.name: entry.keep_s for entry in ENTRIES}
    rows = []
    for name in ("zone_occupancy", "coverage", "positions", "tracks", "zone_events", "links"):
        seconds = keep[f"public.{name}"]
        kept_s = float("inf") if seconds is None else seconds
        answers = ["there" if kept_s >= age.total_seconds() else "gone" for age in AGES]
        rows.append((code(name), "for ever" if seconds is None else span(seconds), *answers))
    facts = ("cameras, zones, shifts, requirements, roles", "for ever", *["there"] * len(AGES))
    columns = ("table", "kept", *(f"after {span(age.total_seconds())}" for age in AGES))
    text = "The database keeps the same for longer, without the offsets of the log:\n"
    return "\n".join([text, table(columns, [*rows, facts])])
