"""Make the roles of the database, and give each exactly what its row says."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from runtime.errors import Retry, Stop
from workers.storage.timescale.granted import attributes
from workers.storage.timescale.migrate import check_migrated
from workers.storage.timescale.rights import PREFIX, ROLES, SCHEMAS, Grant, RoleRights

_LOCK = 0x524F4C45  # any number, as long as it is always the same
_READER_TIMEOUT = "60s"


class Made(NamedTuple):
    """What became of one role.

    Attributes:
        role: Its full name.
        created: Whether it did not exist before.
        password: Whether it was given a password.
    """

    role: str
    created: bool
    password: bool


def read_passwords(folder: Path, rows: Sequence[RoleRights] = ROLES) -> dict[str, str]:
    """Passwords by role, of the files `database-<role>` in a folder; a role may have none.

    Raises:
        Stop: The folder holds none at all, or a file cannot be read or is empty.
    """
    found: dict[str, str] = {}
    for row in rows:
        path = folder / f"database-{row.role}"
        if not path.exists():
            continue
        try:
            found[row.role] = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Stop(f"{path} cannot be read: {error}") from error
        if not found[row.role]:
            raise Stop(f"{path} is empty: write the password of the role into it")
    if not found:
        raise Stop(f"{folder} holds no file database-{rows[0].role} or of another role")
    return found


def make_roles(
    dsn: str,
    passwords: Mapping[str, str],
    prefix: str = PREFIX,
    rows: Sequence[RoleRights] = ROLES,
) -> list[Made]:
    """Make every role and its rights, in one transaction; a second call changes nothing.

    What a role holds beyond its row is taken away. The server gets SCRAM verifiers, so that no
    password reaches its log.

    Args:
        dsn: URL of the database, as the owner of the tables.
        passwords: Passwords by role; a role without one keeps the one it has, or has none.
        prefix: Leads the names of the roles.
        rows: The rows of the roles.

    Raises:
        Retry: The database is out of reach.
        Stop: It is not migrated, the owner may not create roles, or a role of that name passes
            every grant.
    """
    try:
        with psycopg.connect(dsn, connect_timeout=5) as connection:
            check_migrated(connection)
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            # Everybody may connect to a new database and make temporary tables in it.
            _on_database(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC")
            return [
                _make(connection, row, prefix + row.role, passwords.get(row.role)) for row in rows
            ]
    except psycopg.OperationalError as error:
        raise Retry(f"the database is out of reach: {error}") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise Stop(
            f"the database refuses: {error}; run this as the owner of the tables, who needs "
            "CREATEROLE (or is a superuser)"
        ) from error
    except psycopg.Error as error:
        raise Stop(f"the roles cannot be made: {error}") from error


def _make(connection: psycopg.Connection, row: RoleRights, role: str, password: str | None) -> Made:
    """Make one role.

    Raises:
        Stop: A role of that name passes every grant.
    """
    found = attributes(connection, role)
    name = sql.Identifier(role)
    if found:
        raise Stop(f"the role {role} {' and '.join(found)}: take that away, or give a prefix")
    if found is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    if password is not None:
        verifier = connection.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        )
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(verifier.decode()))
        )
    _withdraw(connection, name)
    _on_database(connection, "GRANT CONNECT ON DATABASE {} TO {}", name)
    if row.stages:
        _on_database(connection, "GRANT TEMPORARY ON DATABASE {} TO {}", name)
    for grant in sorted(row.grants):
        connection.execute(_statement(grant, name))
    if row.read_only:
        for setting, value in (
            ("default_transaction_read_only", "on"),
            ("statement_timeout", _READER_TIMEOUT),
        ):
            connection.execute(
                sql.SQL("ALTER ROLE {} SET {} TO {}").format(
                    name, sql.Identifier(setting), sql.Literal(value)
                )
            )
    return Made(role, found is None, password is not None)


def _withdraw(connection: psycopg.Connection, name: sql.Identifier) -> None:
    """Take everything away that a role was granted in this database."""
    _on_database(connection, "REVOKE ALL ON DATABASE {} FROM {}", name)
    for schema in SCHEMAS:
        for what in ("TABLES", "SEQUENCES", "FUNCTIONS"):
            connection.execute(
                sql.SQL("REVOKE ALL ON ALL {} IN SCHEMA {} FROM {}").format(
                    sql.SQL(what), sql.Identifier(schema), name
                )
            )
        connection.execute(
            sql.SQL("REVOKE ALL ON SCHEMA {} FROM {}").format(sql.Identifier(schema), name)
        )


def _on_database(
    connection: psycopg.Connection, statement: str, name: sql.Identifier | None = None
) -> None:
    database = sql.Identifier(connection.info.dbname)
    parts = (database,) if name is None else (database, name)
    connection.execute(sql.SQL(statement).format(*parts))


def _statement(grant: Grant, name: sql.Identifier) -> sql.Composed:
    column = sql.SQL(" ({})").format(sql.Identifier(grant.column)) if grant.column else sql.SQL("")
    if grant.kind == "FUNCTION":
        on: sql.Composable = sql.SQL(grant.name)
    else:
        on = sql.Identifier(*grant.name.split("."))
    return sql.SQL("GRANT {}{} ON {} {} TO {}").format(
        sql.SQL(grant.privilege), column, sql.SQL(grant.kind), on, name
    )
