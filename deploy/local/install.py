"""Install what Wardstream runs on: `python -m deploy.local.install [--tests]`.

Needs only Python's standard library. Steps that do not need each other run at the same
time; what is already there costs nothing, so every start may run this first.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from deploy.local import (
    detectors,
    environment,
    extras,
    kafka,
    keycloak,
    redis,
    registry,
    rtsp,
    s3,
    timescale,
    versity,
)
from deploy.local.cache import cache_dir, check_free_space
from deploy.local.docker import engine_runs
from deploy.local.errors import InstallError
from deploy.local.java import maven
from deploy.local.progress import Progress

T = TypeVar("T")
INSTANT_S = 0.5


@dataclass(frozen=True)
class Installed:
    """Folders of the installed services.

    Attributes:
        kafka: Kafka's jars, formatted log folder and class archive.
        registry: The registry's application.
        timescale: PostgreSQL and TimescaleDB.
        cluster: Template of a database cluster.
        redis: Redis.
    """

    kafka: Path
    registry: Path
    timescale: Path
    cluster: Path
    redis: Path


def install_services(progress: Progress | None = None) -> Installed:
    """Install Kafka, the registry, TimescaleDB and Redis where they are missing.

    Raises:
        InstallError: Something is missing and could not be fetched.
    """
    progress = progress or Progress()
    check_free_space()
    with ThreadPoolExecutor(max_workers=8) as pool:

        def start(what: str, make: Callable[[], T], *after: Future[Any]) -> Future[T]:
            def step() -> T:
                for needed in after:
                    needed.result()
                return _timed(progress, what, make)

            return pool.submit(step)

        java_tools = start("Java and Maven", maven)
        broker = start("Kafka from Maven", kafka.install, java_tools)
        app = start("schema registry from Maven", registry.install, java_tools)
        server = start("PostgreSQL and TimescaleDB from Debian", timescale.install)
        redis_folder = start("Redis from Debian", redis.install)
        cluster = start(
            "first start of database and registry",
            lambda: timescale.install_cluster(server.result(), app.result()),
            server,
            app,
        )
        _first_error([java_tools, broker, app, server, redis_folder, cluster])
        return Installed(
            kafka=broker.result(),
            registry=app.result(),
            timescale=server.result(),
            cluster=cluster.result(),
            redis=redis_folder.result(),
        )


def install_all(root: Path, *, tests: bool, progress: Progress) -> None:
    """Install the Python environment, the services and the extras, all at once.

    Args:
        root: The project's folder.
        tests: Whether to install what only the tests need, too.
        progress: Receives the steps.

    Raises:
        InstallError: Something is missing and could not be fetched.
    """
    with ThreadPoolExecutor(max_workers=16) as pool:
        python = pool.submit(
            _timed, progress, "Python environment", lambda: environment.install(root)
        )
        steps: list[Future[Any]] = [
            python,
            pool.submit(_compile, root, progress, python),
            pool.submit(_install_detectors, root, progress, python, every=tests),
            pool.submit(_install_services_unless_docker, progress),
            pool.submit(_timed, progress, "demo clip from Debian", extras.clip),
            pool.submit(_timed, progress, "ffprobe from Debian", extras.ffprobe),
            pool.submit(_compile_fusion, root, progress, python),
        ]
        if tests:
            steps += [
                pool.submit(_timed, progress, "Chromium", extras.chromium),
                pool.submit(_timed, progress, "Prometheus from Debian", extras.prometheus),
                pool.submit(_timed, progress, "RTSP server from Debian", rtsp.install),
                pool.submit(_timed, progress, "S3 server from Maven", s3.install),
                pool.submit(_timed, progress, "Keycloak from Maven, built", keycloak.install),
                pool.submit(_timed, progress, "S3 server with users, by Go", versity.install),
            ]
        _first_error(steps)


def _compile(root: Path, progress: Progress, python: Future[Path]) -> None:
    python.result()
    _timed(progress, "tracking core, compiled", lambda: environment.precompile(root))


def _compile_fusion(root: Path, progress: Progress, python: Future[Path]) -> None:
    # Else each process would compile it for itself, at the same time.
    python.result()
    _timed(progress, "fusion, compiled", lambda: environment.precompile_fusion(root))


def _install_detectors(
    root: Path, progress: Progress, python: Future[Path], *, every: bool
) -> None:
    def make() -> None:
        detectors.install(root, python.result, progress.note, every=every)

    _timed(progress, "person detector", make)


def _install_services_unless_docker(progress: Progress) -> None:
    """Install the services, unless containers are wanted or can replace a failed install."""
    if os.environ.get("WARDSTREAM_ENGINE") == "docker":
        return
    try:
        install_services(progress)
    except InstallError as error:
        if not engine_runs():
            raise
        print(f"{error}\nDocker will run the services instead.", file=sys.stderr)


def _timed(progress: Progress, what: str, make: Callable[[], T]) -> T:
    """Run a step; report it unless it was there already."""
    with progress.step(what, unless_shorter_s=INSTANT_S):
        return make()


def _first_error(steps: Sequence[Future[Any]]) -> None:
    """Wait for all steps, then raise the first error, if any."""
    errors = [step.exception() for step in steps]
    for error in errors:
        if error is not None:
            raise error


def main(arguments: Sequence[str] | None = None) -> int:
    """Install everything; returns the exit status."""
    parser = argparse.ArgumentParser(prog="install", description=__doc__)
    parser.add_argument("--tests", action="store_true", help="also what only the tests need")
    options = parser.parse_args(arguments)
    progress = Progress()
    root = Path(__file__).resolve().parents[2]
    try:
        install_all(root, tests=options.tests, progress=progress)
    except InstallError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    if progress.steps:
        print(f"  Installed in {cache_dir()}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
