"""A revision of one zone's figures, as a rebuild leaves it in the database."""

from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb


def revise(dsn: str, zone_id: str, as_of: Any, **figure: Any) -> int:
    """Put a revision in force that holds for one figure of a zone.

    Args:
        dsn: Address of the database, as the owner of the tables.
        zone_id: The zone.
        as_of: Event time of the figure.
        figure: Columns of `zone_occupancy` that it has otherwise; `roles` those of `coverage`.

    Returns:
        Number of the revision.
    """
    roles = figure.pop("roles", {})
    with psycopg.connect(dsn, autocommit=True) as connection:
        made = connection.execute(
            "INSERT INTO revisions (state, request, run_prefix, plan, begun_at, begun_by,"
            " changed_at, changed_by, why) VALUES"
            " ('IN_FORCE', 'r', 'r', %s, now(), 'test', now(), 'test', 'a shift was wrong')"
            " RETURNING revision",
            [Jsonb({})],
        ).fetchone()
        assert made is not None
        revision = int(made[0])
        for table, changed in (("zone_occupancy", figure), ("coverage", roles)):
            connection.execute(
                "INSERT INTO revision_ranges VALUES (%s, %s, %s, %s, %s, 0)",
                [revision, table, zone_id, as_of, as_of],
            )
            live = sql.Identifier("live", table)
            described = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(live))
            names = sql.SQL(", ").join(
                sql.Identifier(one.name) for one in described.description or ()
            )
            connection.execute(
                sql.SQL(
                    "INSERT INTO {revised} ({names}, revision) SELECT {names}, {revision}"
                    " FROM (SELECT (jsonb_populate_record(t, {changed})).* FROM {live} AS t"
                    " WHERE zone_id = {zone} AND as_of = {at}) AS found"
                ).format(
                    revised=sql.Identifier(f"revised_{table}"),
                    names=names,
                    revision=sql.Literal(revision),
                    changed=sql.Literal(Jsonb(changed)),
                    live=live,
                    zone=sql.Literal(zone_id),
                    at=sql.Literal(as_of),
                )
            )
    return revision
