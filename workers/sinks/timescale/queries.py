"""The SQL of the sink, one statement in each file of `sql/`."""

from functools import cache
from importlib.resources import files


@cache
def query(name: str) -> bytes:
    """Text of `sql/<name>.sql`, in the form that psycopg runs without asking."""
    return (files("workers.sinks.timescale") / "sql" / f"{name}.sql").read_bytes()
