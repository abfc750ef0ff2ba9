"""A board with logins at a provider of the test, on a clock that the test sets."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.board_fixtures import live_url, redis_prefix, redis_service, start_board, writer
from tests.support.board_server import BoardServer
from tests.support.issuer import Issuer
from tests.support.kept_audit import KeptAudit
from tests.support.set_clock import SetClock
from tests.support.visitor import Visitor

__all__ = ["live_url", "redis_prefix", "redis_service", "start_board", "writer"]


@pytest.fixture
def clock() -> SetClock:
    return SetClock(1_800_000_000)


@pytest.fixture
def issuer(clock: SetClock) -> Iterator[Issuer]:
    with Issuer(clock) as running:
        yield running


@pytest.fixture
def audit() -> KeptAudit:
    return KeptAudit()


@pytest.fixture
def board(
    start_board: Callable[..., BoardServer], issuer: Issuer, clock: SetClock, audit: KeptAudit
) -> BoardServer:
    return start_board(login=issuer.settings(), clock=clock, recorder=audit)


@pytest.fixture
def visitor(board: BoardServer, issuer: Issuer) -> Iterator[Visitor]:
    """A browser, not logged in."""
    with Visitor(board, issuer) as browser:
        yield browser


@pytest.fixture
def ann(visitor: Visitor) -> Visitor:
    """A browser in which a coordinator of ward-3 is logged in."""
    assert visitor.log_in().status_code == 303
    return visitor
