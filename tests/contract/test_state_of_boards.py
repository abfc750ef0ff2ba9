"""What tests of the board in a browser show has come through topics, imports or the API.

A value that a test put into a store may be one that no pipeline can make.
"""

import ast
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SUITE = ROOT / "tests/e2e/board"

STORES = {
    "psycopg",
    "redis",
    "make_redis_sink",
    "make_timescale_sink",
    "RedisSink",
    "TimescaleSink",
}
"""Clients of Redis and PostgreSQL, and sinks without the loop that reads topics."""

WRITERS = {"correct", "fill_minutes", "fill_roles", "fill_walks", "revise"}
"""Helpers of tests of the server that fill tables by themselves."""

ALLOWED = {
    (
        "test_history_page.py",
        "fill_minutes",
    ): "minutes of four nights on which clocks change",
    ("test_history_page.py", "correct"): "a revision, which takes a rebuild of minutes",
    ("test_why_page.py", "revise"): "a revision, which takes a rebuild of minutes",
}
"""What a file still writes, and what it is: the rest of its state comes through topics."""


def written(source: str) -> set[str]:
    """Names in a module that write into a store, or open one."""
    used = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            used |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            used |= {(node.module or "").split(".")[0], *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Attribute) and node.attr == "client":
            used.add("client")
    return used & (STORES | WRITERS | {"client"})


@pytest.mark.parametrize("path", sorted(SUITE.glob("*.py")), ids=lambda path: path.name)
def test_no_test_of_the_board_writes_into_a_store(path: Path) -> None:
    allowed = {name for file, name in ALLOWED if file == path.name}

    assert written(path.read_text()) == allowed


@pytest.mark.parametrize(
    ("source", "name"),
    [
        pytest.param("import redis.asyncio", "redis", id="client-of-redis"),
        pytest.param("from psycopg import sql", "psycopg", id="client-of-postgresql"),
        pytest.param("from a import make_redis_sink", "make_redis_sink", id="sink-without-topics"),
        pytest.param("writer.client.flushdb()", "client", id="client-of-a-helper"),
    ],
)
def test_a_write_is_recognised(source: str, name: str) -> None:
    assert written(source) == {name}
