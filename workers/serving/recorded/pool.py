"""Connections by which the board reads the database: few, short, and unable to write."""

from typing import Any, Final

from psycopg import Connection
from psycopg.rows import RowFactory, dict_row
from psycopg_pool import ConnectionPool

_WAIT_S: Final = 3.0
_OPTIONS: Final = "-c statement_timeout=20000 -c timezone=UTC -c default_transaction_read_only=on"


def reading_pool(
    dsn: str,
    name: str,
    row_factory: RowFactory[Any] = dict_row,
    options: str = "",
    **further: Any,
) -> ConnectionPool[Connection[Any]]:
    """A pool that is not open yet, of two connections at most, in autocommit mode.

    Args:
        dsn: Address of the database; holds the password.
        name: Suffix of the name that the database sees, after `wardstream-`.
        row_factory: What a row becomes.
        options: Further options of the server, as `-c name=value`.
        further: Further arguments of each connection.
    """
    return ConnectionPool(
        dsn,
        kwargs={
            "application_name": f"wardstream-{name}",
            "connect_timeout": 3,
            "options": f"{_OPTIONS} {options}".rstrip(),
            "row_factory": row_factory,
            "autocommit": True,
            **further,
        },
        min_size=0,
        max_size=2,
        timeout=_WAIT_S,
        reconnect_timeout=0,
        open=False,
        check=ConnectionPool.check_connection,
    )
