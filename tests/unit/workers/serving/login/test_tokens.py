"""Only tokens that the provider signed, for the board, for now, are accepted."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from runtime.errors import Retry
from tests.support.issuer import AUDIENCE, BOARD, Issuer, spare_key, tampered
from tests.support.set_clock import SetClock
from workers.serving.login.keys import AGAIN_S, MAX_AGE_S, Keys
from workers.serving.login.provider import Provider
from workers.serving.login.tokens import Claims, TokenChecker, TokenRefused

NOW_S = 1_800_000_000
SKEW_S = 30


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW_S)


@pytest.fixture
def issuer(clock: SetClock) -> Iterator[Issuer]:
    with Issuer(clock) as running:
        yield running


class Board:
    """Judges tokens as a board does, each time in an event loop of its own."""

    def __init__(self, issuer: Issuer, clock: SetClock) -> None:
        self.provider = Provider(issuer.url, BOARD, "", clock)
        self.keys = Keys(self.provider.key_set, clock)
        self.checker = TokenChecker(
            self.keys,
            issuer=issuer.url,
            client_id=BOARD,
            audience=AUDIENCE,
            algorithms=frozenset({"RS256", "ES256"}),
            skew_s=SKEW_S,
            clock=clock,
        )

    def judge(self, work: Callable[[], Awaitable[Claims]]) -> Claims:
        async def run() -> Claims:
            try:
                return await work()
            finally:
                await self.provider.close()

        return asyncio.run(run())

    def access(self, token: str) -> Claims:
        return self.judge(lambda: self.checker.access_token(token))

    def proof(self, token: str, nonce: str | None = None) -> Claims:
        return self.judge(lambda: self.checker.id_token(token, nonce=nonce))

    def logout(self, token: str) -> Claims:
        return self.judge(lambda: self.checker.logout_token(token))


@pytest.fixture
def board(issuer: Issuer, clock: SetClock) -> Board:
    return Board(issuer, clock)


def reason(work: Callable[[], object]) -> str:
    """Why a token is refused."""
    with pytest.raises(TokenRefused) as refused:
        work()
    return refused.value.reason


def test_a_good_token_is_accepted(issuer: Issuer, board: Board) -> None:
    assert board.access(issuer.signed(issuer.access_claims()))["sub"] == "u-1"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": BOARD}, "audience"),
        ({"aud": [f"{AUDIENCE}-2", "account"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"exp": NOW_S - SKEW_S - 1}, "expired"),
        ({"exp": None}, "claims"),
        ({"exp": "tomorrow"}, "claims"),
        ({"exp": True}, "claims"),
        ({"nbf": NOW_S + SKEW_S + 1}, "not_yet_valid"),
        ({"iat": NOW_S + SKEW_S + 1}, "not_yet_valid"),
        ({"sub": None}, "claims"),
        ({"sub": 7}, "claims"),
        ({"typ": "ID"}, "kind"),
        ({"typ": "Refresh"}, "kind"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(
    issuer: Issuer, board: Board, changed: dict[str, Any], why: str
) -> None:
    assert reason(lambda: board.access(issuer.signed(issuer.access_claims(**changed)))) == why


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": NOW_S - SKEW_S + 1},
        {"nbf": NOW_S + SKEW_S, "iat": NOW_S + SKEW_S},
        {"aud": ["account", AUDIENCE]},
        {"typ": "Bearer"},
    ],
)
def test_a_clock_that_is_off_a_little_and_a_second_audience_do_no_harm(
    issuer: Issuer, board: Board, changed: dict[str, Any]
) -> None:
    assert board.access(issuer.signed(issuer.access_claims(**changed)))["sub"] == "u-1"


def forgeries(issuer: Issuer) -> dict[str, tuple[str, str]]:
    """Tokens that no provider made, and why each is refused."""
    claims = issuer.access_claims()
    good = issuer.signed(claims)
    stranger = spare_key("EC", "first")  # the same id ...
    other = spare_key("EC", "stranger")
    head, body, signature = good.split(".")
    return {
        "nobody signed": (issuer.unsigned(claims), "algorithm"),
        "of a list of algorithms": (_with_header(good, alg=["ES256"]), "algorithm"),
        "of an algorithm that is an object": (_with_header(good, alg={}), "algorithm"),
        "signed by the public key": (issuer.signed_by_public_key(claims), "algorithm"),
        "of another key by its own id": (issuer.signed(claims, key=other), "key"),
        "of another key by the known id": (
            issuer.signed(claims, key=other, header={"kid": stranger.kid}),
            "signature",
        ),
        "changed after it was signed": (tampered(good, sub="admin"), "signature"),
        "signature cut off": (f"{head}.{body}.", "signature"),
        "signature of another": (f"{head}.{body}.{signature[::-1]}", "signature"),
        "id leads into files": (
            issuer.signed(claims, header={"kid": "../../../../dev/null"}),
            "key",
        ),
        "id is a number": (_with_header(good, kid=7), "key"),
        "brings its own key": (
            issuer.signed(
                claims, key=other, header={"jwk": other.as_dict(private=False), "kid": "first"}
            ),
            "signature",
        ),
        "of a kind that is none": (issuer.signed(claims, header={"typ": "logout+jwt"}), "kind"),
        "with a critical header": (_with_header(good, crit=["exp"]), "critical_header"),
        "no token": ("not.a.token", "malformed"),
        "two parts": ("a.b", "malformed"),
        "endless": ("a" * 20_000 + ".b.c", "malformed"),
        "deep": (_raw('{"alg":' + "[" * 3_000 + "]" * 3_000 + "}") + ".b.c", "malformed"),
        "not of ASCII": ("ä.b.c", "malformed"),
    }


def _raw(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _with_header(token: str, **more: Any) -> str:
    head, body, signature = token.split(".")
    found = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    return f"{_raw(json.dumps({**found, **more}))}.{body}.{signature}"


def test_every_forged_token_is_refused(issuer: Issuer, board: Board) -> None:
    board.access(issuer.signed(issuer.access_claims()))  # the keys are known

    for name, (token, why) in forgeries(issuer).items():
        assert (name, reason(lambda token=token: board.access(token))) == (name, why)  # type: ignore[misc]


def test_a_key_for_one_algorithm_serves_no_other(issuer: Issuer, board: Board) -> None:
    rsa = spare_key("RSA", "rsa")
    issuer.published.append(rsa)
    claims = issuer.access_claims()

    assert board.access(issuer.signed(claims, key=rsa))["sub"] == "u-1"
    assert reason(
        lambda: board.access(issuer.signed(claims, key=rsa, header={"alg": "PS256"}))
    ) == ("algorithm")


def test_a_rotated_key_is_fetched_once_and_the_old_one_ends(
    issuer: Issuer, board: Board, clock: SetClock
) -> None:
    old = issuer.signed(issuer.access_claims())
    board.access(old)
    clock.now_s += AGAIN_S + 1
    issuer.rotate()

    assert board.access(issuer.signed(issuer.access_claims()))["sub"] == "u-1"
    assert reason(lambda: board.access(old)) == "key"
    assert issuer.calls["/keys"] == 2


def test_unknown_key_ids_do_not_make_the_board_ask_again_and_again(
    issuer: Issuer, board: Board, clock: SetClock
) -> None:
    board.access(issuer.signed(issuer.access_claims()))
    clock.now_s += AGAIN_S + 1

    for number in range(20):
        token = issuer.signed(issuer.access_claims(), header={"kid": f"unknown-{number}"})
        assert reason(lambda token=token: board.access(token)) == "key"  # type: ignore[misc]

    assert issuer.calls["/keys"] == 2


def test_keys_outlive_the_provider_but_a_withdrawn_one_does_not_outlive_its_age(
    issuer: Issuer, board: Board, clock: SetClock
) -> None:
    old = issuer.signed(issuer.access_claims(exp=NOW_S + 10_000))
    board.access(old)
    issuer.fault = 503
    clock.now_s += MAX_AGE_S + 1
    assert board.access(old)["sub"] == "u-1"

    issuer.fault = 0
    issuer.rotate()
    clock.now_s += MAX_AGE_S + 1
    assert reason(lambda: board.access(old)) == "key"


def test_without_any_key_nothing_is_judged(issuer: Issuer, board: Board) -> None:
    issuer.fault = 500

    with pytest.raises(Retry):
        board.access(issuer.signed(issuer.access_claims()))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another-client"}, "audience"),
        ({"aud": [BOARD, "other"], "azp": "other"}, "other_client"),
        ({"aud": [BOARD, "other"], "azp": None}, "other_client"),
        ({"typ": "Bearer"}, "kind"),
    ],
)
def test_a_proof_of_another_login_or_client_is_refused(
    issuer: Issuer, board: Board, changed: dict[str, Any], why: str
) -> None:
    proof = issuer.signed(issuer.id_claims(**{"nonce": "mine", **changed}))

    assert reason(lambda: board.proof(proof, "mine")) == why


def test_a_proof_of_a_login_is_no_access_token(issuer: Issuer, board: Board) -> None:
    assert reason(lambda: board.access(issuer.signed(issuer.id_claims()))) == "audience"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"events": {}}, "no_logout"),
        ({"events": None}, "no_logout"),
        ({"nonce": "n"}, "no_logout"),
        ({"sid": None, "sub": None}, "no_logout"),
        ({"aud": "another-client"}, "audience"),
        ({"exp": NOW_S - 100}, "expired"),
        ({"sid": 7}, "malformed"),
    ],
)
def test_what_is_no_notice_of_a_logout_ends_nothing(
    issuer: Issuer, board: Board, changed: dict[str, Any], why: str
) -> None:
    assert reason(lambda: board.logout(issuer.signed(issuer.logout_claims(**changed)))) == why


def test_a_notice_of_a_logout_is_accepted(issuer: Issuer, board: Board) -> None:
    assert board.logout(issuer.signed(issuer.logout_claims()))["sid"] == "login-1"
