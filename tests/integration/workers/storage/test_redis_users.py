"""Each user of Redis does its work with its rights, and is refused what its row lacks."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import run

import pytest
import redis

from deploy.local.health import redis_answers
from deploy.local.install import install_services
from deploy.local.process import Program
from deploy.local.redis import redis as redis_program
from runtime.errors import Stop
from runtime.storage.redis_users import USERS, user_of
from tests.support.paths import ROOT
from tests.support.redis_accounts import RedisAccounts, redis_accounts
from tests.support.servers.standing import StandingServer
from tests.support.services import Services
from workers.operations.accounts import check_users
from workers.operations.doctor import check_redis
from workers.sinks.redis.sink import redis_errors

LIVE = "run.wardstream"

NAMES = tuple(row.process for row in USERS)


@pytest.fixture(scope="module")
def accounts(services: Services) -> Iterator[RedisAccounts]:
    with redis_accounts(services.environment["WARDSTREAM_REDIS_URL"], LIVE) as made:
        yield made


_ADMINISTRATION = (
    "flushall",
    "flushdb",
    "keys *",
    "config get save",
    "acl setuser other",
    "acl getuser other",
    "debug object key",
    "shutdown",
    "monitor",
    "client kill 127.0.0.1:1",
    "replicaof no one",
    "save",
    "module load file",
)


def client_of(accounts: RedisAccounts, process: str) -> "redis.Redis":
    return redis.Redis.from_url(accounts.address(process), decode_responses=True)


@pytest.mark.parametrize("process", NAMES)
def test_a_user_reaches_the_keys_of_its_row_and_no_others(
    accounts: RedisAccounts, process: str
) -> None:
    row = user_of(process)
    with redis.Redis.from_url(accounts.administrator, decode_responses=True) as administrator:
        for key in (f"{LIVE}:zone:z", f"other{LIVE}:zone:z", f"{LIVE}x:zone:z", f"{LIVE}:other"):
            may_read = _passes(administrator, accounts.user(process), "hmget", key, "json")
            may_write = _passes(administrator, accounts.user(process), "hset", key, "json", "1")
            whole = process == "operator" and key.startswith(f"{LIVE}:")
            assert may_read == (whole or key == f"{LIVE}:zone:z"), key
            own = "zone:*" in row.writes and key == f"{LIVE}:zone:z"
            assert may_write == (whole or own), key


def _passes(administrator: "redis.Redis", user: str, *command: str) -> bool:
    """Whether Redis would let a user send a command (`ACL DRYRUN`)."""
    answer: str = administrator.execute_command("ACL DRYRUN", user, *command)  # type: ignore[no-untyped-call]
    return answer == "OK"


@pytest.mark.parametrize("process", NAMES)
def test_a_user_may_send_the_commands_of_its_row_and_no_others(
    accounts: RedisAccounts, process: str
) -> None:
    row = user_of(process)
    with redis.Redis.from_url(accounts.administrator, decode_responses=True) as administrator:
        allowed = {
            name
            for name, arity in _commands(administrator)
            if _runs(administrator, accounts.user(process), name, arity)
        }
        dangerous = {
            command
            for command in _ADMINISTRATION
            if _passes(administrator, accounts.user(process), *command.split())
        }

    assert not dangerous
    if process == "operator":
        assert {"hset", "scan", "info", "acl|users"} < allowed
    else:
        always = {"auth", "hello", "ping", "quit", "reset", "select", "client|setname"}
        assert allowed - always == set(row.commands)


def _commands(administrator: "redis.Redis") -> list[tuple[str, int]]:
    """Every command of the server, or part of one, with its least number of words."""
    found = []
    for info in administrator.execute_command("COMMAND").values():  # type: ignore[no-untyped-call]
        parts = info["subcommands"] or [[info["name"], info["arity"]]]
        found += [(_text(part[0]), abs(int(part[1]))) for part in parts]
    return found


def _text(name: "bytes | str") -> str:
    return name if isinstance(name, str) else name.decode()


def _runs(administrator: "redis.Redis", user: str, name: str, length: int) -> bool:
    """Whether a user may run a command at all, whatever its keys are."""
    command = name.split("|")
    command += ["1"] * (length - len(command))
    try:
        answer: str = administrator.execute_command("ACL DRYRUN", user, *command)  # type: ignore[no-untyped-call]
    except redis.ResponseError as error:
        raise AssertionError(f"{name}: {error}") from error
    return "permissions to run" not in answer


def test_a_user_is_refused_by_the_server_itself(accounts: RedisAccounts) -> None:
    with client_of(accounts, "serving") as board:
        assert board.hmget(f"{LIVE}:zone:z", ["json"]) == [None]
        with pytest.raises(redis.exceptions.NoPermissionError):
            board.hset(f"{LIVE}:zone:z", "json", "{}")
        with pytest.raises(redis.exceptions.NoPermissionError):
            board.hmget("other:zone:z", ["json"])


def test_a_process_that_lacks_a_right_stops_with_one_sentence(accounts: RedisAccounts) -> None:
    with (
        client_of(accounts, "serving") as board,
        pytest.raises(Stop, match="Redis refuses: this user has no permissions"),
        redis_errors(),
    ):
        board.set("anything", "1")


def test_the_doctor_signs_in_as_the_operator(accounts: RedisAccounts) -> None:
    assert check_redis(accounts.address("operator")).startswith("Redis 7")
    assert check_users(accounts.address("operator"), "nobody-").startswith("none: every process")
    with pytest.raises(Stop, match="whoever does not sign in may read every key"):
        check_users(accounts.address("operator"), accounts.prefix)
    with pytest.raises(Stop, match="may not list users"):
        check_users(accounts.address("serving"), accounts.prefix)


def test_a_file_of_users_lets_nobody_else_do_more_than_ask_whether_redis_lives(
    tmp_path: Path,
) -> None:
    for row in USERS:
        (tmp_path / f"redis-{row.process}").write_text(f"secret-of-{row.process}\n")
    command = [sys.executable, "-m", "deploy.redis.acls", "--passwords", str(tmp_path)]
    text = run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    (tmp_path / "users.acl").write_text(text)

    def program(port: int) -> Program:
        plain = redis_program(install_services().redis, tmp_path / "data", port)
        return replace(plain, command=(*plain.command, "--aclfile", str(tmp_path / "users.acl")))

    with StandingServer(program, redis_answers, tmp_path / "log") as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        with redis.Redis.from_url(url) as stranger:
            assert stranger.ping()
            with pytest.raises(redis.exceptions.NoPermissionError):
                stranger.get("wardstream:zone:z")
        signed = url.replace("//", "//wardstream-sink-redis:secret-of-sink-redis@")
        with redis.Redis.from_url(signed) as sink:
            assert sink.hset("wardstream:zone:z", "json", "{}") == 1
        operator = url.replace("//", "//wardstream-operator:secret-of-operator@")
        assert check_users(operator) == f"{len(USERS)}, and nobody else gets in"

    assert "secret-of" not in text


def test_only_the_board_reaches_the_sessions(accounts: RedisAccounts) -> None:
    with redis.Redis.from_url(accounts.administrator, decode_responses=True) as administrator:
        reaching = {
            process
            for process in NAMES
            if _passes(administrator, accounts.user(process), "set", f"{LIVE}:login:s", "sealed")
        }

    assert reaching == {"serving", "operator"}
