"""Compare a rebuild with what is in force: its topics, then its tables."""

from collections.abc import Callable, Sequence

from runtime.clock import Clock
from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.retry import Tries, constant, retried
from workers.operations.installation import Installation
from workers.operations.rebuild import staging
from workers.operations.rebuild.bounds import Bound, bounds
from workers.operations.rebuild.difference import compare_tables
from workers.operations.rebuild.ledger import Ledger
from workers.operations.rebuild.records import Newest, compare_topics
from workers.operations.rebuild.result import Report

SINK_WAIT_S = 60.0
"""How long the tables may take to have what the pipeline's checkpoints have."""

_PAUSE_S = 0.2


def compare(
    ledger: Ledger,
    installation: Installation,
    run: Cluster,
    report: Report,
    announce: Callable[[str], None],
) -> list[Newest]:
    """Compare topics and tables; returns the keys whose newest record differs."""
    parts = {
        one.partition: bounds(one, report.folded[one.partition], report.plan.floors)
        for one in report.plan.partitions
    }
    whole = [bound for part in parts.values() for bound in part]
    announce("comparing topics")
    report.topics, newest = compare_topics(installation.cluster, run, report.plan.partitions, parts)
    announce("comparing tables")
    _await_sink(ledger, installation.cluster.clock, whole)
    staging.complete(ledger.connection, report.revision, whole)
    report.tables = compare_tables(ledger.connection, report.revision)
    return newest


def _await_sink(ledger: Ledger, clock: Clock, whole: Sequence[Bound]) -> None:
    """Wait until the tables have all records that the pipeline had sent.

    Raises:
        Retry: The tables do not have them in time.
    """
    wanted = {
        (topic, bound.key): through
        for bound in whole
        for topic, (_, through) in bound.seqs.items()
        if through
    }

    def check() -> None:
        rows = ledger.connection.execute("SELECT topic, key, seq FROM sink_progress").fetchall()
        held = {(topic, key): seq for topic, key, seq in rows}
        late = sorted(one for one, seq in wanted.items() if held.get(one, 0) < seq)
        if late:
            topic, key = late[0]
            raise Retry(
                f"the tables lack records that the topics have: {topic} of {key} is at seq "
                f"{held.get((topic, key), 0)} of {wanted[topic, key]}; start the sink and run "
                "the command again"
            )

    retried(check, Tries(constant(_PAUSE_S, deadline_s=SINK_WAIT_S), clock))
