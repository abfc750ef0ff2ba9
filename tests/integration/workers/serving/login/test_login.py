"""Logging in and out: the way of the code, and what attackers make of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import redis

from tests.support.board_server import BoardServer
from tests.support.issuer import Issuer
from tests.support.kept_audit import KeptAudit
from tests.support.set_clock import SetClock
from tests.support.visitor import Visitor
from tests.support.waiting import eventually
from workers.retention.keys import KEY_ENTRIES


def test_a_login_leads_back_to_the_page_and_shows_who_is_there(
    visitor: Visitor, audit: KeptAudit
) -> None:
    assert visitor.me().status_code == 401

    back = visitor.log_in("/edit/?zone=bay-1")

    assert (back.status_code, back.headers["location"]) == (303, "/edit/?zone=bay-1")
    me = visitor.me().json()
    assert (me["name"], me["kind"]) == ("Ann Ward", "person")
    assert me["roles"] == {"coordinator": ["ward-3"]}
    assert "staffing.edit" in me["rights"]
    assert "registry.edit" not in me["rights"]
    eventually(lambda: audit.actions() == ["session.started"])
    assert audit.kept[0].actor == me["subject"]


def test_the_cookie_is_kept_from_scripts_and_other_sites(visitor: Visitor) -> None:
    back = visitor.log_in()

    cookie = next(c for c in back.headers.get_list("set-cookie") if c.startswith("wardstream="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


def test_a_login_leads_to_no_other_site(visitor: Visitor) -> None:
    for wanted in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/login?return_to=/",
        "/api/v1/me",
    ):
        assert visitor.log_in(wanted).headers["location"] == "/", wanted


def test_the_board_asks_for_a_code_that_only_it_can_use(visitor: Visitor, issuer: Issuer) -> None:
    """PKCE: whoever catches the code lacks the verifier."""
    url = visitor.http.get("login").headers["location"]
    query = parse_qs(urlsplit(url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [visitor.board.url + "login/callback"]
    caught = parse_qs(urlsplit(issuer.approve(url)).query)["code"][0]

    with Visitor(visitor.board, issuer) as thief:
        own = parse_qs(urlsplit(thief.http.get("login").headers["location"]).query)["state"][0]
        answer = thief.http.get(
            "login/callback", params={"code": caught, "state": own, "iss": issuer.url}
        )

        assert answer.status_code == 400
        assert thief.me().status_code == 401


def refused(visitor: Visitor, answer: httpx.Response) -> bool:
    return answer.status_code in {400, 403} and visitor.me().status_code == 401


def test_a_login_that_another_browser_began_is_refused(visitor: Visitor, issuer: Issuer) -> None:
    """Login CSRF: the attacker's code must not log the victim in as the attacker."""
    with Visitor(visitor.board, issuer) as attacker:
        link = issuer.approve(attacker.http.get("login").headers["location"])

    assert refused(visitor, visitor.http.get(link))  # it has begun nothing
    visitor.http.get("login")
    assert refused(visitor, visitor.http.get(link))  # it has begun another


def test_the_way_back_is_good_once(visitor: Visitor, issuer: Issuer) -> None:
    url = visitor.http.get("login").headers["location"]
    kept = visitor.http.cookies["wardstream-login"]
    back = issuer.approve(url)
    assert visitor.http.get(back).status_code == 303

    with Visitor(visitor.board, issuer) as second:
        second.http.cookies.set("wardstream-login", kept)
        assert refused(second, second.http.get(back))


def test_a_login_that_took_too_long_is_refused(
    visitor: Visitor, issuer: Issuer, clock: SetClock
) -> None:
    back = issuer.approve(visitor.http.get("login").headers["location"])
    clock.now_s += 601

    assert refused(visitor, visitor.http.get(back))


def test_an_answer_of_the_provider_that_is_not_for_this_login_is_refused(
    visitor: Visitor, issuer: Issuer, audit: KeptAudit
) -> None:
    for lies in (
        {"nonce": "of another login"},
        {"iss": "https://evil.example"},
        {"aud": "another-client", "azp": "another-client"},
        {"exp": 1_700_000_000},
    ):
        issuer.lies = lies
        assert refused(visitor, visitor.log_in()), lies
    eventually(lambda: audit.actions() == ["login.refused"] * 4)


def test_an_answer_of_another_provider_or_of_none_is_refused(
    visitor: Visitor, issuer: Issuer
) -> None:
    back = urlsplit(issuer.approve(visitor.http.get("login").headers["location"]))
    state = parse_qs(back.query)["state"][0]

    for answer in (
        {"code": "x", "state": state, "iss": "https://evil.example"},
        {"error": "access_denied<script>", "state": state},
    ):
        visitor.http.get("login")
        page = visitor.http.get(f"login/callback?{urlencode(answer)}")
        assert refused(visitor, page)
        assert "<script>" not in page.text


