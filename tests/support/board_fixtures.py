"""A Redis of these tests alone, which they may kill, and a board that reads it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from deploy.local.launcher import LocalServices
from tests.support.board_server import BoardServer
from tests.support.live_log import LiveLog
from tests.support.live_writer import LiveWriter
from tests.support.services import new_prefix


@pytest.fixture(scope="module")
def redis_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServices]:
    """A Redis without the other services."""
    with LocalServices(tmp_path_factory.mktemp("redis"), components=("redis",)) as services:
        yield services


@pytest.fixture
def live_url(redis_service: LocalServices) -> str:
    """URL of that Redis."""
    return redis_service.environment["WARDSTREAM_REDIS_URL"]


@pytest.fixture
def redis_prefix() -> str:
    """Prefix of the keys of one test; a run's own prefix is that of topics too, on a broker."""
    return new_prefix()


@pytest.fixture
def writer(live_log: LiveLog, live_url: str, redis_prefix: str) -> LiveWriter:
    """Appends what is shown live; the sink writes it with the test's own prefix."""
    return LiveWriter(live_log, live_url, redis_prefix)


@pytest.fixture
def start_board(live_url: str, redis_prefix: str) -> Iterator[Callable[..., BoardServer]]:
    """Starts boards of the test, which end with it."""
    with ExitStack() as stack:

        def start(**options: Any) -> BoardServer:
            return stack.enter_context(BoardServer(live_url, redis_prefix, **options))

        yield start
