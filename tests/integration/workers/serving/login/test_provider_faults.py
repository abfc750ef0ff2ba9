"""The provider hangs, dies, lies or withdraws rights while people are logged in."""

import time

import httpx

from tests.support.board_server import BoardServer
from tests.support.issuer import Issuer
from tests.support.set_clock import SetClock
from tests.support.visitor import Visitor
from tests.support.waiting import eventually


def roles(visitor: Visitor) -> object:
    """The roles that the board takes a visitor to have; None when it is not logged in."""
    answer = visitor.me()
    return answer.json()["roles"] if answer.status_code == 200 else None


def test_roles_that_were_withdrawn_are_gone_with_the_next_refresh(
    ann: Visitor, issuer: Issuer, clock: SetClock
) -> None:
    issuer.user["wardstream_roles"] = ["viewer:ward-3"]
    assert roles(ann) == {"coordinator": ["ward-3"]}

    clock.now_s += 31
    eventually(lambda: roles(ann) == {"viewer": ["ward-3"]})


def test_many_requests_at_once_refresh_once(ann: Visitor, issuer: Issuer, clock: SetClock) -> None:
    """Each refresh token is good once: a second use would end the login."""
    before = issuer.calls["/token"]
    clock.now_s += 400  # the access token is over as well

    for _ in range(3):
        assert all(ann.me().status_code == 200 for _ in range(5))

    assert issuer.calls["/token"] == before + 1


def test_a_login_that_the_provider_ended_is_over(
    ann: Visitor, issuer: Issuer, clock: SetClock
) -> None:
    issuer.end_login()
    clock.now_s += 31

    eventually(lambda: ann.me().status_code == 401)


def test_a_provider_that_hangs_holds_nobody_up_and_logs_nobody_out(
    ann: Visitor, issuer: Issuer, clock: SetClock
) -> None:
    """Its answer comes late, after the refresh token was used up: the new one is stored."""
    issuer.gate.clear()
    clock.now_s += 400
    slowest_s = 0.0
    for _ in range(12):
        began_s = time.monotonic()
        assert ann.me().status_code == 200
        slowest_s = max(slowest_s, time.monotonic() - began_s)
    assert slowest_s < 3

    eventually(
        lambda: ann.me().json()["provider_away"]
    )  # it was waited for longer than it may take
    calls = issuer.calls["/token"]
    issuer.gate.set()
    clock.now_s += 15
    eventually(lambda: not ann.me().json()["provider_away"])
    issuer.user["wardstream_roles"] = ["viewer"]
    clock.now_s += 400

    eventually(lambda: roles(ann) == {"viewer": ["*"]})
    assert issuer.calls["/token"] > calls


def test_while_the_provider_is_down_sessions_last_to_their_limit_and_new_logins_get_a_page(
    ann: Visitor, issuer: Issuer, clock: SetClock
) -> None:
    issuer.fault = 503
    for _ in range(15):
        clock.now_s += 1_800
        assert ann.me().status_code == 200
    with Visitor(ann.board, issuer) as bob:
        page = bob.http.get("login")
        assert page.status_code == 503
        assert page.headers["retry-after"]
        assert "Nobody can log in just now" in page.text

    clock.now_s += 1_801
    assert ann.me().status_code == 401, "eight hours are over"

    issuer.fault = 0
    clock.now_s += 60
    assert ann.log_in().headers["location"] == "/"
    assert ann.me().status_code == 200


def test_a_dead_provider_is_a_page_and_not_a_redirect(ann: Visitor, issuer: Issuer) -> None:
    issuer.stop()  # just after it answered

    with Visitor(ann.board, issuer) as bob:
        assert bob.http.get("login").status_code == 503
        assert bob.http.get("login/wall").json() == {"state": "ended"}
        assert bob.http.post("login/wall").status_code == 503
        assert bob.http.get("api/v1/me", headers=bob.bearer()).status_code == 200  # keys are known
    assert ann.me().status_code == 200
    assert ann.http.post("logout", headers=ann.token()).json() == {"next": "/login.html?why=out"}
    assert ann.me().status_code == 401


def test_a_refresh_for_another_subject_ends_the_session(
    ann: Visitor, issuer: Issuer, clock: SetClock
) -> None:
    issuer.user["sub"] = "somebody-else"
    clock.now_s += 31

    eventually(lambda: ann.me().status_code == 401)


def test_an_event_stream_ends_when_its_roles_are_withdrawn(
    ann: Visitor, issuer: Issuer, clock: SetClock
) -> None:
    cookie = f"wardstream={ann.http.cookies['wardstream']}"
    with httpx.stream(
        "GET", ann.board.url + "api/v1/changes", headers={"Cookie": cookie}, timeout=60
    ) as stream:
        lines = stream.iter_lines()
        next(lines)
        issuer.user["wardstream_roles"] = []
        clock.now_s += 31

        assert list(lines) is not None  # it ends, else this waits for ever


def test_an_admin_ends_a_session_here_and_at_the_provider(
    board: BoardServer, issuer: Issuer
) -> None:
    with Visitor(board, issuer) as ann, Visitor(board, issuer) as admin:
        ann.log_in()
        issuer.user = {**issuer.user, "sub": "u-2", "sid": "s-2", "wardstream_roles": ["admin"]}
        admin.log_in()
        assert ann.http.get("api/v1/sessions").status_code == 403
        listed = admin.http.get("api/v1/sessions").json()["sessions"]
        (other,) = [one for one in listed if not one["own"]]
        assert other["roles"] == {"coordinator": ["ward-3"]}

        url = f"api/v1/sessions/{other['id']}"
        assert admin.http.delete(url, headers=admin.token()).status_code == 204

        assert ann.me().status_code == 401
        assert admin.http.delete(url, headers=admin.token()).status_code == 404
        eventually(lambda: len(issuer.revoked) == 1)


def test_an_admin_of_one_unit_ends_no_session_of_another(
    board: BoardServer, issuer: Issuer
) -> None:
    with Visitor(board, issuer) as ann, Visitor(board, issuer) as admin:
        ann.log_in()
        issuer.user = {**issuer.user, "sub": "u-2", "wardstream_roles": ["admin:ward-4"]}
        admin.log_in()
        listed = admin.http.get("api/v1/sessions").json()["sessions"]
        assert [one["own"] for one in listed] == [True]
        issuer.user["wardstream_roles"] = ["admin"]
        with Visitor(board, issuer) as chief:
            chief.log_in()
            found = chief.http.get("api/v1/sessions").json()["sessions"]
        (target,) = [one["id"] for one in found if one["roles"] == {"coordinator": ["ward-3"]}]

        answer = admin.http.delete(f"api/v1/sessions/{target}", headers=admin.token())

        assert answer.status_code == 404
        assert ann.me().status_code == 200
