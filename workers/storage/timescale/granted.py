"""What a role holds in a database, and how that differs from its row."""

from dataclasses import dataclass

import psycopg

from runtime.errors import Stop
from workers.storage.timescale.rights import SCHEMAS, Grant, RoleRights

_TABLES = """
    SELECT n.nspname || '.' || c.relname, p.privilege, ''
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    CROSS JOIN unnest(%(privileges)s::text[]) AS p (privilege)
    WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND has_table_privilege(%(role)s::oid, c.oid, p.privilege)
"""

_COLUMNS = """
    SELECT n.nspname || '.' || c.relname, p.privilege, a.attname
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN unnest('{SELECT,INSERT,UPDATE}'::text[]) AS p (privilege)
    WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND NOT has_table_privilege(%(role)s::oid, c.oid, p.privilege)
        AND has_column_privilege(%(role)s::oid, c.oid, a.attnum, p.privilege)
"""

_FUNCTIONS = """
    SELECT n.nspname || '.' || p.oid::regprocedure::text, 'EXECUTE', ''
    FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = ANY (%(schemas)s) AND p.prosecdef
        AND has_function_privilege(%(role)s::oid, p.oid, 'EXECUTE')
        AND NOT EXISTS (
            SELECT FROM pg_depend AS d
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
        )
"""
"""Functions of ours that run with the rights of their owner; any other gives no right."""

_SCHEMAS = """
    SELECT n.nspname, p.privilege, ''
    FROM pg_namespace AS n
    CROSS JOIN unnest('{USAGE,CREATE}'::text[]) AS p (privilege)
    WHERE n.nspname = ANY (%(schemas)s)
        AND has_schema_privilege(%(role)s::oid, n.oid, p.privilege)
"""

_PRIVILEGES = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]

_EVERYBODY = frozenset({Grant("SCHEMA", "public", "USAGE")})
"""What PostgreSQL gives to every role."""

_ATTRIBUTES = {
    "rolsuper": "is a superuser",
    "rolcreaterole": "may create roles",
    "rolcreatedb": "may create databases",
    "rolreplication": "may replicate",
    "rolbypassrls": "passes row security",
}


@dataclass(frozen=True)
class Difference:
    """How what a role holds differs from its row.

    Attributes:
        missing: What it lacks.
        excess: What it holds beyond its row.
    """

    missing: frozenset[Grant]
    excess: frozenset[Grant]

    def __bool__(self) -> bool:
        return bool(self.missing or self.excess)


def held_by(connection: psycopg.Connection, role: str) -> frozenset[Grant]:
    """Everything that a role may do in our schemas, however it came to it.

    Args:
        connection: Connection to the database.
        role: Full name of the role.

    Raises:
        KeyError: There is no such role.
    """
    number = connection.execute("SELECT oid FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    if number is None:
        raise KeyError(role)
    given = {"role": number[0], "schemas": list(SCHEMAS), "privileges": _PRIVILEGES}
    found: set[Grant] = set()
    for kind, statement in (
        ("TABLE", _TABLES),
        ("TABLE", _COLUMNS),
        ("FUNCTION", _FUNCTIONS),
        ("SCHEMA", _SCHEMAS),
    ):
        rows = connection.execute(statement, given).fetchall()
        found |= {Grant(kind, name, privilege, column) for name, privilege, column in rows}  # type: ignore[arg-type]
    return frozenset(found)


def difference(connection: psycopg.Connection, row: RoleRights, role: str) -> Difference:
    """How what a role holds differs from its row.

    Args:
        connection: Connection to the database.
        row: Row of the role.
        role: Full name of the role.

    Raises:
        KeyError: There is no such role.
    """
    held = held_by(connection, role)
    return Difference(_missing(row, held), held - row.grants - _EVERYBODY)


def _missing(row: RoleRights, held: frozenset[Grant]) -> frozenset[Grant]:
    """What a row grants and a role does not hold; a right on a table holds for each column."""
    return frozenset(grant for grant in row.grants - held if grant._replace(column="") not in held)


def check_rights(connection: psycopg.Connection, row: RoleRights) -> None:
    """Make sure that the role of a connection holds what its row says.

    Raises:
        Stop: It lacks a right; one sentence says which.
    """
    who = connection.info.user
    missing = sorted(map(str, _missing(row, held_by(connection, who))))
    if missing:
        raise Stop(
            f"the database's role {who} lacks {', '.join(missing)}: run `wardstream db roles`"
        )


def attributes(connection: psycopg.Connection, role: str) -> list[str] | None:
    """What lets a role pass every grant, in words; None when there is no such role."""
    columns = ", ".join(_ATTRIBUTES)
    found = connection.execute(
        f"SELECT {columns} FROM pg_roles WHERE rolname = %s",  # noqa: S608 - our own columns
        [role],
    ).fetchone()
    if found is None:
        return None
    reasons = [reason for reason, holds in zip(_ATTRIBUTES.values(), found, strict=True) if holds]
    groups = connection.execute(
        "SELECT g.rolname FROM pg_auth_members AS m JOIN pg_roles AS g ON g.oid = m.roleid"
        " JOIN pg_roles AS r ON r.oid = m.member WHERE r.rolname = %s ORDER BY 1",
        [role],
    ).fetchall()
    return [*reasons, *(f"is a member of {name}" for (name,) in groups)]