def test_a_cookie_that_was_planted_is_not_the_one_of_the_login(
    visitor: Visitor, issuer: Issuer
) -> None:
    """Session fixation: the id is new with each login, and the older session ends."""
    visitor.log_in()
    planted = visitor.http.cookies["wardstream"]

    visitor.log_in()

    assert visitor.http.cookies["wardstream"] != planted
    answer = httpx.get(
        visitor.board.url + "api/v1/me", headers={"Cookie": f"wardstream={planted}"}, timeout=60
    )
    assert answer.status_code == 401


def test_invented_and_altered_cookies_cost_redis_nothing(ann: Visitor) -> None:
    """Many at once: nobody else is held up, and no breaker opens."""
    cookie = ann.http.cookies["wardstream"]
    assert ann.board.login is not None
    guard = ann.board.login.store._guard
    invented = [
        *(f"{'A' * 43}.{'B' * 42}{n % 10}" for n in range(150)),
        *(f"{cookie[:-1]}{'x' if cookie[-1] != 'x' else 'y'}" for _ in range(50)),
        *("", ".", "a.b", "A" * 4_000, "%00%0a", '"quoted"') * 8,
    ]

    with httpx.Client(timeout=60) as http, ThreadPoolExecutor(16) as pool:

        def status(value: str) -> int:
            headers = {"Cookie": f"wardstream={value}"}
            return http.get(ann.board.url + "api/v1/me", headers=headers).status_code

        assert set(pool.map(status, invented)) == {401}

    assert not guard.is_open
    assert ann.me().status_code == 200


