"""Alerts of zones as they were decided, and what was done about them: from the tables of both."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Self, cast

from schemas.records.alert_actions import ActionTaken
from schemas.records.rules import ZoneAlert
from workers.notifier.memory import AlertKey
from workers.notifier.standing import Decision
from workers.serving.recorded.alerts_per_rule import OfRule, Sees, per_rule
from workers.serving.recorded.pool import reading_pool
from workers.storage.timescale.connection import database_errors
from workers.storage.timescale.rows import at, to_us

# Each as it was decided last; those that are not closed come first. Sorted without what is wide:
# people, cameras and evidence of all decisions of a quarter of a year do not fit into memory.
_NEWEST: Final = """
    WITH newest AS (
        SELECT DISTINCT ON (floor_id, alert_id, opened_at)
            floor_id, alert_id, opened_at, as_of, seq, action = 'CLOSED' AS is_closed
        FROM live.zone_alerts
        WHERE floor_id = ANY(%(floors)s) AND as_of >= %(since)s
        ORDER BY floor_id, alert_id, opened_at, as_of DESC, seq DESC
    ), shown AS (
        SELECT * FROM newest
        WHERE opened_at < %(before)s AND is_closed = ANY(%(closed)s)
        ORDER BY is_closed, opened_at DESC, floor_id, alert_id
        LIMIT %(most)s
    )
    SELECT a.*
    FROM shown AS s
    JOIN live.zone_alerts AS a USING (floor_id, alert_id, seq, as_of)
    WHERE a.as_of >= %(since)s
    ORDER BY s.is_closed, a.opened_at DESC, a.floor_id, a.alert_id
"""
_DECISIONS: Final = """
    SELECT floor_id, alert_id, opened_at, as_of, action, cause, tier, pages
    FROM live.zone_alerts
    JOIN unnest(%(floors)s::text[], %(alerts)s::text[], %(opened)s::timestamptz[])
        AS asked (floor_id, alert_id, opened_at) USING (floor_id, alert_id, opened_at)
    WHERE as_of >= %(since)s
"""
_ACTIONS: Final = """
    SELECT a.*
    FROM public.alert_actions AS a
    JOIN unnest(%(floors)s::text[], %(alerts)s::text[], %(opened)s::timestamptz[])
        AS asked (floor_id, alert_id, opened_at) USING (floor_id, alert_id, opened_at)
    WHERE taken_at >= %(since)s
    ORDER BY taken_at, action_id
"""
_LAST: Final = """
    SELECT * FROM live.zone_alerts
    WHERE floor_id = %(floor)s AND alert_id = %(alert)s AND opened_at = %(opened)s
        AND as_of >= %(opened)s
    ORDER BY as_of DESC, seq DESC
    LIMIT 1
