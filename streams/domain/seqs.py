"""Numbers of records: each camera, floor and zone counts those of its own topics."""

from collections.abc import Mapping

from schemas.topics import DERIVED_TOPICS, Owner

Seqs = dict[str, int]
"""Last `seq` by topic name; 0 before the first record."""

_NONE: dict[Owner, Seqs] = {
    owner: {topic.name: 0 for topic in DERIVED_TOPICS if topic.owner == owner}
    for owner in ("camera", "floor", "zone")
}


def seqs_of(owner: Owner, counted: Mapping[str, int] | None = None) -> Seqs:
    """The numbers of one camera, floor or zone, in the order of the topic table.

    Args:
        owner: Which of the three it is.
        counted: What it has counted so far. A topic that came with a later release begins at 0; one
            that only a later release knows keeps its number.
    """
    return {**_NONE[owner], **(counted or {})}
