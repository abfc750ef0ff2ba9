"""The notifier's memory in PostgreSQL: changed in one transaction with how far it has read."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple, cast

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from schemas.records.alert_actions import ActionTaken
from workers.notifier.delivery.message import Message
from workers.notifier.memory import AlertKey, AlertMemory
from workers.storage.timescale.connection import database_errors
from workers.storage.timescale.migrate import check_migrated

LOCK: Final = 0x4E4F5446
"""Advisory lock of the notifier that works; others stand by."""

Position = tuple[str, int]
"""Topic, without the run's prefix, and partition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message that is to be delivered to one destination.

    Attributes:
        message: The message.
        destination: Name of the destination.
        members: Records of the alerts that it is about, as of a delivery; each with its partition.
        tries: How often it was tried.
        made_us: When it was made, UTC microseconds.
        due_us: When it is to be tried next, UTC microseconds.
    """

    message: Message
    destination: str
    members: tuple[tuple[int, ActionTaken], ...]
    tries: int
    made_us: int
    due_us: int


class Waiting(NamedTuple):
    """A record that is to be appended.

    Attributes:
        number: Its number in the table.
        partition: Its partition.
        record: The record.
    """

    number: int
    partition: int
    record: ActionTaken


@dataclass(slots=True)
class State:
    """All that the notifier remembers.

    Attributes:
        positions: First record of each partition that is not taken in.
        alerts: Alerts.
        actions: What was done about alerts that are not known yet: what somebody did last, and
            what a notifier did that remembered more.
        deliveries: Messages that are to be delivered, by receipt key.
    """

    positions: dict[Position, int] = field(default_factory=dict)
    alerts: dict[AlertKey, AlertMemory] = field(default_factory=dict)
    actions: dict[AlertKey, tuple[ActionTaken, ...]] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)


@dataclass(slots=True)
class Changes:
    """What one turn changes; None in place of what goes.

    Attributes:
        positions: As in `State`.
        alerts: As in `State`.
        actions: As in `State`.
        deliveries: As in `State`.
        records: Partition and record, to be appended.
        appended: Numbers of records that are on the topic.
    """

    positions: dict[Position, int] = field(default_factory=dict)
    alerts: dict[AlertKey, AlertMemory | None] = field(default_factory=dict)
    actions: dict[AlertKey, tuple[ActionTaken, ...] | None] = field(default_factory=dict)
    deliveries: dict[str, Delivery | None] = field(default_factory=dict)
    records: list[tuple[int, ActionTaken]] = field(default_factory=list)
    appended: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)


class Store:
    """One connection, which holds the lock of the notifier that works.

    Args:
        dsn: Address of the database; holds the password.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection | None = None

    def lead(self) -> bool:
        """Whether this notifier works; False while another one does.

        Raises:
            Retry: The database is out of reach.
            Stop: It is not migrated.
        """
        with database_errors():
            if self._connection is None:
                self._connection = psycopg.connect(
                    self._dsn,
                    autocommit=True,
                    application_name="wardstream-notifier",
                    connect_timeout=5,
                    keepalives_idle=5,
                    keepalives_interval=2,
                    keepalives_count=3,
                    tcp_user_timeout=10_000,
                    options="-c statement_timeout=20000 -c lock_timeout=10000",
                )
                check_migrated(self._connection)
            row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        return row is not None and bool(row[0])

    def close(self) -> None:
        """Give up the lock and the connection."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None

    def load(self) -> State:
        """All that is remembered.

        Raises:
            Retry: The database is out of reach.
        """
        with database_errors(), self._leading().transaction():
            ask = self._leading().execute
            alerts = [AlertMemory.load(row[0]) for row in ask("SELECT memory FROM notifier.alerts")]
            return State(
                {(row[0], row[1]): row[2] for row in ask("SELECT * FROM notifier.offsets")},
                {one.key: one for one in alerts},
                {
                    AlertKey(*row[:3]): _actions(row[3])
                    for row in ask("SELECT * FROM notifier.actions")
                },
                {
                    row[0]: _delivery(row)
                    for row in ask("SELECT * FROM notifier.deliveries ORDER BY made_us")
                },
            )

    def waiting(self, most: int) -> list[Waiting]:
        """The oldest records that are to be appended.

        Raises:
            Retry: The database is out of reach.
        """
        with database_errors():
            rows = self._leading().execute(
                "SELECT id, partition, record FROM notifier.records ORDER BY id LIMIT %s", [most]
            )
            return [Waiting(*row) for row in rows]

    def commit(self, changes: Changes) -> None:
        """Write all changes, or none.

        Raises:
            Retry: The database is out of reach, or another notifier works.
        """
        with database_errors(), self._leading().transaction(), self._leading().cursor() as cursor:
            _put_all(cursor, changes)

    def _leading(self) -> psycopg.Connection:
        """The connection that holds the lock; a new one would not."""
        if self._connection is None:
            raise psycopg.OperationalError("the connection was closed")
        return self._connection


def _put_all(cursor: psycopg.Cursor[Any], changes: Changes) -> None:
    cursor.executemany(
        "INSERT INTO notifier.offsets VALUES (%s, %s, %s) ON CONFLICT (topic, partition) "
        "DO UPDATE SET next_offset = excluded.next_offset",
        [(*key, offset) for key, offset in changes.positions.items()],
    )
    _put(cursor, "alerts", "memory", _dumped(changes.alerts))
    _put(cursor, "actions", "action", changes.actions)
    done = [(key,) for key, one in changes.deliveries.items() if one is None]
    cursor.executemany("DELETE FROM notifier.deliveries WHERE receipt_key = %s", done)
    cursor.executemany(
        "INSERT INTO notifier.deliveries VALUES (%s, %s, %s, %s, %s, %s, %s) "
        "ON CONFLICT (receipt_key) DO UPDATE SET tries = excluded.tries, due_us = excluded.due_us",
        [_row(one) for one in changes.deliveries.values() if one is not None],
    )
    cursor.executemany(
        "INSERT INTO notifier.records (partition, record) VALUES (%s, %s)",
        [(partition, Jsonb(record)) for partition, record in changes.records],
    )
    cursor.execute("DELETE FROM notifier.records WHERE id = ANY(%s)", [changes.appended])


def _put(
    cursor: psycopg.Cursor[Any],
    table: str,
    column: str,
    values: Mapping[AlertKey, Mapping[str, Any] | tuple[ActionTaken, ...] | None],
) -> None:
    gone = [key for key, one in values.items() if one is None]
    names = {"table": sql.Identifier("notifier", table), "column": sql.Identifier(column)}
    delete = sql.SQL("DELETE FROM {table} WHERE floor_id = %s AND alert_id = %s AND opened_us = %s")
    put = sql.SQL(
        "INSERT INTO {table} VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (floor_id, alert_id, opened_us) DO UPDATE SET {column} = excluded.{column}"
    )
    cursor.executemany(delete.format(**names), gone)
    cursor.executemany(
        put.format(**names),
        [(*key, Jsonb(one)) for key, one in values.items() if one is not None],
    )


def _actions(held: Any) -> tuple[ActionTaken, ...]:
    """Actions of one alert; earlier builds kept one by itself."""
    return tuple(held) if isinstance(held, list) else (held,)


def _dumped(
    alerts: Mapping[AlertKey, AlertMemory | None],
) -> Mapping[AlertKey, Mapping[str, Any] | None]:
    return {key: None if one is None else one.dump() for key, one in alerts.items()}


def _row(one: Delivery) -> tuple[Any, ...]:
    message, members = Jsonb(asdict(one.message)), Jsonb([list(each) for each in one.members])
    key = one.message.receipt_key
    return (key, one.destination, message, members, one.tries, one.made_us, one.due_us)


def _delivery(row: Any) -> Delivery:
    message = Message(**{**row[2], "body": tuple(row[2]["body"])})
    members = tuple((int(one[0]), cast("ActionTaken", one[1])) for one in row[3])
    return Delivery(
        message=message,
        destination=row[1],
        members=members,
        tries=row[4],
        made_us=row[5],
        due_us=row[6],
    )
