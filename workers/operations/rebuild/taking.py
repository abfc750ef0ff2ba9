"""The rows with which a rebuild replaces those that analysts read."""

import psycopg
from psycopg import sql

from workers.operations.rebuild.difference import apart, within
from workers.operations.rebuild.queries import template
from workers.storage.timescale.compared import Compared
from workers.storage.timescale.rebuild_schema import columns_of, schema_of


def take_rows(connection: psycopg.Connection, table: Compared, revision: int) -> None:
    """Put in force the rebuilt rows of the stretches in which a table differs."""
    schema = sql.Identifier(schema_of(revision))
    columns = [sql.Identifier(name) for name in columns_of(connection, table.name)]
    parts = {
        "schema": schema,
        "apart": sql.Identifier(apart(table)),
        "other": sql.Identifier(f"apart_{table.by.shares_seq_with or table.name}"),
        "name": sql.Identifier(table.name),
        "revised": sql.Identifier(f"revised_{table.name}"),
        "kind": sql.Literal(table.by.kind),
        "key": sql.Identifier(table.by.key),
        "time": sql.Identifier(table.by.time),
        "within": within(table, revision),
        "names": sql.SQL(", ").join(columns),
        "columns": sql.SQL(", ").join(sql.SQL("t.{}").format(name) for name in columns),
    }
    connection.execute(
        template("note_ranges").format(**parts),
        {"revision": revision, "table": table.name},
    )
    connection.execute(
        template("take_rows").format(**parts),
        {"revision": revision, "table": table.name},
    )
