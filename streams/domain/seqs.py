"""Seqs of records: each camera, floor and zone counts the records of its own topics."""

from collections.abc import Mapping

from schemas.topics import DERIVED_TOPICS, Owner

Seqs = dict[str, int]
"""Last `seq` by topic name; 0 before the first record."""

_NONE: dict[Owner, Seqs] = {
    owner: {topic.name: 0 for topic in DERIVED_TOPICS if topic.owner == owner}
    for owner in ("camera", "floor", "zone")
}


def seqs_of(owner: Owner, counted: Mapping[str, int] | None = None) -> Seqs:
    """The last seqs of one camera, floor or zone, in the order of the topic table.

    Args:
        owner: Kind of owner.
        counted: Last seqs so far, by topic name. A topic that they lack begins at 0; one that only
            a later release knows keeps its seq.
    """
    return {**_NONE[owner], **(counted or {})}
