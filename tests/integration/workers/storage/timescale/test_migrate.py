"""A database is brought up to date once, in order, and never behind one's back."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from runtime.errors import Retry, Stop
from tests.support.services import Services
from workers.storage.timescale.connection import connect
from workers.storage.timescale.migrate import Migration, migrate, migrations


@pytest.fixture
def empty_database(services: Services) -> Iterator[str]:
    """A database without any table."""
    server = services.environment["WARDSTREAM_DATABASE_URL"]
    name = f"empty_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = [int(migration.name[:4]) for migration in migrations()]

    assert numbers == list(range(1, len(numbers) + 1))


def test_an_empty_database_gets_everything_and_a_second_run_does_nothing(
    empty_database: str,
) -> None:
    assert migrate(empty_database) == [migration.name for migration in migrations()]
    assert migrate(empty_database) == []


def test_two_at_a_time_apply_each_migration_once(empty_database: str) -> None:
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(migrate, [empty_database] * 2)

    assert sorted(first + second) == [migration.name for migration in migrations()]


def test_a_new_migration_is_applied_to_an_old_database(database_url: str) -> None:
    later = Migration("9999_later", "CREATE TABLE later (x int)")

    assert migrate(database_url, [*migrations(), later]) == ["9999_later"]


def test_an_altered_migration_is_refused(database_url: str) -> None:
    first, *rest = migrations()
    altered = [first._replace(text=first.text + "-- altered"), *rest]

    with pytest.raises(Stop, match=f"{first.name} was altered"):
        migrate(database_url, altered)


def test_a_migration_in_between_is_refused(database_url: str) -> None:
    known = sorted([*migrations(), Migration("0001_zz", "SELECT 1")])

    with pytest.raises(Stop, match="0001_zz comes before"):
        migrate(database_url, known)


def test_a_database_from_the_future_is_refused(database_url: str) -> None:
    with pytest.raises(Stop, match="which this version does not know"):
        migrate(database_url, migrations()[:-1])


def test_nothing_remains_of_a_migration_that_fails(database_url: str) -> None:
    broken = Migration("9999_broken", "CREATE TABLE half (x int); SELECT 1 / 0")

    with pytest.raises(Stop, match="9999_broken"):
        migrate(database_url, [*migrations(), broken])

    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT to_regclass('half')").fetchone() == (None,)


def test_a_database_out_of_reach_can_be_tried_again() -> None:
    with pytest.raises(Retry, match="out of reach"):
        migrate("postgresql://nobody@127.0.0.1:1/none")


def test_the_sink_refuses_a_database_with_missing_migrations(empty_database: str) -> None:
    with pytest.raises(Stop, match="run `wardstream db migrate`"):
        connect(empty_database, "")


def test_a_database_belongs_to_one_run(database_url: str) -> None:
    connect(database_url, "").close()

    with pytest.raises(Stop, match="give each run its own database"):
        connect(database_url, "replay.")
