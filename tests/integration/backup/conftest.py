"""A sink that fills a database."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from runtime.clock import SystemClock
from runtime.process.settings import Settings
from workers.sinks.timescale.sink import TimescaleSink


@pytest.fixture
def sink(database_url: str) -> Iterator[TimescaleSink]:
    """Writes to the test's own database."""
    sink = TimescaleSink(Settings(database_url=SecretStr(database_url)), SystemClock())
    yield sink
    sink.close()
