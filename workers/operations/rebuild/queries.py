"""The SQL of a rebuild, one statement in each file of `sql/`."""

from functools import cache
from importlib.resources import files

from psycopg import sql


@cache
def template(name: str) -> sql.SQL:
    """The statement of `sql/<name>.sql`, whose names in braces are to be filled in."""
    text = (files("workers.operations.rebuild") / "sql" / f"{name}.sql").read_text()
    return sql.SQL(text)
