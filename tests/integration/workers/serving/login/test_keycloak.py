"""Logins at a real Keycloak: people, programs and wall displays; and a provider that is away."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import httpx
import pytest

from deploy.keycloak.realm import ADMINISTRATION, new_secret
from runtime.clock import SystemClock
from runtime.facts.log import Fact
from runtime.kafka.reader import read_topic
from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import BADGE_READS, FLOORS
from tests.support.ahead_clock import AheadClock
from tests.support.board_server import BoardServer
from tests.support.clusters import cluster_of
from tests.support.form_browser import FormBrowser
from tests.support.kept_audit import KeptAudit
from tests.support.keycloak_fixtures import (
    administrator,
    board_with_logins,
    gate,
    issuer_of,
    provider,
)
from tests.support.live_writer import floor_fact
from tests.support.servers.gate_proxy import GateProxy
from tests.support.servers.keycloak import UNIT, USERS, Provider
from tests.support.servers.keycloak_admin import Administrator
from tests.support.services import Services, delete_topics, new_prefix
from tests.support.waiting import eventually
from workers.access.rights import AccessRole, Right
from workers.local.logins import MachineTokens
from workers.registry.view import RegistryView
from workers.serving.api.access import ACCESS, Everyone
from workers.serving.evidence.desk import SENT, ReadDesk
from workers.serving.evidence.writer import ReadWriter

__all__ = ["administrator", "board_with_logins", "gate", "provider"]

HOUR_S = 3600.0
REFRESH_S = 5.0
ADDRESSES = ("kafka_bootstrap", "registry_url")

Person = Callable[[str], FormBrowser]


@pytest.fixture
def run_prefix() -> str:
    return new_prefix()  # nothing of Kafka is needed here


@pytest.fixture
def clock() -> AheadClock:
    return AheadClock()


@pytest.fixture
def board(board_with_logins: Callable[..., BoardServer], clock: AheadClock) -> BoardServer:
    """A board with long sessions that asks the provider often."""
    login = {"session_max_s": 8 * HOUR_S, "session_idle_s": 8 * HOUR_S, "refresh_s": REFRESH_S}
    return board_with_logins(login=login, clock=clock)


@pytest.fixture
def person(board: BoardServer, provider: Provider) -> Iterator[Person]:
    """Logs users in, each with a browser of its own."""
    with ExitStack() as stack:

        def log_in(user: str) -> FormBrowser:
            browser = stack.enter_context(FormBrowser(board.url))
            page = browser.get("login")
            back = browser.fill(page, username=user, password=provider.passwords[user])
            assert (str(back.url), back.status_code) == (board.url, 200), back.text
            return browser

        yield log_in


def roles(browser: httpx.Client) -> dict[str, list[str]]:
    """Units of each access role of whoever is logged in."""
    answer = browser.get("api/v1/me")
    return dict(answer.json()["roles"]) if answer.is_success else {"nobody": []}


def is_logged_in(browser: httpx.Client) -> bool:
    return browser.get("api/v1/me").status_code == 200


def test_each_user_has_the_access_roles_that_the_provider_gives(person: Person) -> None:
    found = {user: roles(person(user)) for user in USERS if user != "wall"}

    wanted = {user: {user: ["*"]} for user in USERS if user not in {"wall", "east-coordinator"}}
    assert found == {**wanted, "east-coordinator": {"coordinator": [UNIT]}}


def test_a_role_that_is_withdrawn_and_a_new_one_arrive_with_the_refresh(
    person: Person, administrator: Administrator, clock: AheadClock
) -> None:
    browser = person("engineer")
    try:
        for given in (["analyst"], ["analyst:east", "viewer"]):
            administrator.give_roles("engineer", given)
            clock.ahead_s += REFRESH_S
            wanted = {role.partition(":")[0]: [role.partition(":")[2] or "*"] for role in given}
            eventually(lambda wanted=wanted: roles(browser) == wanted, what=str(wanted))  # type: ignore[misc]
    finally:
        administrator.give_roles("engineer", USERS["engineer"])


def test_a_logout_at_the_board_is_one_at_the_provider(person: Person, board: BoardServer) -> None:
    browser = person("viewer")
    token = browser.get("api/v1/me").json()["csrf_token"]

    answer = browser.post("logout", headers={"X-CSRF-Token": token})

    assert not is_logged_in(browser)
    back = browser.get(answer.json()["next"])
    assert str(back.url) == board.url
    again = browser.get("login")
    assert "password" in again.text  # the provider does not know the browser any more


def test_a_logout_at_the_provider_ends_the_session_at_the_board(
    person: Person, administrator: Administrator
) -> None:
    ends, stays = person("analyst"), person("viewer")

    administrator.end_sessions("analyst")

    eventually(lambda: not is_logged_in(ends), what="the session ends")
    assert is_logged_in(stays)


def test_a_user_who_is_disabled_is_out_with_the_next_refresh(
    person: Person, administrator: Administrator, clock: AheadClock
) -> None:
    browser = person("auditor")
    try:
        administrator.enable("auditor", enabled=False)
        clock.ahead_s += REFRESH_S
        eventually(lambda: not is_logged_in(browser), what="the session ends")
    finally:
        administrator.enable("auditor", enabled=True)


def test_logins_and_sessions_go_on_when_the_provider_signs_with_a_new_key(
    person: Person, administrator: Administrator, clock: AheadClock
) -> None:
    before = person("coordinator")
    old = administrator.signing_key()

    administrator.new_key()

    assert administrator.signing_key() != old
    clock.ahead_s += 2 * REFRESH_S
    assert is_logged_in(person("coordinator"))
    assert is_logged_in(before)


def test_a_program_is_let_in_by_client_credentials(
    board: BoardServer, provider: Provider, gate: GateProxy
) -> None:
    machine = MachineTokens(issuer_of(gate), provider.machine_secret)
    with httpx.Client(base_url=board.url, auth=machine, timeout=30) as program:
        me = program.get("api/v1/me").json()

    assert (me["kind"], me["roles"]) == ("machine", {"viewer": ["*"]})


def test_a_system_of_badges_sends_reads_and_may_do_nothing_else(
    board_with_logins: Callable[..., BoardServer],
    administrator: Administrator,
    gate: GateProxy,
    services: Services,
) -> None:
    own = {name: services.environment[f"WARDSTREAM_{name.upper()}"] for name in ADDRESSES}
    settings = Settings.model_validate({**own, "topic_prefix": new_prefix()})
    cluster, clock, audit, view = cluster_of(settings), SystemClock(), KeptAudit(), RegistryView()
    SchemaRegistry(settings.registry_url).register(BADGE_READS)
    create_topics(cluster)
    view.add([Fact(FLOORS, floor_fact("f", partition=5))], clock.now_us())
    desk = ReadDesk(view, ReadWriter(cluster), audit, clock)
    board = board_with_logins(reads=desk, recorder=audit, registry=view)
    name, secret = f"badges-{uuid4().hex[:8]}", new_secret()
    administrator.add_program(name, secret, [AccessRole.BADGE_SYSTEM])
    read = {"reader_id": "door", "badge_id": "b1", "floor_id": "f", "x_m": 1.0, "y_m": 2.0}

    machine = MachineTokens(issuer_of(gate), secret, client=name)
    with httpx.Client(base_url=board.url, auth=machine, timeout=30) as program:
        me = program.get("api/v1/me").json()
        taken = program.post("api/v1/badge-reads", json=[{**read, "read_at": now_text()}])
        refused = {
            (method, path): program.request(
                method, re.sub(r"{[^}]*}", "f", path), headers={"X-Purpose": "to test"}
            ).status_code
            for (method, path), access in ACCESS.items()
            if not isinstance(access.needs, Everyone) and access.needs is not Right.SEND_READS
        }
    with httpx.Client(base_url=board.url, timeout=30) as nobody:
        unknown = nobody.post("api/v1/badge-reads", json=[{**read, "read_at": now_text()}])

    assert (me["kind"], me["roles"]) == ("machine", {AccessRole.BADGE_SYSTEM: ["*"]})
    assert (taken.status_code, taken.json().get("reads")) == (200, 1), taken.text
    [message] = read_topic(cluster, BADGE_READS)
    assert message.partition() == 5
    assert [one.act.action for one in audit.kept if one.act.action == SENT] == [SENT]
    assert {*refused.values()} == {403}, refused
    assert len(refused) > 40
    assert unknown.status_code == 401
    delete_topics(services, settings.topic_prefix)


def now_text() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def test_a_token_that_the_provider_made_for_something_else_is_refused(
    board: BoardServer, provider: Provider, gate: GateProxy
) -> None:
    token = httpx.post(
        f"{issuer_of(gate)}/protocol/openid-connect/token",
        data={"grant_type": "client_credentials"},
        auth=(ADMINISTRATION, provider.administration),
        timeout=30,
    ).json()["access_token"]

    answer = httpx.get(
        f"{board.url}api/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=30
    )

    assert answer.status_code == 401
    assert "audience" in answer.json()["detail"]


def test_a_wall_display_is_let_in_by_a_code_and_shows_one_unit(
    board: BoardServer, provider: Provider, clock: AheadClock
) -> None:
    with FormBrowser(board.url) as display, FormBrowser(board.url) as phone:
        code = display.post("login/wall").raise_for_status().json()
        waits = display.get("login/wall").json()
        page = phone.get(code["verification_uri_complete"])
        page = phone.fill(page, username="wall", password=provider.passwords["wall"])
        phone.fill(page, press="accept")

        def approved() -> bool:
            return bool(display.get("login/wall").json() == {"state": "done"})

        eventually(approved, what="the display is let in", pause_s=code["interval_s"])
        clock.ahead_s += REFRESH_S
        me = display.get("api/v1/me").json()

    assert waits == {"state": "waiting"}
    assert (me["kind"], me["roles"]) == ("wall", {"wall": [UNIT]})


def test_sessions_last_to_their_limit_while_the_provider_is_away(
    person: Person, gate: GateProxy, clock: AheadClock
) -> None:
    browser = person("coordinator")
    had = roles(browser)

    gate.shut()

    for _ in range(7):
        clock.ahead_s += HOUR_S
        assert roles(browser) == had
    with FormBrowser(str(browser.base_url)) as another:
        answer = another.get("login")
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers
        clock.ahead_s += HOUR_S
        assert not is_logged_in(browser)

        gate.open()
        clock.ahead_s += HOUR_S
        eventually(lambda: "password" in another.get("login").text, what="logins begin again")


def test_the_provider_lets_nobody_start_a_login_without_pkce_or_to_another_address(
    board: BoardServer, gate: GateProxy
) -> None:
    client = board.settings.login.client_id
    plain = {"client_id": client, "response_type": "code", "scope": "openid", "state": "s"}
    url = f"{issuer_of(gate)}/protocol/openid-connect/auth"

    here = httpx.get(
        url, params={**plain, "redirect_uri": f"{board.url}login/callback"}, timeout=30
    )
    elsewhere = httpx.get(url, params={**plain, "redirect_uri": f"{board.url}other"}, timeout=30)

    assert "error=invalid_request" in here.headers["location"]
    assert elsewhere.status_code == 400
    assert "location" not in elsewhere.headers
