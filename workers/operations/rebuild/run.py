"""Rebuild: fold again, compare with what is live, and swap in what differs.

The topics of the pipeline are read and never written. A rebuild has its own topics and tables until
it is swapped in. If it is killed, the same command continues with the same plan.
"""

from collections.abc import Callable, Sequence

from runtime.audit import Act
from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from workers.operations.installation import Installation
from workers.operations.rebuild import live, staging, topics
from workers.operations.rebuild.acts import SWAPPED, audit
from workers.operations.rebuild.comparing import compare
from workers.operations.rebuild.folding import FactsAsOf, Folding
from workers.operations.rebuild.ledger import Ledger
from workers.operations.rebuild.opening import open_ledger
from workers.operations.rebuild.order import Order
from workers.operations.rebuild.plan import Planner
from workers.operations.rebuild.records import Newest
from workers.operations.rebuild.result import Report
from workers.operations.rebuild.resume import forget, resume_or_start
from workers.operations.rebuild.revision import IN_FORCE
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.timescale import rebuild_schema


def rebuild(
    installation: Installation, order: Order, announce: Callable[[str], None] = lambda _: None
) -> Report:
    """Carry out an order.

    Args:
        installation: Where everything is.
        order: What is asked for.
        announce: Called with the text of each step.

    Raises:
        Retry: Something is out of reach; the same order continues.
        Stop: Another process rebuilds, or a state cannot be read.
    """
    with open_ledger(installation) as ledger:
        facts = FactsAsOf(installation.cluster)
        planner = Planner(installation.cluster, installation.archive_url)
        revision, plan = resume_or_start(ledger, installation, order, facts, planner, announce)
        report = Report(revision.revision, revision.run_prefix, plan)
        run = installation.cluster.under(revision.run_prefix)
        try:
            _fold(ledger, installation, run, report, facts, planner, announce)
            newest = compare(ledger, installation, run, report, announce)
            if order.swap and report.differs:
                _swap(ledger, installation, order, report, newest)
        except Stop:
            forget(ledger, run, report.revision)  # the same order would end the same way
            raise
        if not report.swapped:
            forget(ledger, run, report.revision)
        return report


def _fold(
    ledger: Ledger,
    installation: Installation,
    run: Cluster,
    report: Report,
    facts: FactsAsOf,
    planner: Planner,
    announce: Callable[[str], None],
) -> None:
    plan = report.plan
    topics.create(run, [one.partition for one in plan.partitions])
    report.folded = ledger.stage(report.revision)
    sink = TimescaleSink(
        run,
        installation.database_url,
        installation.sink,
        rebuild_schema.staged_path(report.revision),
    )
    folding = Folding(installation.cluster, run, installation.pipeline, sink, facts)
    try:
        for one in plan.partitions:
            base = (
                f"from the checkpoint archived at offset {one.start}"
                if one.base is not None
                else f"cold from offset {one.start}, because {one.why_cold}"
            )
            if one.partition in report.folded:
                announce(f"partition {one.partition}: folded before")
                continue
            announce(f"partition {one.partition}: {base}, to {one.end}")
            staging.copy_before(
                ledger.connection, report.revision, one, installation.sink.position_interval_s
            )
            folded = folding.fold(one, planner)
            ledger.note_folded(report.revision, one.partition, folded)
            report.folded[one.partition] = folded
    finally:
        sink.close()


def _swap(
    ledger: Ledger,
    installation: Installation,
    order: Order,
    report: Report,
    newest: Sequence[Newest],
) -> None:
    detail = ", ".join(
        f"{table.table} {table.changed + table.added + table.removed}"
        for table in report.tables
        if table.any
    )
    report.before = max(
        (one.revision for one in ledger.revisions() if one.state == IN_FORCE), default=0
    )
    with ledger.swap(report.revision, report.tables, order.by, order.why):
        # On record before it is in force: what fails now leaves an entry and no revision.
        act = Act(SWAPPED, f"revision/{report.revision}", f"{order.request}: rows in {detail}")
        audit(installation.cluster, [act], order.by, order.why)
    report.swapped = True
    try:
        report.shown = live.show(installation, report.revision, newest)
    except Retry as error:  # nothing there is the truth: the next record of each key replaces it
        report.not_shown = str(error)
