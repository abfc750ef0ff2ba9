"""Whether whoever opened a stream by an access token may still read."""

import asyncio
from typing import Any
from unittest.mock import Mock

import pytest

from tests.support.set_clock import SetClock
from workers.access.principal import EVERYWHERE, Kind, Principal
from workers.access.rights import AccessRole
from workers.serving.login.authenticate import LoginAuthenticator, TokenPrincipal
from workers.serving.login.sessions import SessionsAway, SessionStore

NOW_S = 1_800_000_000


class Ended(SessionStore):
    """Logins that ended, in memory."""

    def __init__(self) -> None:
        self.sids: set[str] = set()
        self.away = False

    async def has_ended(self, sid: str, sub: str, issued_us: int) -> bool:
        if self.away:
            raise SessionsAway("Redis is away")
        return sid in self.sids


@pytest.fixture
def store() -> Ended:
    return Ended()


def still(store: Ended, principal: Principal, now_s: int = NOW_S) -> Principal | None:
    unused: dict[str, Any] = dict.fromkeys(
        ("sealer", "cookies", "refresher", "checker", "audit"), Mock()
    )
    authenticator = LoginAuthenticator(
        store=store,
        issuer="https://login.example",
        roles_claim="roles",
        wall_client_id="wall",
        refresh_s=30,
        skew_s=30,
        origin=None,
        clock=SetClock(now_s),
        **unused,
    )
    return asyncio.run(authenticator.still(principal))


ANN = TokenPrincipal(
    subject="login.example#ann",
    kind=Kind.PERSON,
    roles={AccessRole.VIEWER: frozenset({EVERYWHERE})},
    sub="ann",
    sid="s-1",
    issued_us=NOW_S * 1_000_000,
    until_us=(NOW_S + 300) * 1_000_000,
)


def test_a_stream_goes_on_until_its_own_token_expires(store: Ended) -> None:
    assert still(store, ANN, NOW_S + 299) == ANN
    assert still(store, ANN, NOW_S + 300) is None


def test_a_stream_ends_with_the_login_of_its_token(store: Ended) -> None:
    store.sids.add("s-2")
    assert still(store, ANN) == ANN

    store.sids.add("s-1")

    assert still(store, ANN) is None


def test_a_stream_goes_on_while_redis_is_away(store: Ended) -> None:
    store.away = True

    assert still(store, ANN) == ANN
