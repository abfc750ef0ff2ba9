"""A board that others can reach asks for logins, over connections that none of them can read."""

from typing import Any

import pytest

from runtime.errors import EXIT_STOP, Stop
from runtime.process.login import LoginSettings
from runtime.process.sections import ServingSettings
from workers.serving.login.login import check_login

PROVIDER = {
    "issuer": "https://login.ward.example",
    "public_url": "https://board.ward.example",
    "session_key": "A" * 43,
}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "board.ward.example"])
def test_a_board_that_others_reach_does_not_start_without_a_provider(host: str) -> None:
    with pytest.raises(Stop, match="would be open to everybody") as refused:
        check_login(LoginSettings(), ServingSettings(host=host))

    assert refused.value.exit_code == EXIT_STOP == 78
    assert "WARDSTREAM_LOGIN__ISSUER" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_board_of_this_machine_alone_needs_no_provider(host: str) -> None:
    check_login(LoginSettings(), ServingSettings(host=host))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        pytest.param({"issuer": "http://login.ward.example"}, "LOGIN__ISSUER", id="issuer"),
        pytest.param({"public_url": "http://board.ward.example"}, "PUBLIC_URL", id="address"),
        pytest.param({"public_url": None}, "PUBLIC_URL", id="no-address"),
        pytest.param({"session_key": None}, "SESSION_KEY", id="no-key"),
        pytest.param({"audience": "wardstream-board"}, "AUDIENCE", id="audience"),
    ],
)
def test_a_login_that_could_be_read_or_confused_does_not_start(
    changed: dict[str, Any], named: str
) -> None:
    check_login(LoginSettings.model_validate(PROVIDER), ServingSettings(host="0.0.0.0"))

    with pytest.raises(Stop, match=named):
        check_login(
            LoginSettings.model_validate(PROVIDER | changed), ServingSettings(host="0.0.0.0")
        )
