"""A registry of one test, taken over from topics that hold nothing; and one with its topics."""

from collections.abc import Iterator

import pytest

from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import TOPICS
from tests.support.builders.domain import S
from tests.support.clusters import cluster_of
from tests.support.services import Services, delete_topics, empty_database, new_prefix
from tests.support.set_clock import SetClock
from workers.registry.editing.database import Database
from workers.registry.editing.store import RegistryStore
from workers.registry.editing.takeover import take_over

NOW_US = 1_780_000_000 * S


@pytest.fixture(scope="module")
def registry_url_of_file(services: Services, database_template: str) -> Iterator[str]:
    """One database for the tests of a file, emptied for each."""
    with empty_database(services, database_template) as url:
        yield url


@pytest.fixture
def database(registry_url_of_file: str) -> Iterator[Database]:
    with Database(registry_url_of_file) as database:
        with database.transaction() as transaction:
            transaction.execute(
                "TRUNCATE registry.taken_over, registry.edits, registry.versions, registry.outbox,"
                " registry.staff_names, registry.stream_addresses, registry.idempotency"
                " RESTART IDENTITY"
            )
        take_over(database, "", [], NOW_US)
        yield database


@pytest.fixture
def store(database: Database) -> RegistryStore:
    return RegistryStore(database, SetClock(NOW_US / 1e6))


@pytest.fixture(scope="module")
def settings(services: Services, database_template: str) -> Iterator[Settings]:
    """Settings of a run with all topics, schemas and tables, for the tests of one file."""
    prefix = new_prefix()
    with empty_database(services, database_template) as url:
        settings = Settings(
            kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
            registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
            database_url=url,
            topic_prefix=prefix,
        )
        create_topics(cluster_of(settings))
        SchemaRegistry(settings.registry_url).register_all(t for t in TOPICS.values() if t.avro)
        yield settings
    delete_topics(services, prefix)