def test_a_change_needs_the_token_of_the_session_and_a_page_of_the_board(ann: Visitor) -> None:
    token = ann.token()
    attempts = [
        {},
        {"X-CSRF-Token": "another"},
        {**token, "Origin": "https://evil.example"},
        {**token, "Origin": "null"},
        {**token, "Sec-Fetch-Site": "cross-site"},
        {**token, "Sec-Fetch-Site": "same-site"},
    ]
    for headers in attempts:
        assert ann.http.post("logout", headers=headers).status_code == 403
        url = f"api/v1/sessions/{'0' * 64}"
        assert ann.http.delete(url, headers=headers).status_code == 403
    assert ann.me().status_code == 200

    own = {**token, "Origin": ann.board.url.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert ann.http.post("logout", headers=own).status_code == 200


def test_a_logout_ends_the_session_here_and_at_the_provider(
    ann: Visitor, issuer: Issuer, audit: KeptAudit
) -> None:
    kept = ann.http.cookies["wardstream"]

    answer = ann.http.post("logout", headers=ann.token())

    query = parse_qs(urlsplit(answer.json()["next"]).query)
    assert query["post_logout_redirect_uri"] == [ann.board.url]
    assert query["id_token_hint"]
    assert "wardstream" not in ann.http.cookies
    again = httpx.get(
        ann.board.url + "api/v1/me", headers={"Cookie": f"wardstream={kept}"}, timeout=60
    )
    assert again.status_code == 401
    eventually(lambda: len(issuer.revoked) == 1)
    eventually(lambda: audit.actions() == ["session.started", "session.ended"])


def test_access_tokens_of_a_login_end_with_it(
    board: BoardServer, issuer: Issuer, clock: SetClock
) -> None:
    """By a logout, by an admin and by the provider; of nobody else, and not of a later login."""
    with Visitor(board, issuer) as other:
        bystander = other.bearer(sub="u-9", sid="login-9")
        robot = other.bearer(sub="robot")
        for ended_by in ("logout", "admin", "provider", "provider, of all of a subject"):
            sid = f"of-{ended_by[-8:]}"
            issuer.user = {**issuer.user, "sub": "u-1", "sid": sid, "wardstream_roles": ["admin"]}
            with Visitor(board, issuer) as ann:
                ann.log_in()
                token = ann.bearer(sid=None if "all" in ended_by else sid)
                assert other.http.get("api/v1/me", headers=token).status_code == 200

                _end(ann, issuer, ended_by)

                assert other.http.get("api/v1/me", headers=token).status_code == 401, ended_by
        clock.now_s += 1
        later = other.bearer(sid="of-logout")
        for header in (bystander, robot, later):
            assert other.http.get("api/v1/me", headers=header).status_code == 200


def _end(ann: Visitor, issuer: Issuer, by: str) -> None:
    """End the login of a visitor."""
    if by == "logout":
        ended = ann.http.post("logout", headers=ann.token())
    elif by == "admin":
        [own] = [one for one in ann.http.get("api/v1/sessions").json()["sessions"] if one["own"]]
        ended = ann.http.delete(f"api/v1/sessions/{own['id']}", headers=ann.token())
    else:
        claims = issuer.logout_claims(**({"sid": None} if "all" in by else {}))
        ended = ann.http.post("login/backchannel", data={"logout_token": issuer.signed(claims)})
    assert ended.status_code in {200, 204}


def test_a_notice_of_the_provider_ends_the_sessions_of_that_login(
    ann: Visitor, issuer: Issuer
) -> None:
    notice = issuer.signed(issuer.logout_claims(sid="another"))
    assert ann.http.post("login/backchannel", data={"logout_token": notice}).status_code == 200
    assert ann.me().status_code == 200
    forged = issuer.unsigned(issuer.logout_claims())
    assert ann.http.post("login/backchannel", data={"logout_token": forged}).status_code == 400
    assert ann.me().status_code == 200

    notice = issuer.signed(issuer.logout_claims(), header={"typ": "logout+jwt"})
    assert ann.http.post("login/backchannel", data={"logout_token": notice}).status_code == 200

    assert ann.me().status_code == 401


def test_sessions_end_when_idle_and_at_their_limit(
    start_board: Callable[..., BoardServer], issuer: Issuer, clock: SetClock
) -> None:
    settings = issuer.settings(session_idle_s=600, session_max_s=2_000)
    board = start_board(login=settings, clock=clock)
    with Visitor(board, issuer) as idle, Visitor(board, issuer) as busy:
        idle.log_in()
        busy.log_in()
        for _ in range(3):
            clock.now_s += 599
            assert busy.me().status_code == 200
        assert idle.me().status_code == 401

        clock.now_s += 300
        assert busy.me().status_code == 401, "it was used all the time, and ends all the same"


def test_a_machine_is_let_in_by_its_token_and_recorded_once(
    visitor: Visitor, issuer: Issuer, audit: KeptAudit
) -> None:
    header = visitor.bearer(sub="robot", wardstream_roles=["analyst", "nurse", "viewer:"])

    for _ in range(3):
        me = visitor.http.get("api/v1/me", headers=header)

    assert me.status_code == 200
    assert (me.json()["kind"], me.json()["roles"]) == ("machine", {"analyst": ["*"]})
    assert me.json()["csrf_token"] == ""
    visitor.http.get("api/v1/me", headers=visitor.bearer(sub="robot", jti="second"))
    eventually(lambda: audit.actions() == ["token.accepted"] * 2)
    assert audit.kept[0].actor.endswith("#robot")


def test_a_bad_token_is_refused_even_beside_a_good_cookie(ann: Visitor, issuer: Issuer) -> None:
    for authorization in (
        "Basic YTpi",
        "Bearer",
        "Bearer x",
        f"Bearer {issuer.unsigned(issuer.access_claims())}",
        f"Bearer {issuer.signed(issuer.id_claims())}",
    ):
        answer = ann.http.get("api/v1/me", headers={"Authorization": authorization})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_of_a_wall_display_gives_a_wall_and_no_more(visitor: Visitor) -> None:
    roles = ["admin", "wall:ward-3"]
    header = visitor.bearer(azp="wardstream-wall", wardstream_roles=roles)

    me = visitor.http.get("api/v1/me", headers=header).json()

    assert (me["kind"], me["roles"]) == ("wall", {"wall": ["ward-3"]})


def test_without_a_provider_pages_of_other_sites_change_nothing(
    start_board: Callable[..., BoardServer],
) -> None:
    board = start_board()
    assert httpx.get(board.url + "api/v1/me", timeout=60).json()["kind"] == "local"
    url = f"{board.url}api/v1/sessions/{'0' * 64}"

    foreign = httpx.delete(url, headers={"Origin": "https://evil.example"}, timeout=60)

    assert foreign.status_code == 403
    assert "another site" in foreign.json()["detail"]


def test_every_key_of_a_login_expires(ann: Visitor, board: BoardServer, clock: SetClock) -> None:
    lead = f"{board.settings.live_prefix}:"
    kept = {entry.name: entry.keep_s for entry in KEY_ENTRIES}
    with redis.Redis.from_url(board.redis_url, decode_responses=True) as client:
        names = [key.removeprefix(lead) for key in client.scan_iter(f"{lead}login:*")]
        assert {"login:index", *(name.rpartition(":")[0] + ":*" for name in names)} >= {
            "login:index",
            "login:session:*",
            "login:seen:*",
            "login:used:*",
        }
        for name in names:
            if name != "login:index":
                most_s = kept[f"{name.rpartition(':')[0]}:*"]
                assert 0 < client.ttl(lead + name) <= (most_s or 0), name

        clock.now_s += 9 * 3600
        ann.log_in()
        assert client.zcard(f"{lead}login:index") == 1, "the session that is over is forgotten"
