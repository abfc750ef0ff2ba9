"""TimescaleDB by verify-full and Redis by TLS with an ACL user, on servers of these tests."""

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import redis
from pydantic import SecretStr

from deploy.local import timescale
from deploy.local.certificates import Authority
from deploy.local.health import postgres_answers
from deploy.local.install import install_services
from deploy.local.process import Program
from deploy.local.redis import redis as redis_program
from runtime.errors import Retry, Stop
from runtime.process.settings import Settings
from tests.support.clusters import make_redis_sink
from tests.support.servers.standing import StandingServer
from workers.operations.doctor import check_database, check_redis
from workers.storage.timescale.migrate import migrate

USER, PASSWORD = "ward", "planted-secret-of-the-store"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def database(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a database that speaks TLS, without its password."""
    installed, folder = install_services(), tmp_path_factory.mktemp("database")
    identity = authority.issue("database", ["IP:127.0.0.1"])
    if os.geteuid() == 0:
        os.chown(identity.key, timescale.NOBODY, timescale.NOBODY)
    timescale.copy_cluster(installed.cluster, folder / "data")

    def program(port: int) -> Program:
        plain = timescale.postgres(installed.timescale, folder / "data", port)
        files = {"ssl_cert_file": identity.certificate, "ssl_key_file": identity.key}
        flags = [part for name, path in files.items() for part in ("-c", f"{name}={path}")]
        return replace(plain, command=(*plain.command, "-c", "ssl=on", *flags))

    with StandingServer(program, postgres_answers, folder / "log") as server:
        password = (installed.cluster / "password").read_text()
        yield timescale.database_url(server.port, password)


@pytest.fixture(scope="module")
def cache(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Redis that speaks TLS only, and lets one user in."""
    installed, folder = install_services(), tmp_path_factory.mktemp("cache")
    identity = authority.issue("cache", ["IP:127.0.0.1"])
    users = folder / "users.acl"
    users.write_text(f"user default off\nuser {USER} on >{PASSWORD} ~* &* +@all\n")

    def program(port: int) -> Program:
        plain = redis_program(installed.redis, folder, 0)
        reported = {
            "tls-port": port,
            "tls-cert-file": identity.certificate,
            "tls-key-file": identity.key,
            "tls-ca-cert-file": authority.ca,
            "tls-auth-clients": "no",
            "aclfile": users,
        }
        flags = [part for name, value in reported.items() for part in (f"--{name}", str(value))]
        return replace(plain, command=(*plain.command, *flags))

    with StandingServer(program, accepts_connections, folder / "log") as server:
        yield f"rediss://127.0.0.1:{server.port}/0"


def accepts_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def settings(url: str, authority: Authority, **user: object) -> Settings:
    """Settings of either store; only one of the addresses is used."""
    kind = "redis" if url.startswith("rediss") else "database"
    return Settings.model_validate(
        {f"{kind}_url": url, "security": {kind: {"ca": authority.ca, **user}}}
    )


def test_the_database_is_migrated_and_asked_by_verify_full(
    database: str, authority: Authority
) -> None:
    address = settings(database, authority).database_address

    migrate(address)

    assert "migrations" in check_database(address)
    with psycopg.connect(address) as connection:
        row = connection.execute(
            "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchone()
    assert row is not None
    assert (row[0], row[1]) == (True, "TLSv1.3")


def test_a_database_that_another_authority_signed_is_not_asked(
    database: str, tmp_path: Path
) -> None:
    address = settings(database, Authority(tmp_path, "other")).database_address

    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(address)


def test_a_database_under_another_name_is_not_asked(database: str, authority: Authority) -> None:
    url = database.replace("@127.0.0.1", "@localhost")

    with pytest.raises(psycopg.OperationalError, match="does not match host name") as refused:
        psycopg.connect(settings(url, authority).database_address)
    assert url.split(":")[2].split("@")[0] not in str(refused.value)


def test_a_password_may_be_given_apart_from_the_address(
    database: str, authority: Authority
) -> None:
    head, _, host = database.rpartition("@")
    user, password = head.removeprefix("postgresql://").split(":")
    reported = settings(f"postgresql://{host}", authority, user=user, password=SecretStr(password))

    with psycopg.connect(reported.database_address) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (user,)


def test_redis_lets_the_user_in_by_tls(cache: str, authority: Authority) -> None:
    reported = settings(cache, authority, user=USER, password=SecretStr(PASSWORD))

    assert check_redis(reported.redis_address).startswith("Redis 7")
    sink = make_redis_sink(reported)
    sink.prepare()
    sink.close()


def test_a_wrong_password_of_redis_is_reported_without_it(cache: str, authority: Authority) -> None:
    reported = settings(cache, authority, user=USER, password=SecretStr("planted-but-wrong"))

    with pytest.raises(redis.AuthenticationError) as refused:
        redis.Redis.from_url(reported.redis_address).ping()
    assert "planted" not in str(refused.value)
    with pytest.raises(Stop, match="does not let this process in"):
        make_redis_sink(reported).prepare()


def test_a_redis_that_another_authority_signed_is_not_asked(cache: str, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    reported = settings(cache, other, user=USER, password=SecretStr(PASSWORD))

    with pytest.raises(redis.ConnectionError, match="certificate verify failed"):
        redis.Redis.from_url(reported.redis_address).ping()
    with pytest.raises(Retry, match="certificate verify failed"):
        make_redis_sink(reported).prepare()
