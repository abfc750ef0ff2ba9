"""Services start, keep their data, avoid taken ports, and never outlive their launcher."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
import redis
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from deploy.local import health
from deploy.local.detached import down, up
from deploy.local.guard import Guard
from deploy.local.keeper import Keeper
from deploy.local.launcher import COMPONENTS, Component, LaunchError, LocalServices
from deploy.local.process import Process, Program
from deploy.local.state import RunState, read_state, start_ticks
from tests.support.clusters import LOGGED, cluster_at
from tests.support.waiting import eventually

DEADLINE_S = 60.0


def hold(run_dir: Path, *only: Component) -> list[str]:
    """The command that holds services in another process."""
    chosen = ["--only", *only] if only else []
    return [sys.executable, "-m", "deploy.local.hold", str(run_dir), *chosen]


@contextmanager
def holder(run_dir: Path, *only: Component) -> Iterator[tuple[subprocess.Popen[bytes], RunState]]:
    """A launcher in another process, ready, and its state."""
    process = subprocess.Popen(hold(run_dir, *only), start_new_session=True)
    try:
        eventually(lambda: read_state(run_dir).ready or process.poll() is not None)
        state = read_state(run_dir)
        assert state.ready
        yield process, state
    finally:
        process.kill()
        process.wait()


def left_of(state: RunState) -> list[str]:
    """Names of the processes that still run."""
    return [name for name, pid in state.processes.items() if state.alive(pid)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_way_to_end_the_launcher_leaves_a_process(number: int, tmp_path: Path) -> None:
    with holder(tmp_path, "redis") as (process, state):
        assert len(left_of(state)) == 2

        os.kill(process.pid, number)
        process.wait(DEADLINE_S)

        eventually(lambda: not left_of(state), DEADLINE_S, f"the end of {left_of(state)}")


@pytest.mark.chaos_long
def test_killing_the_launcher_of_all_services_leaves_no_process(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, state):
        process.kill()
        process.wait(DEADLINE_S)

        eventually(lambda: not left_of(state), DEADLINE_S, f"the end of {left_of(state)}")
    with LocalServices(tmp_path) as services:  # the next start works
        assert AdminClient(
            {**LOGGED, "bootstrap.servers": services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"]}
        ).list_topics(timeout=60)


def test_ctrl_c_while_services_start_leaves_no_process(tmp_path: Path) -> None:
    process = subprocess.Popen(hold(tmp_path), start_new_session=True, stderr=subprocess.DEVNULL)
    eventually(lambda: len(read_state(tmp_path).processes) > 2)
    state = read_state(tmp_path)
    assert not state.ready

    process.send_signal(signal.SIGINT)

    assert process.wait(DEADLINE_S) == 130
    eventually(lambda: not left_of(state), DEADLINE_S, f"the end of {left_of(state)}")


def test_an_error_in_the_block_stops_the_services(tmp_path: Path) -> None:
    services = LocalServices(tmp_path, components=["redis"])

    def fail() -> None:
        with services:
            raise KeyError(services.pid("redis"))

    with pytest.raises(KeyError) as raised:
        fail()
    [pid] = raised.value.args
    assert start_ticks(pid) is None


def test_the_next_start_finds_what_the_last_one_left_unless_it_must_forget(tmp_path: Path) -> None:
    with_data: tuple[Component, ...] = ("kafka", "timescale")
    with LocalServices(tmp_path, components=with_data) as services:
        ports = read_state(tmp_path).ports
        _leave_traces(services)
    with LocalServices(tmp_path, components=with_data) as services:
        assert read_state(tmp_path).ports == ports
        assert _traces(services) == {"topic", "table"}
    with LocalServices(tmp_path, components=with_data, fresh=True) as services:
        assert _traces(services) == set()


def test_a_run_directory_is_closed_to_others_and_postgresql_runs_in_it(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    run_dir.mkdir(mode=0o755)

    with LocalServices(run_dir, components=["timescale"]) as services:
        assert run_dir.stat().st_mode & 0o777 == 0o700
        with psycopg.connect(services.environment["WARDSTREAM_DATABASE_URL"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_start_in_the_background_closes_its_run_directory_too(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"

    with pytest.raises(LaunchError, match="exit status 3"):
        up(run_dir, [sys.executable, "-c", "raise SystemExit(3)"])

    assert run_dir.stat().st_mode & 0o777 == 0o700


def test_killed_services_come_back_on_their_ports_with_their_data(
    own_services: LocalServices,
) -> None:
    _leave_traces(own_services)
    environment = own_services.environment

    for name in COMPONENTS:
        before = own_services.pid(name)
        own_services.kill(name)
        own_services.restart(name)

        assert own_services.pid(name) != before
        assert own_services.environment == environment
        assert _traces(own_services) == {"topic", "table"}


def test_a_service_that_is_killed_is_started_again_on_its_port(tmp_path: Path) -> None:
    reported: list[str] = []
    with (
        LocalServices(tmp_path / "run", components=["redis"]) as services,
        Keeper(services, reported.append) as keeper,
    ):
        first = services.pid("redis")

        os.kill(first, signal.SIGKILL)

        eventually(lambda: services.pid("redis") != first)
        eventually(lambda: health.redis_answers(services.port("redis")))
        assert reported == ["redis has ended; it is started again"]
        assert keeper.failure is None


class Hopeless:
    """A service that ends whenever it is started."""

    def __init__(self, folder: Path, guard: Guard) -> None:
        program = (sys.executable, "-c", "print('no space left'); raise SystemExit(3)")
        self._program = Program(name="kafka", command=program)
        self._log, self._guard = folder / "kafka.log", guard
        self.starts = 0
        self.start_again("kafka")

    def ended(self) -> list[Component]:
        return ["kafka"] if self._process.exit_status is not None else []

    def start_again(self, name: Component) -> None:
        self._process = Process(self._program, self._log, self._guard)
        self.starts += 1

    def tail(self, name: Component) -> str:
        return self._process.tail()


def test_a_service_that_ends_whenever_it_is_started_is_given_up_with_its_last_output(
    tmp_path: Path,
) -> None:
    with closing(Guard()) as guard:
        service = Hopeless(tmp_path, guard)
        with Keeper(service, lambda _text: None, most_failures=2) as keeper:
            eventually(lambda: keeper.failure)

    assert "kafka ends whenever it is started" in str(keeper.failure)
    assert "no space left" in str(keeper.failure)
    assert service.starts == 3


def test_a_second_launcher_of_a_run_directory_says_who_holds_it(tmp_path: Path) -> None:
    with (
        LocalServices(tmp_path, components=["redis"]),
        pytest.raises(
            LaunchError,
            match=rf"already run in .*process {os.getpid()}.*down --run-dir {tmp_path}`",
        ),
    ):
        LocalServices(tmp_path, components=["redis"]).start()


def test_a_port_that_is_taken_is_left_to_its_owner(tmp_path: Path) -> None:
    with LocalServices(tmp_path, components=["redis"]) as services:
        port = services.port("redis")
    with socket.socket() as owner:
        owner.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        owner.bind(("127.0.0.1", port))
        owner.listen()
        with LocalServices(tmp_path, components=["redis"]) as services:
            assert services.port("redis") != port
            assert redis.Redis.from_url(services.environment["WARDSTREAM_REDIS_URL"]).ping()


def test_a_service_that_dies_early_is_reported_with_its_last_output(tmp_path: Path) -> None:
    with LocalServices(tmp_path, components=["timescale"]):
        pass
    (tmp_path / "timescale" / "PG_VERSION").write_text("9.6\n")

    with pytest.raises(LaunchError, match=r"(?s)timescale ended with exit status 1.*FATAL"):
        LocalServices(tmp_path, components=["timescale"]).start()


def test_services_stay_up_after_the_terminal_closes_until_taken_down(tmp_path: Path) -> None:
    environment = up(tmp_path, hold(tmp_path, "redis"))
    state = read_state(tmp_path)

    assert redis.Redis.from_url(environment["WARDSTREAM_REDIS_URL"]).ping()
    assert up(tmp_path, hold(tmp_path, "redis")) == environment
    assert down(tmp_path)
    eventually(lambda: not left_of(state))
    assert not down(tmp_path)


def test_only_who_may_read_the_run_directory_gets_into_the_database(tmp_path: Path) -> None:
    with LocalServices(tmp_path, components=["timescale"]) as services:
        url = services.environment["WARDSTREAM_DATABASE_URL"]
        password = (tmp_path / "password").read_text()
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(password, "guessed"))

        for name in ("state.json", "password"):
            assert (tmp_path / name).stat().st_mode & 0o077 == 0


def _leave_traces(services: LocalServices) -> None:
    settings = services.environment
    admin = cluster_at(settings["WARDSTREAM_KAFKA_BOOTSTRAP"]).admin()
    admin.create_topics([NewTopic("mark", 1, 1)])["mark"].result(DEADLINE_S)
    with psycopg.connect(settings["WARDSTREAM_DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE mark (x int)")


def _traces(services: LocalServices) -> set[str]:
    settings = services.environment
    admin = cluster_at(settings["WARDSTREAM_KAFKA_BOOTSTRAP"]).admin()
    with psycopg.connect(settings["WARDSTREAM_DATABASE_URL"]) as connection:
        table = connection.execute("SELECT to_regclass('mark')").fetchone()
    found = set()
    if "mark" in admin.list_topics(timeout=60).topics:
        found.add("topic")
    if table != (None,):
        found.add("table")
    return found
