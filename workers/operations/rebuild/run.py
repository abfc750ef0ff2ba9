"""Rebuild: fold again, compare with what is live, and swap in what differs.

The topics of the pipeline are read and never written. A rebuild has its own topics and tables until
it is swapped in. If it is killed, the same command continues with the same plan.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from runtime.audit import Act
from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.retry import Tries, constant, retried
from schemas.topics import FLOORS
from workers.operations.deadletters.audit import AuditWriter
from workers.operations.installation import Installation
from workers.operations.rebuild import live, staging, topics
from workers.operations.rebuild.bounds import Bound, Folded, bounds
from workers.operations.rebuild.difference import TableDifference, compare_tables
from workers.operations.rebuild.folding import FactsAsOf, Folding
from workers.operations.rebuild.ledger import IN_FORCE, Ledger, Revision, open_ledger
from workers.operations.rebuild.plan import Plan, Planner
from workers.operations.rebuild.records import Newest, TopicDifference, compare_topics
from workers.operations.rebuild.start import Origin
from workers.operations.times import show_time
from workers.sinks.timescale.sink import TimescaleSink

CHAIN: Final = "revisions"
"""Chain of audit.v1 that says which revision was put in force or taken back."""

SWAPPED, TAKEN_BACK = "revision.swapped", "revision.taken_back"

SINK_WAIT_S = 60.0
"""How long the tables may take to have what the pipeline's checkpoints have."""

_PAUSE_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Order:
    """A request for a rebuild.

    Attributes:
        origin: Where to begin.
        floors: Floors to compare and swap; all when empty.
        swap: Put what differs in force; otherwise only compare, and leave nothing behind.
        by: Who asks.
        why: Their reason; needed for a swap.
    """

    origin: Origin
    floors: tuple[str, ...] = ()
    swap: bool = False
    by: str
    why: str = ""

    @property
    def request(self) -> str:
        """The order in words; repeating the order continues what it began.

        An age is resolved to a time: on another day it is another order.
        """
        origin = self.origin.text if self.origin.at_us is None else show_time(self.origin.at_us)
        floors = "".join(f" --floor {floor}" for floor in sorted(self.floors))
        return f"--from {origin}{floors}"


@dataclass
class Report:
    """Result of an order.

    Attributes:
        revision: Its number; a comparison's is not used again.
        run_prefix: Prefix of its topics.
        plan: What was folded.
        folded: Result of the fold, by partition.
        topics: Differences, by topic.
        tables: Differences, by table.
        swapped: Whether it is in force now.
        shown: Values that were replaced in Redis.
        not_shown: Why Redis could not be asked; empty when it was.
        before: The newest revision that was in force before it; 0 for none.
    """

    revision: int
    run_prefix: str
    plan: Plan
    folded: dict[int, Folded] = field(default_factory=dict)
    topics: list[TopicDifference] = field(default_factory=list)
    tables: list[TableDifference] = field(default_factory=list)
    swapped: bool = False
    shown: int = 0
    not_shown: str = ""
    before: int = 0

    @property
    def differs(self) -> bool:
        """Whether a row differs."""
        return any(table.any for table in self.tables)


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
        revision, plan = _started(ledger, installation, order, facts, planner, announce)
        report = Report(revision.revision, revision.run_prefix, plan)
        run = installation.cluster.under(revision.run_prefix)
        try:
            _fold(ledger, installation, run, report, facts, planner, announce)
            newest = _compare(ledger, installation, run, report, announce)
            if order.swap and report.differs:
                _swap(ledger, installation, order, report, newest)
        except Stop:
            _forget(ledger, run, report.revision)  # the same order would end the same way
            raise
        if not report.swapped:
            _forget(ledger, run, report.revision)
        return report


def revert(installation: Installation, to: int, by: str, why: str) -> tuple[list[int], int]:
    """Take every revision after one back; returns their numbers, and values put back in Redis.

    Args:
        installation: Where everything is.
        to: The last revision that stays in force; 0 for what the pipeline itself wrote.
        by: Who does it.
        why: Their reason.

    Raises:
        Retry: Something is out of reach; nothing was done, or all but Redis.
        Stop: Somebody rebuilds, or there is no such revision.
    """
    with open_ledger(installation) as ledger:
        known = {one.revision for one in ledger.revisions()}
        if to and to not in known:
            raise Stop(
                f"there is no revision {to}; `wardstream rebuild list` shows those there are"
            )
        with ledger.take_back(to, by, why) as taken:
            acts = [Act(TAKEN_BACK, f"revision/{one}", f"back to {to}") for one in taken]
            if acts:
                audit(installation.cluster, acts, by, why)
        # Also when nothing is left to take back: Redis may have been away the first time.
        return taken, live.take_back(installation, to)


def _started(
    ledger: Ledger,
    installation: Installation,
    order: Order,
    facts: FactsAsOf,
    planner: Planner,
    announce: Callable[[str], None],
) -> tuple[Revision, Plan]:
    """The rebuild that this order began before, or a new one."""
    found = ledger.unfinished()
    if found is not None:
        plan = msgspec.json.decode(found.plan, type=Plan)
        if found.request == order.request and plan.facts == facts.offsets():
            announce(f"going on with what was begun at {_when(found)}")
            return found, plan
        announce(f"giving up what was begun at {_when(found)} ({found.request})")
        _forget(ledger, installation.cluster.under(found.run_prefix), found.revision)
    plan = Plan(
        partitions=planner.partitions(
            order.origin, _partitions(order, facts, installation.cluster.clock)
        ),
        floors=frozenset(order.floors) or None,
        facts=facts.offsets(),
    )
    if not plan.partitions:
        raise Stop(
            f"no detections were folded from {order.origin.text} on: there is nothing to rebuild"
        )
    return ledger.start(order.request, installation.cluster.prefix, plan, order.by), plan


def _partitions(order: Order, facts: FactsAsOf, clock: Clock) -> list[int] | None:
    """Partitions of the floors that were named.

    Raises:
        Stop: A floor is not registered, or does not lie in the partition that was named.
    """
    if not order.floors:
        return None if order.origin.partition is None else [order.origin.partition]
    floors = facts.facts.at(clock.now_us()).floors
    unknown = sorted(set(order.floors) - floors.keys())
    if unknown:
        raise Stop(
            f"floor {unknown[0]} is not in {FLOORS.name}; there are {', '.join(sorted(floors))}"
        )
    found = sorted({floors[floor]["partition"] for floor in order.floors})
    if order.origin.partition is not None and found != [order.origin.partition]:
        raise Stop(f"--from {order.origin.text} is not the partition of {', '.join(order.floors)}")
    return found


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
        run, installation.database_url, installation.sink, staging.staged_path(report.revision)
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


def _compare(
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


def audit(cluster: Cluster, acts: Sequence[Act], actor: str, why: str) -> None:
    """Record acts in `audit.v1`.

    Raises:
        Retry: The broker or the registry is out of reach.
        Stop: Somebody altered the chain.
    """
    with AuditWriter(cluster, CHAIN) as writer:
        writer.history()
        writer.append(acts, actor=actor, why=why)


def _forget(ledger: Ledger, run: Cluster, revision: int) -> None:
    """Delete everything of a rebuild that is not in force."""
    with ledger.discard(revision):
        topics.delete(run)


def _when(revision: Revision) -> str:
    return show_time(round(revision.begun_at.timestamp() * 1e6))
