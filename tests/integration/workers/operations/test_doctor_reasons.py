"""The doctor gives a dependency's own reason, and says "no answer" of a silent one alone."""

from typing import TYPE_CHECKING

import pytest

from runtime.errors import Retry
from workers.operations.doctor import check_database, check_redis

if TYPE_CHECKING:
    from tests.support.services import Services

SECRET = "Ward9secret"


def test_a_database_that_refuses_is_quoted_with_the_variable_that_led_there(
    services: "Services", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "require")

    with pytest.raises(Retry) as found:
        check_database(services.environment["WARDSTREAM_DATABASE_URL"])

    assert "server does not support SSL, but SSL was required" in str(found.value)
    assert str(found.value).endswith("the environment sets PGSSLMODE")
    assert "no answer" not in str(found.value)


def test_a_wrong_password_is_no_silence(services: "Services") -> None:
    host = services.environment["WARDSTREAM_DATABASE_URL"].rpartition("@")[2]
    redis = services.environment["WARDSTREAM_REDIS_URL"].removeprefix("redis://")

    with pytest.raises(Retry, match="password authentication failed") as database:
        check_database(f"postgresql://wardstream:{SECRET}@{host}")
    with pytest.raises(Retry, match=r"(?i)invalid username-password") as cache:
        check_redis(f"redis://viewer:{SECRET}@{redis}")

    for found in (database, cache):
        assert "no answer" not in str(found.value)
        assert SECRET not in str(found.value)


def test_a_silent_database_and_cache_are_to_be_started() -> None:
    for check, url in (
        (check_database, f"postgresql://u:{SECRET}@127.0.0.1:1/ward"),
        (check_redis, f"redis://u:{SECRET}@127.0.0.1:1/0"),
    ):
        with pytest.raises(Retry, match="no answer: start it") as found:
            check(url)
        assert SECRET not in str(found.value)
