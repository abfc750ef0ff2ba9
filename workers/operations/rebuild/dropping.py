"""Delete what is left of a revision that is not in force, and report its size.

Nothing needs a revision that was taken back: `revert` takes back every later one with it, and a
later rebuild is compared with what is in force then. It has no archived checkpoints of its own
either: it began from one of the pipeline's.
"""

from typing import Final, NamedTuple

from runtime.audit import Act
from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import spans
from workers.operations.installation import Installation
from workers.operations.rebuild import topics
from workers.operations.rebuild.acts import audit
from workers.operations.rebuild.ledger import Ledger
from workers.operations.rebuild.opening import open_ledger, read_ledger
from workers.operations.rebuild.revision import FOLDING, IN_FORCE, Revision

DROPPED: Final = "revision.dropped"


class Size(NamedTuple):
    """Size of a revision.

    Attributes:
        topics: Number of its topics.
        records: Approximate number of records in them, counted by offset.
        rows: Number of its own rows in the tables.
    """

    topics: int
    records: int
    rows: int


def drop(installation: Installation, number: int, by: str, why: str) -> Size:
    """Delete the topics and rows of a revision; its entries in `audit.v1` remain.

    Args:
        installation: Where everything is.
        number: Number of a revision that was taken back, or begun and never finished.
        by: Who deletes it.
        why: Their reason.

    Returns:
        The size that it had.

    Raises:
        Stop: It is in force, there is none of that number, or somebody rebuilds.
        Retry: Something is out of reach; repeating the call continues.
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
    """Size of each revision by number; works while a rebuild runs.

    Raises:
        Stop: The database is not migrated.
        Retry: The broker or the database is out of reach.
    """
    with read_ledger(installation) as ledger:
        return {one.revision: size(installation.cluster, ledger, one) for one in ledger.revisions()}


def size(cluster: Cluster, ledger: Ledger, revision: Revision) -> Size:
    """Size of one revision; raises as `sizes`."""
    run = cluster.under(revision.run_prefix)
    held = topics.held(run)
    records = sum(
        end - start
        for topic, partitions in held.items()
        for start, end in spans(run, topic, range(partitions)).values()
    )
    return Size(len(held), records, ledger.rows_of(revision))
