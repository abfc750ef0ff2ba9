"""Fill the tables of a rebuild with what lies around the rebuilt part.

A rebuild begins in the middle of things: the measurement before its first one still held, and the
second that it begins in has positions already. What lies around it is copied from what analysts
read, so that minutes at both ends come out whole. Only rows within the bounds are ever compared.
"""

from collections.abc import Sequence

import psycopg

from workers.operations.rebuild.bounds import Bound
from workers.operations.rebuild.plan import PartitionPlan
from workers.storage.timescale import rebuild_schema
from workers.storage.timescale.rows import EPOCH, at


def copy_before(
    connection: psycopg.Connection, revision: int, plan: PartitionPlan, interval_s: float
) -> None:
    """Copy what was in force when the rebuilt part begins.

    Args:
        connection: To the database.
        revision: The rebuild.
        plan: What is folded.
        interval_s: Interval of positions, s.
    """
    interval_us = round(interval_s * 1e6)
    with connection.transaction():
        for zone_id, progress in plan.before.zones.items():
            start = at(progress.through_us)
            rebuild_schema.copy_measured_before(connection, revision, zone_id, start)
        for floor_id, progress in plan.before.floors.items():
            second = at(progress.through_us // interval_us * interval_us)
            until = at(progress.through_us)
            rebuild_schema.copy_sampled(connection, revision, floor_id, second, until)


def complete(connection: psycopg.Connection, revision: int, bounds: Sequence[Bound]) -> None:
    """Note the bounds, copy what follows them, and compute the minutes across the end again.

    A minute counts only if the pipeline has passed it: a revision's minutes do not change, and a
    minute that is not over still must.
    """
    with rebuild_schema.completing(connection, revision):
        for bound in bounds:
            end = at(bound.through_us)
            through_seq = max((through for _, through in bound.seqs.values()), default=0)
            span = (at(bound.after_us), end)
            rebuild_schema.set_bound(connection, bound.kind, bound.key, span, through_seq)
            if bound.kind == "zone":
                rebuild_schema.copy_measured_after(connection, revision, bound.key, end)
        ends = (at(bound.through_us) for bound in bounds if bound.kind == "zone")
        rebuild_schema.compute_minutes(connection, min(ends, default=EPOCH), EPOCH)
