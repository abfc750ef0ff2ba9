"""The roles of a database with passwords, under a prefix of their own; gone after the test."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from workers.storage.timescale.rights import ROLES
from workers.storage.timescale.roles import make_roles


@dataclass(frozen=True)
class DatabaseRoles:
    """Roles in one database.

    Attributes:
        owner: URL of the database, as the owner of the tables.
        prefix: Leads the names of the roles.
        passwords: Passwords by role.
    """

    owner: str
    prefix: str
    passwords: dict[str, str]

    def user(self, role: str) -> str:
        """Full name of a role."""
        return self.prefix + role

    def address(self, role: str) -> str:
        """URL of the database, as a role."""
        parts = psycopg.conninfo.conninfo_to_dict(self.owner)
        parts |= {"user": self.user(role), "password": self.passwords[role]}
        return psycopg.conninfo.make_conninfo("", **parts)

    def environment(self, role: str) -> dict[str, str]:
        """Settings with which a process signs in as a role."""
        return {
            "WARDSTREAM_SECURITY__DATABASE__USER": self.user(role),
            "WARDSTREAM_SECURITY__DATABASE__PASSWORD": self.passwords[role],
        }


@contextmanager
def database_roles(owner: str) -> Iterator[DatabaseRoles]:
    """Every role of a migrated database, with a planted password."""
    prefix = f"t{secrets.token_hex(4)}-"
    passwords = {row.role: f"planted-database-secret-of-{row.role}" for row in ROLES}
    make_roles(owner, passwords, prefix)
    try:
        yield DatabaseRoles(owner, prefix, passwords)
    finally:
        with psycopg.connect(owner, autocommit=True) as connection:
            for row in ROLES:
                name = sql.Identifier(prefix + row.role)
                connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
                connection.execute(sql.SQL("DROP ROLE {}").format(name))
