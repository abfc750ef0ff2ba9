"""Check a whole run while it is idle: its topics against a fold of its detections, and its tables.

`recount` checks a window of a running pipeline; both report in the same form.
"""

from collections.abc import Iterator

from runtime.clock import Clock
from runtime.process.settings import Settings
from schemas.topics import TOPICS
from workers.operations.verification.oracle import first_difference, fold_detections, fold_topic
from workers.operations.verification.result import Check, Mismatch
from workers.operations.verification.tables import compare


def compare_folds(settings: Settings, clock: Clock) -> Iterator[Check]:
    """Compare every derived topic with a fold of all detections in this process.

    Args:
        settings: Where broker and registry are, and the run's prefix.
        clock: Clock of the fold's bookkeeping.

    Yields:
        One check for each topic; of a compacted topic the newest value of each key is compared.

    Raises:
        Retry: Broker or registry are out of reach.
        Stop: A topic holds a seq twice with other bytes.
    """
    for name, fold in fold_detections(settings, clock).items():
        kept = slice(-1, None) if TOPICS[name].cleanup == "compact" else slice(None)
        written = fold_topic(settings, TOPICS[name])
        expected = {key: bodies[kept] for key, bodies in fold.items()}
        found = {key: bodies[kept] for key, bodies in written.items()}
        difference = first_difference(settings, name, expected, found)
        counts = {"keys": len(expected), "records": sum(map(len, expected.values()))}
        yield Check(name, counts, None if difference is None else Mismatch(name, difference))


def compare_tables(settings: Settings) -> Iterator[Check]:
    """Compare every table with the topic it was filled from.

    Args:
        settings: Where broker, registry and database are.

    Yields:
        One check for each table.

    Raises:
        Retry: Something is out of reach.
        Stop: A topic holds a seq twice with other bytes.
    """
    for table in compare(settings):
        name = f"table {table.table}"
        counts = {"rows": table.rows, "keys": len(table.topic_digests)}
        first = None if table.difference is None else Mismatch(name, table.difference)
        yield Check(name, counts, first)
