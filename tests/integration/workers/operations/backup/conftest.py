"""A sink that fills a database."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from runtime.process.settings import Settings
from tests.support.clusters import make_timescale_sink
from workers.sinks.timescale.sink import TimescaleSink


@pytest.fixture
def sink(database_url: str) -> Iterator[TimescaleSink]:
    """Writes to the test's own database."""
    sink = make_timescale_sink(Settings(database_url=SecretStr(database_url)))
    yield sink
    sink.close()
