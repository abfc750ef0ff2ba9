"""Running services, and the topics, database and keys that one test or run has for itself."""

import itertools
import json
import os
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis as redis_client
from confluent_kafka import KafkaError, KafkaException
from psycopg import sql

from tests.support.clusters import cluster_at
from tests.support.waiting import eventually


class Services(Protocol):
    """Running services, whoever started them."""

    @property
    def environment(self) -> dict[str, str]:
        """The `WARDSTREAM_*` settings with which a process finds them."""


class RunningServices:
    """Services that run before the tests and continue after them."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    @classmethod
    def reported_by(cls, file: Path) -> Self:
        """Read a run directory's `state.json`, or lines of `NAME=VALUE`."""
        text = file.read_text()
        if file.suffix == ".json":
            return cls(json.loads(text)["environment"])
        lines = (line for line in text.splitlines() if "=" in line)
        return cls(dict(line.split("=", 1) for line in lines))


@contextmanager
def empty_database(services: Services, template: str) -> Iterator[str]:
    """A migrated database that is dropped after the block."""
    server = services.environment["WARDSTREAM_DATABASE_URL"]
    name = f"test_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        yield with_database(server, name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


_redis_numbers = itertools.count()


def empty_redis(services: Services) -> str:
    """An empty Redis database; used again once this worker has used all of its own."""
    server = services.environment["WARDSTREAM_REDIS_URL"]
    with redis_client.Redis.from_url(server) as client:
        databases = int(client.config_get("databases")["databases"])
    first = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    own = range(1 + first, databases, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    url = with_database(server, str(own[next(_redis_numbers) % len(own)]))
    with redis_client.Redis.from_url(url) as client:
        client.flushdb()
    return url


def new_prefix() -> str:
    """Prefix of every topic, group and Redis key of one run, so that runs do not meet."""
    return f"t{uuid.uuid4().hex[:10]}."


def delete_topics(services: Services, prefix: str) -> None:
    """Delete a run's topics: hundreds of idle partitions slow the next test.

    Kafka's controller deletes them first, and the broker serves them until it knows.
    """
    admin = cluster_at(services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"]).admin()

    def there() -> list[str]:
        return [name for name in admin.list_topics(timeout=30).topics if name.startswith(prefix)]

    if names := there():
        for future in admin.delete_topics(names, operation_timeout=30).values():
            await_gone(future)
        eventually(lambda: not there())


def await_gone(deletion: Future[None]) -> None:
    """Wait until a topic is deleted; a topic that was deleted before counts too."""
    try:
        deletion.result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise


@contextmanager
def separate_environment(services: Services, template: str) -> Iterator[dict[str, str]]:
    """Settings of one run: the session's services, and nobody else's data."""
    prefix = new_prefix()
    with empty_database(services, template) as database:
        yield {
            **services.environment,
            "WARDSTREAM_TOPIC_PREFIX": prefix,
            "WARDSTREAM_DATABASE_URL": database,
            "WARDSTREAM_REDIS_URL": empty_redis(services),
        }
    delete_topics(services, prefix)


def with_database(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))
