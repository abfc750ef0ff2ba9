"""A migrated database of one test, and the sink that fills it."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from runtime.process.settings import Settings
from tests.support.clusters import make_timescale_sink
from workers.sinks.timescale.sink import TimescaleSink


@pytest.fixture
def database_settings(database_url: str) -> Settings:
    """Settings of a migrated database, and nothing else."""
    return Settings(database_url=SecretStr(database_url))


@pytest.fixture
def timescale_sink(database_settings: Settings) -> Iterator[TimescaleSink]:
    sink = make_timescale_sink(database_settings)
    yield sink
    sink.close()
