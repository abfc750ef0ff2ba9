"""What a refresh leaves behind when its session ends while the provider answers."""

import asyncio

from tests.support.issuer import AUDIENCE, BOARD, SECRET, WALL, Issuer
from tests.support.set_clock import SetClock
from workers.serving.login.background import Background
from workers.serving.login.entrance import session_of
from workers.serving.login.keys import Keys
from workers.serving.login.provider import Provider
from workers.serving.login.refreshing import Refresher
from workers.serving.login.revoking import Revoker
from workers.serving.login.session import Client, Session
from workers.serving.login.sessions import SessionStore
from workers.serving.login.tokens import TokenChecker


class OneSession(SessionStore):
    """Holds one session, in memory."""

    def __init__(self, session: Session) -> None:
        self.session: Session | None = session

    async def find(self, key: str) -> Session | None:
        return self.session

    async def renew(self, key: str, session: Session) -> bool:
        if self.session is None:
            return False
        self.session = session
        return True

    async def end(self, key: str) -> None:
        self.session = None

    async def take_refresh(self, key: str) -> bool:
        return True

    async def leave_refresh(self, key: str) -> None:
        pass


async def refresh(issuer: Issuer, clock: SetClock, *, end_meanwhile: bool) -> OneSession:
    """Refresh a session at a provider that answers late."""
    provider = Provider(issuer.url, BOARD, SECRET, clock)
    checker = TokenChecker(
        Keys(provider.key_set, clock),
        issuer=issuer.url,
        client_id=BOARD,
        audience=AUDIENCE,
        algorithms=frozenset({"ES256"}),
        skew_s=30,
        clock=clock,
    )
    background = Background()
    url = await provider.login_url(
        redirect_uri="http://127.0.0.1/", scope="openid", state="s", nonce="n", verifier="v" * 43
    )
    code = issuer.approve(url).partition("code=")[2].partition("&")[0]
    tokens = await provider.exchange(code, "v" * 43, "http://127.0.0.1/")
    claims = await checker.id_token(tokens.id_token, nonce="n")
    session = session_of(
        tokens,
        claims,
        issuer=issuer.url,
        roles={},
        client=Client.BOARD,
        max_s=3_600,
        now_us=clock.now_us(),
    )
    store = OneSession(session)
    revoker = Revoker(provider, background, WALL)
    refresher = Refresher(
        provider,
        checker,
        store,
        background,
        revoker,
        roles_claim="wardstream_roles",
        wall_client_id=WALL,
        clock=clock,
    )
    clock.now_s += 31
    issuer.gate.clear()
    await refresher.refresh("key", session, 0.05)
    async with asyncio.timeout(30):
        while issuer.calls["/token"] < 2:  # noqa: ASYNC110 - it has no event for it
            await asyncio.sleep(0.01)
    if end_meanwhile:
        await store.end("key")
        revoker.revoke(session)
    issuer.gate.set()
    await refresher.refresh("key", session, 10)
    await background.close(within_s=10)
    await provider.close()
    return store


def test_a_late_answer_is_stored_after_its_request_has_gone() -> None:
    clock = SetClock(1_800_000_000)
    with Issuer(clock) as issuer:
        store = asyncio.run(refresh(issuer, clock, end_meanwhile=False))

        assert store.session is not None
        assert store.session.refreshed_us == clock.now_us()
        assert issuer.refresh_tokens == 1
        assert issuer.revoked == []


def test_a_session_that_ends_meanwhile_leaves_no_token_at_the_provider() -> None:
    clock = SetClock(1_800_000_000)
    with Issuer(clock) as issuer:
        store = asyncio.run(refresh(issuer, clock, end_meanwhile=True))

        assert store.session is None
        assert issuer.refresh_tokens == 0
        assert len(issuer.revoked) == 2
