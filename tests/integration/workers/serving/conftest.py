"""A Redis of these tests alone, which they may kill, and a board on it."""

from collections.abc import Callable

import pytest

from tests.support.board_fixtures import live_url, redis_prefix, redis_service, start_board, writer
from tests.support.board_server import BoardServer

__all__ = ["live_url", "redis_prefix", "redis_service", "start_board", "writer"]


@pytest.fixture
def board(start_board: Callable[..., BoardServer]) -> BoardServer:
    """A board with nothing registered."""
    return start_board()
