"""A registry of one test, taken over from topics that hold nothing."""

from collections.abc import Iterator

import pytest

from tests.support.builders.domain import S
from tests.support.set_clock import SetClock
from workers.registry.editing.database import Database
from workers.registry.editing.store import RegistryStore
from workers.registry.editing.takeover import take_over

NOW_US = 1_780_000_000 * S


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with Database(database_url) as database:
        take_over(database, "", [], NOW_US)
        yield database


@pytest.fixture
def store(database: Database) -> RegistryStore:
    return RegistryStore(database, SetClock(NOW_US / 1e6))
