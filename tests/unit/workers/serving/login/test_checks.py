"""A board that strangers could reach, or logins that could be overheard, do not start."""

import re

import pytest
from pydantic import ValidationError

from runtime.errors import EXIT_STOP, Stop
from runtime.process.login import LoginSettings
from runtime.process.sections import ServingSettings
from workers.serving.login.checks import check_login

EVERYWHERE = "0.0.0.0"
KEY = "A" * 43 + "="
GOOD = {
    "issuer": "https://login.example/realms/ward",
    "public_url": "https://ward.example",
    "session_key": KEY,
}


def check(host: str, **settings: object) -> None:
    check_login(LoginSettings.model_validate(settings), ServingSettings(host=host))


def test_a_board_for_this_machine_alone_needs_no_provider() -> None:
    check("127.0.0.1")
    check("::1")
    check("localhost")


def test_a_board_with_a_provider_by_https_starts_anywhere() -> None:
    check(EVERYWHERE, **GOOD)
    check("127.0.0.1", issuer="http://127.0.0.1:8080/realms/ward")


@pytest.mark.parametrize(
    ("host", "changed", "variable"),
    [
        (EVERYWHERE, {"issuer": None}, "WARDSTREAM_LOGIN__ISSUER"),
        ("ward.example", {"issuer": None}, "WARDSTREAM_SERVING__HOST"),
        (EVERYWHERE, {"issuer": "http://login.example/"}, "WARDSTREAM_LOGIN__ISSUER"),
        (EVERYWHERE, {"public_url": None}, "WARDSTREAM_LOGIN__PUBLIC_URL"),
        (EVERYWHERE, {"public_url": "http://ward.example"}, "WARDSTREAM_LOGIN__PUBLIC_URL"),
        (EVERYWHERE, {"session_key": None}, "WARDSTREAM_LOGIN__SESSION_KEY"),
        (EVERYWHERE, {"audience": "wardstream-board"}, "WARDSTREAM_LOGIN__AUDIENCE"),
        ("127.0.0.1", {"issuer": "http://login.example/"}, "WARDSTREAM_LOGIN__ISSUER"),
    ],
)
def test_what_is_unsafe_stops_and_names_the_setting(
    host: str, changed: dict[str, object], variable: str
) -> None:
    with pytest.raises(Stop, match=re.escape(variable)) as stopped:
        check(host, **{**GOOD, **changed})

    assert stopped.value.exit_code == EXIT_STOP
    assert "\n" not in str(stopped.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("algorithms", "RS256,none"),
        ("algorithms", "HS256"),
        ("algorithms", ""),
        ("session_key", "short"),
        ("session_key", "!" * 44),
        ("refresh_s", "120"),
    ],
)
def test_settings_that_would_weaken_logins_are_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        LoginSettings.model_validate({name: value})
