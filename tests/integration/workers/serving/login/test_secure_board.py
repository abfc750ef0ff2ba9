"""A board by https: cookies that no other host reads, and browsers that come back by https only."""

import ssl
from collections.abc import Callable
from pathlib import Path

import httpx

from deploy.local.launcher import LocalServices
from tests.support.board_server import BoardServer
from tests.support.issuer import Issuer
from tests.support.live_writer import LiveWriter
from tests.support.visitor import Visitor


def test_a_board_by_https_keeps_its_cookies_and_its_visitors(
    start_board: Callable[..., BoardServer], issuer: Issuer, tmp_path: Path
) -> None:
    files = {"tls_certificate": tmp_path / "board.pem", "tls_key": tmp_path / "board.key"}
    tls = {"tls": "self-signed", **files}
    board = start_board(login=issuer.settings(), tls=tls, clock=issuer.clock)
    assert board.url.startswith("https://")
    assert files["tls_key"].stat().st_mode & 0o077 == 0
    trust = ssl.create_default_context(cafile=files["tls_certificate"])
    with Visitor(board, issuer) as ann:
        ann.http.close()
        ann.http = httpx.Client(base_url=board.url, verify=trust, timeout=60)

        back = ann.log_in()

        cookie = next(c for c in back.headers.get_list("set-cookie") if "wardstream=" in c)
        assert cookie.startswith("__Host-wardstream=")
        assert "; Secure" in cookie
        assert ann.me().status_code == 200
        headers = ann.http.get("").headers
    assert headers["strict-transport-security"].startswith("max-age=")
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert f"form-action 'self' {issuer.url.removesuffix('/realms/ward')};" in policy


def test_a_board_in_the_clear_does_not_pin_https(start_board: Callable[..., BoardServer]) -> None:
    headers = httpx.get(start_board().url, timeout=60).headers

    assert "strict-transport-security" not in headers
    assert "form-action 'none'" in headers["content-security-policy"]


def test_while_redis_is_away_nobody_is_logged_out(
    ann: Visitor, redis_service: LocalServices
) -> None:
    redis_service.kill("redis")
    try:
        away = ann.me()
        with Visitor(ann.board, ann.issuer) as stranger:
            assert stranger.me().status_code == 401  # it costs no look-up
    finally:
        redis_service.restart("redis")

    assert away.status_code == 503
    assert away.headers["retry-after"]
    assert "wardstream" in ann.http.cookies


def test_an_emptied_redis_asks_for_a_new_login(ann: Visitor, writer: LiveWriter) -> None:
    writer.client.delete(*writer.client.keys(f"{writer.prefix}:login:*"))

    assert ann.me().status_code == 401
    assert ann.log_in().status_code == 303
    assert ann.me().status_code == 200


def test_what_is_stored_shows_no_token_and_no_name(ann: Visitor, writer: LiveWriter) -> None:
    (stored,) = [
        value
        for key in writer.client.scan_iter(f"{writer.prefix}:login:session:*")
        if isinstance(value := writer.client.get(key), bytes)
    ]

    for secret in ("Ann Ward", "eyJ", "coordinator", ann.token()["X-CSRF-Token"]):
        assert secret.encode() not in stored
    for key in writer.client.scan_iter(f"{writer.prefix}:login:*"):
        assert ann.http.cookies["wardstream"].partition(".")[0].encode() not in key
