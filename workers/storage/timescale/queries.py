"""The SQL that fills the tables, one statement in each file of `sql/`."""

from functools import cache
from importlib.resources import files

from psycopg import sql

from workers.storage.timescale.tables import Table


@cache
def query(name: str) -> bytes:
    """Text of `sql/<name>.sql`, in the form that psycopg runs without asking."""
    return (files("workers.storage.timescale") / "sql" / f"{name}.sql").read_bytes()


def insertion(table: Table) -> bytes | sql.Composed:
    """The statement that brings a table's staged rows into it."""
    if table.merged:
        return query(table.name)
    return sql.SQL("INSERT INTO {} SELECT * FROM {} ON CONFLICT ({}) DO NOTHING").format(
        sql.Identifier(table.name),
        sql.Identifier(f"stage_{table.name}"),
        sql.SQL(", ").join(map(sql.Identifier, table.identity)),
    )
