"""Continue the rebuild that an order began before, or start a new one."""

from collections.abc import Callable

import msgspec

from runtime.clock import Clock
from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from schemas.topics import FLOORS
from workers.operations.installation import Installation
from workers.operations.rebuild import topics
from workers.operations.rebuild.folding import FactsAsOf
from workers.operations.rebuild.ledger import Ledger
from workers.operations.rebuild.order import Order
from workers.operations.rebuild.plan import Plan, Planner
from workers.operations.rebuild.revision import Revision
from workers.operations.times import show_time


def resume_or_start(
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
        forget(ledger, installation.cluster.under(found.run_prefix), found.revision)
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


def forget(ledger: Ledger, run: Cluster, revision: int) -> None:
    """Delete everything of a rebuild that is not in force."""
    with ledger.discard(revision):
        topics.delete(run)


def _when(revision: Revision) -> str:
    return show_time(round(revision.begun_at.timestamp() * 1e6))
