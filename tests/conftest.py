"""Real services for every test that asks for them; a missing one fails, it never skips.

The session's services start once, on free ports, in a folder of their own, and all tests share
them; a topic prefix, a database and a Redis database keep apart what each test writes. A test
that kills services asks for `own_services`.
"""

import gc
import os
import signal
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg import sql

from deploy.local.launcher import LocalServices, Supervisor
from tests.support.file_order import mixed
from tests.support.live_log import LiveLog, live_log_of
from tests.support.paths import ROOT
from tests.support.services import (
    RunningServices,
    Services,
    delete_topics,
    empty_database,
    empty_redis,
    new_prefix,
    with_database,
)
from tests.support.shared_services import SharedServices, given_environment
from workers.storage.timescale.migrate import migrate

TEMPLATE = "wardstream_test_template"
SHARED = pytest.StashKey[SharedServices]()

hypothesis_settings.register_profile(
    "loaded", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("loaded")
"""No example fails because it took long: a busy machine changes no result."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--services-env",
        type=Path,
        metavar="FILE",
        help="use running services: state.json of a run directory, or lines of NAME=VALUE",
    )
    parser.addoption(
        "--no-services",
        action="store_true",
        help="start no services; a test that asks for them fails",
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without a search for garbage, and leave what was collected out of later ones."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    """Give signals back the handlers from before a test: a service that it ran keeps its own."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Start one set of services for all workers of `-n`, while they collect."""
    given = config.getoption("--services-env") is not None or config.getoption("--no-services")
    if not given and not config.option.collectonly:
        config.stash[SHARED] = SharedServices()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker the address of the services."""
    if SHARED in node.config.stash:
        node.config.stash[SHARED].report(node.workerinput)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the shared services, once the workers are gone."""
    if SHARED in config.stash:
        config.stash[SHARED].stop()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let several workers run files that mostly work beside files that mostly wait."""
    if hasattr(config, "workerinput"):
        items[:] = mixed(items, lambda item: str(item.path.relative_to(ROOT / "tests")))


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    """A developer's own settings must not reach the tests."""
    for name in list(os.environ):
        if name.startswith("WARDSTREAM_") and name != "WARDSTREAM_CACHE":
            del os.environ[name]


@pytest.fixture(scope="session")
def services(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    """Kafka, registry, TimescaleDB and Redis, once per session."""
    if request.config.getoption("--no-services"):
        pytest.fail("this test asks for services, and --no-services was given")
    file: Path | None = request.config.getoption("--services-env")
    if file is not None:
        yield RunningServices.reported_by(file)
        return
    shared = given_environment(request.config)
    if shared is not None:
        yield RunningServices(shared)
        return
    with LocalServices(tmp_path_factory.mktemp("services"), secured=True) as started:
        yield started


@pytest.fixture
def own_services(tmp_path: Path) -> Iterator[LocalServices]:
    """Fresh services of this test alone, which it may kill."""
    with LocalServices(tmp_path / "services") as started:
        yield started


@pytest.fixture(scope="session")
def kafka(services: Services) -> str:
    """The broker's address, `host:port`."""
    return services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"]


@pytest.fixture(scope="session")
def registry_url(services: Services) -> str:
    """The schema registry's Confluent-compatible API."""
    return services.environment["WARDSTREAM_REGISTRY_URL"]


@pytest.fixture(scope="session")
def live_log(services: Services) -> Iterator[LiveLog]:
    """Topics of what a board shows live, and the sink that reads them, once per session."""
    with live_log_of(services) as log:
        yield log


@pytest.fixture
def run_prefix(services: Services) -> Iterator[str]:
    """Prefix of every topic, group and Redis key of one test, so that tests do not meet."""
    prefix = new_prefix()
    yield prefix
    delete_topics(services, prefix)


@pytest.fixture(scope="session")
def database_template(services: Services) -> str:
    """A database with all migrations, made once and copied for each test."""
    server = services.environment["WARDSTREAM_DATABASE_URL"]
    name = f"{TEMPLATE}_{uuid.uuid4().hex[:6]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    template = with_database(server, name)
    with psycopg.connect(template, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    migrate(template)
    with psycopg.connect(server, autocommit=True) as connection:
        # A template may have no sessions, and TimescaleDB's scheduler is one.
        connection.execute(
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name))
        )
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s",
            (name,),
        )
    return name


@pytest.fixture
def database_url(services: Services, database_template: str) -> Iterator[str]:
    """An empty, migrated database of this test alone."""
    with empty_database(services, database_template) as url:
        yield url


@pytest.fixture
def redis_url(services: Services) -> str:
    """An empty Redis database."""
    return empty_redis(services)


@pytest.fixture
def environment(
    services: Services, run_prefix: str, database_url: str, redis_url: str
) -> dict[str, str]:
    """Settings of one test: the session's services, and nobody else's data."""
    return {
        **services.environment,
        "WARDSTREAM_TOPIC_PREFIX": run_prefix,
        "WARDSTREAM_DATABASE_URL": database_url,
        "WARDSTREAM_REDIS_URL": redis_url,
    }


@pytest.fixture
def supervisor(tmp_path: Path, environment: dict[str, str]) -> Iterator[Supervisor]:
    """Runs wardstream processes with the settings of one test."""
    with Supervisor(tmp_path, environment) as started:
        yield started


@pytest.fixture(scope="session")
def data_dir() -> Path | None:
    """Real recordings beside the project, where they exist; nothing may require them."""
    folder = ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None