"""


class Kept(NamedTuple):
    """What is kept of some alerts.

    Attributes:
        alerts: Each as it was decided last; those that are not closed first, then by when they were
            opened, newest first.
        decisions: Decisions about each.
        actions: What was done about each, oldest first.
    """

    alerts: Mapping[AlertKey, ZoneAlert]
    decisions: Mapping[AlertKey, Sequence[Decision]]
    actions: Mapping[AlertKey, Sequence[ActionTaken]]


class ZoneAlertHistory:
    """Reads alerts and actions from the database; use it as a context.

    Args:
        dsn: Address of the database; holds the password.
    """

    def __init__(self, dsn: str) -> None:
        self._pool = reading_pool(dsn, "alerts")

    def __enter__(self) -> Self:
        """The history itself, open."""
        self._pool.open()
        return self

    def __exit__(self, *_error: object) -> None:
        """Close every connection."""
        self._pool.close()

    def of(
        self,
        floor_ids: Iterable[str],
        *,
        since_us: int,
        before_us: int,
        most: int,
        closed: Collection[bool] = (False, True),
        also: Iterable[AlertKey] = (),
    ) -> Kept:
        """Alerts of floors that something was decided about in a time.

        Args:
            floor_ids: The floors.
            since_us: Start of that time, UTC microseconds.
            before_us: Only alerts that were opened before this, UTC microseconds.
            most: Most alerts.
            closed: Whether they are to be closed.
            also: Further alerts, of which decisions and actions are wanted.

        Raises:
            Retry: The database is out of reach.
            Stop: It is not migrated, or refuses this board.
        """
        asked = {
            "floors": list(floor_ids),
            "since": at(since_us),
            "before": at(before_us),
            "most": most,
            "closed": list(closed),
        }
        with database_errors(), self._pool.connection() as connection:
            rows = connection.execute(_NEWEST, asked).fetchall()
            alerts = {key_of(row): alert_of(row) for row in rows}
            keys = list({*alerts, *also})
            named = {
                "floors": [key.floor_id for key in keys],
                "alerts": [key.alert_id for key in keys],
                "opened": [at(key.opened_us) for key in keys],
                "since": at(min((key.opened_us for key in keys), default=since_us)),
            }
            decided = connection.execute(_DECISIONS, named).fetchall()
            taken = connection.execute(_ACTIONS, named).fetchall()
        decisions: dict[AlertKey, list[Decision]] = {}
        for row in decided:
            parts = (row["action"], row["cause"], row["tier"], row["pages"])
            decisions.setdefault(key_of(row), []).append(Decision(to_us(row["as_of"]), *parts))
        actions: dict[AlertKey, list[ActionTaken]] = {}
        for row in taken:
            actions.setdefault(key_of(row), []).append(action_of(row))
        return Kept(alerts, decisions, actions)

    def per_rule(self, since: datetime, sees: Sees) -> list[OfRule]:
        """What rules asked of people since a time; see `alerts_per_rule`.

        Raises:
            Retry: The database is out of reach.
            Stop: It is not migrated, or refuses this board.
        """
        with database_errors(), self._pool.connection() as connection:
            return per_rule(connection, since, sees)

    def one(self, key: AlertKey) -> tuple[ZoneAlert | None, Kept]:
        """One alert as it was decided last, with decisions and actions; None where it is not known.

        Raises:
            Retry: The database is out of reach.
            Stop: It is not migrated, or refuses this board.
        """
        with database_errors(), self._pool.connection() as connection:
            asked = {"floor": key.floor_id, "alert": key.alert_id, "opened": at(key.opened_us)}
            row = connection.execute(_LAST, asked).fetchone()
        kept = self.of((), since_us=key.opened_us, before_us=key.opened_us, most=1, also=[key])
        return None if row is None else alert_of(row), kept


def key_of(row: Mapping[str, Any]) -> AlertKey:
    """The alert that a row is about."""
    return AlertKey(row["floor_id"], row["alert_id"], to_us(row["opened_at"]))


def alert_of(row: Mapping[str, Any]) -> ZoneAlert:
    """A row of `zone_alerts` as the decision that it holds."""
    found = {name: value for name, value in row.items() if not isinstance(value, datetime)}
    for name in ("floor_id", "seq", "digest"):
        found.pop(name)
    times = {"opened_us": "opened_at", "decided_us": "as_of", "since_us": "since"}
    return cast(
        "ZoneAlert", {**found, **{field: to_us(row[column]) for field, column in times.items()}}
    )


def action_of(row: Mapping[str, Any]) -> ActionTaken:
    """A row of `alert_actions` as the record that it holds."""
    until = row["until"]
    return ActionTaken(
        floor_id=row["floor_id"],
        action_id=row["action_id"],
        alert_id=row["alert_id"],
        opened_us=to_us(row["opened_at"]),
        taken_at_us=to_us(row["taken_at"]),
        action=row["action"],
        decided_us=to_us(row["decided_at"]),
        tier=row["tier"],
        rule_id=row["rule_id"],
        zone_id=row["zone_id"],
        taken_by=row["taken_by"],
        reason=row["reason"],
        until_us=None if until is None else to_us(until),
        occasion=row["occasion"],
        owner=row["owner"],
        destination=row["destination"],
        receipt_key=row["receipt_key"],
    )
