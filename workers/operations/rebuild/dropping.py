"""Take away what is left of a revision that is not in force, and tell how much that is.

A revision that was taken back is needed by none: `--revert` takes every later one back with it, and
whatever is rebuilt afterwards is compared with what is in force then. It has no archived
checkpoints of its own either: it began from one of the pipeline's.
"""

from typing import Final, NamedTuple

from runtime.audit import Act
from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import spans
from workers.operations.installation import Installation
from workers.operations.rebuild import topics
from workers.operations.rebuild.ledger import (
    FOLDING,
    IN_FORCE,
    Ledger,
    Revision,
    open_ledger,
    read_ledger,
)
from workers.operations.rebuild.run import audit

DROPPED: Final = "revision.dropped"


class Size(NamedTuple):
    """What a revision takes up.

    Attributes:
        topics: How many it has.
        records: In them; about, as the broker counts by offset.
        rows: Rows of its own, in the tables.
    """

    topics: int
    records: int
    rows: int


def drop(installation: Installation, number: int, by: str, why: str) -> Size:
    """Delete the topics and rows of a revision; `audit.v1` goes on telling of it.

    Args:
        installation: Where everything is.
        number: The revision: taken back, or begun and never ended.
        by: Who does it.
        why: Their reason.

    Returns:
        What it took up.

    Raises:
        Stop: It is in force, there is none of that number, or somebody rebuilds.
        Retry: Something is out of reach; the same again goes on.
    """
    with open_ledger(installation) as ledger:
        revision = next((one for one in ledger.revisions() if one.revision == number), None)
        if revision is None:
            raise Stop(
                f"there is no revision {number}; `wardstream rebuild list` shows those there are"
            )
        if revision.state == IN_FORCE:
            raise Stop(
                f"revision {number} is in force: take it back first, with every later one, by "
                f"`wardstream rebuild revert {_before(ledger, number)}`"
            )
        held = size(installation.cluster, ledger, revision)
        run = installation.cluster.under(revision.run_prefix)
        away = ledger.discard if revision.state == FOLDING else ledger.drop
        with away(number):
            # On record before it is gone: what fails now leaves an entry, and may be done again.
            detail = f"{held.topics} topics with {held.records} records, {held.rows} rows"
            audit(installation.cluster, [Act(DROPPED, f"revision/{number}", detail)], by, why)
            topics.delete(run)
        return held


def _before(ledger: Ledger, number: int) -> int:
    """The newest revision in force before one; 0 for none."""
    return max(
        (
            one.revision
            for one in ledger.revisions()
            if one.state == IN_FORCE and one.revision < number
        ),
        default=0,
    )


def sizes(installation: Installation) -> dict[int, Size]:
    """What each revision takes up, by number, also while somebody rebuilds.

    Raises:
        Stop: The database is not migrated.
        Retry: The broker or the database is out of reach.
    """
    with read_ledger(installation) as ledger:
        return {one.revision: size(installation.cluster, ledger, one) for one in ledger.revisions()}


def size(cluster: Cluster, ledger: Ledger, revision: Revision) -> Size:
    """What one takes up; raises as `sizes`."""
    run = cluster.under(revision.run_prefix)
    held = topics.held(run)
    records = sum(
        end - start
        for topic, partitions in held.items()
        for start, end in spans(run, topic, range(partitions)).values()
    )
    return Size(len(held), records, ledger.rows_of(revision))
