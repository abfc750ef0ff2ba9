"""Check a whole run while it is idle: its topics against a fold of its detections, and its tables.

`recount` checks a window of a running pipeline; both report in the same form.
"""

from collections.abc import Iterator

from runtime.kafka.cluster import Cluster
from schemas.topics import TOPICS
from streams.domain.settings import PipelineSettings
from workers.operations.installation import Installation
from workers.operations.verification.late_reads import late_reads, report
from workers.operations.verification.oracle import first_difference, fold_detections, fold_topic
from workers.operations.verification.result import Check, Mismatch
from workers.operations.verification.tables import compare


def compare_folds(cluster: Cluster, settings: PipelineSettings) -> Iterator[Check]:
    """Compare every derived topic with a fold of all detections in this process.

    Args:
        cluster: Where the topics are.
        settings: Settings of the fold where no checkpoint has them.

    Yields:
        One check for each topic; of a compacted topic the newest value of each key is compared.
        A difference is given with the reads of badges that came too late, if there are any.

    Raises:
        Retry: Broker or registry are out of reach.
        Stop: A topic holds a seq twice with other bytes.
    """
    reads: str | None = None
    for name, fold in fold_detections(cluster, settings).items():
        kept = slice(-1, None) if TOPICS[name].cleanup == "compact" else slice(None)
        written = fold_topic(cluster, TOPICS[name])
        expected = {key: bodies[kept] for key, bodies in fold.items()}
        found = {key: bodies[kept] for key, bodies in written.items()}
        difference = first_difference(cluster, name, expected, found)
        if difference is not None:
            reads = report(late_reads(cluster)) if reads is None else reads
            difference += reads
        counts = {"keys": len(expected), "records": sum(map(len, expected.values()))}
        yield Check(name, counts, None if difference is None else Mismatch(name, difference))


def compare_tables(installation: Installation) -> Iterator[Check]:
    """Compare every table with the topic it was filled from.

    Args:
        installation: Where everything is.

    Yields:
        One check for each table.

    Raises:
        Retry: Something is out of reach.
        Stop: A topic holds a seq twice with other bytes.
    """
    for table in compare(installation):
        name = f"table {table.table}"
        counts = {"rows": table.rows, "keys": len(table.topic_digests)}
        first = None if table.difference is None else Mismatch(name, table.difference)
        yield Check(name, counts, first)
