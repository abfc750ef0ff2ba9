"""The whole pipeline on this machine: real services and supervised processes.

Used by `wardstream demo` and `up`, and by tests of the whole pipeline.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from deploy.local.docker import DockerServices
from deploy.local.engine import services_for
from deploy.local.keeper import Keeper
from deploy.local.launcher import LocalServices
from deploy.local.supervisor import Supervisor, Worker
from deploy.services import WATCHED, Component, process
from runtime.clock import SystemClock
from runtime.kafka.cluster import Cluster
from runtime.kafka.topics import create_topics
from runtime.process.load import load_settings
from runtime.process.settings import Settings
from schemas.codec import AVRO_FOLDER
from schemas.topics import TOPICS
from streams.state.version import STATE_VERSION
from workers.registry.vault.erasing import take_in
from workers.registry.vault.erasures import ErasureList
from workers.storage.timescale.migrate import migrate

WORKERS = ("infer", "stream", "relay", "sink-timescale", "sink-redis", "serve")
"""Processes that a pipeline cannot do without; ingest is started for each source."""

_ADDRESSES = {
    "kafka_bootstrap": "WARDSTREAM_KAFKA_BOOTSTRAP",
    "registry_url": "WARDSTREAM_REGISTRY_URL",
    "database_url": "WARDSTREAM_DATABASE_URL",
    "redis_url": "WARDSTREAM_REDIS_URL",
    "topic_prefix": "WARDSTREAM_TOPIC_PREFIX",
    "redis_prefix": "WARDSTREAM_REDIS_PREFIX",
}


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings of this process, with the addresses of an environment."""
    given: dict[str, Any] = {
        name: environment[variable]
        for name, variable in _ADDRESSES.items()
        if variable in environment
    }
    return load_settings(**given)


def layout_stamp() -> str:
    """Stamp that changes whenever this version cannot read data of another version."""
    digest = hashlib.sha256(f"{sorted(TOPICS.items())} {STATE_VERSION}".encode())
    migrations = Path(__file__).parents[2] / "deploy" / "timescale" / "migrations"
    for path in [*sorted(AVRO_FOLDER.glob("*.avsc")), *sorted(migrations.glob("*.sql"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def prepare(cluster: Cluster, dsn: str) -> None:
    """Create topics, register schemas and bring the database up to date, side by side.

    Raises:
        Stop: Something that exists is not as it must be.
        Retry: A service is out of reach.
        RegistryUnavailable: The registry is out of reach.
    """
    registry = cluster.registry
    with ThreadPoolExecutor() as pool:
        jobs: list[Future[Any]] = [
            pool.submit(create_topics, cluster),
            pool.submit(registry.register_all, [t for t in TOPICS.values() if t.avro]),
            pool.submit(migrate, dsn),
        ]
        for job in jobs:
            job.result()


class LocalPipeline:
    """Services and processes of one run directory; nothing outlives the `with` block.

    Entering the block starts the services and creates topics, schemas and tables; `start` then
    starts the processes.

    Args:
        run_dir: Where data and logs are kept. Data of an earlier run is kept and continued, unless
            it was written by a version whose data this one cannot read.
        fresh: Delete the data of earlier runs first.
        environment: Settings of all processes; they override the addresses of the services.
        options: Further arguments of a process, by name.
        report: Receives each step as a short message.
    """

    supervisor: Supervisor
    settings: Settings
    _keeper: Keeper[Component]

    def __init__(
        self,
        run_dir: Path,
        *,
        fresh: bool = False,
        environment: Mapping[str, str] | None = None,
        options: Mapping[str, Sequence[str]] | None = None,
        report: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._run_dir = run_dir
        self._stamp = run_dir / "layout"
        stamp = self._stamp.read_text() if self._stamp.exists() else ""
        self._fresh = fresh or stamp != layout_stamp()
        self._services = services_for(run_dir, fresh=self._fresh)
        self._extra = dict(environment or {})
        self._options = dict(options or {})
        self._report = report
        self._stack = ExitStack()
        self._started = False

    @property
    def services(self) -> LocalServices | DockerServices:
        """The services underneath."""
        return self._services

    @property
    def failure(self) -> str | None:
        """Why a process or service has ended for good, else None."""
        return self.supervisor.failure or self._keeper.failure

    @property
    def _erasures(self) -> Path:
        """The list of erasures: that of the settings, or one beside the run directory.

        Whoever deletes the run's data, or restores a backup into it, keeps that one.
        """
        folder = self._run_dir.resolve()
        given = load_settings().vault.erasures
        return given or folder.with_name(f"{folder.name}.erasures")

    @property
    def environment(self) -> dict[str, str]:
        """Settings by which any process finds this pipeline."""
        folder = self._run_dir.resolve()
        return {
            "WARDSTREAM_INGEST__OBJECT_STORE_URL": (folder / "objects").as_uri(),
            "WARDSTREAM_AUDIT__ANCHORS_URL": (folder / "anchors").as_uri(),
            "WARDSTREAM_VAULT__ERASURES": str(self._erasures),
            **self._services.environment,
            **self._extra,
        }

    def __enter__(self) -> Self:
        try:
            self._report("starting Kafka, schema registry, TimescaleDB and Redis")
            self._stack.enter_context(self._services)
            if self._fresh:  # anchors of a log that is gone
                shutil.rmtree(self._run_dir / "anchors", ignore_errors=True)
            self.settings = settings_of(self.environment)
            self.supervisor = self._stack.enter_context(Supervisor(self._run_dir, self.environment))
            self._keeper = self._stack.enter_context(Keeper(self._services, self._report))
            self._stamp.write_text(layout_stamp())
            self._report("creating topics, schemas and tables")
            prepare(
                Cluster.of(self.settings, SystemClock()),
                self.settings.database_address,
            )
            self._know_the_erased()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _know_the_erased(self) -> None:
        """Make the list of erasures where there is none, and tell it to a database that is new.

        Raises:
            Stop: The list was altered, or cannot be made.
        """
        erasures = ErasureList(Path(self.environment["WARDSTREAM_VAULT__ERASURES"]))
        erasures.create()
        erased = erasures.read().erased
        if self._fresh and erased:
            with psycopg.connect(self.settings.database_address) as connection:
                take_in(connection, erased)

    def start(self, **further: Sequence[str]) -> None:
        """Start the processes, unless they run.

        Args:
            further: More arguments of a process, by name.
        """
        if self._started:
            return
        self._started = True
        for name in WORKERS:
            row = process(name)
            self.supervisor.start(
                Worker(
                    name=name,
                    command=(*row.command, *self._options.get(name, ()), *further.get(name, ())),
                    environment={**row.environment, **self._extra},
                    done=_never,
                )
            )

    def start_and_wait(self, deadline_s: float = 120.0) -> None:
        """Start the processes, unless they run, and wait until each is ready.

        Args:
            deadline_s: Longest wait for one process, s.

        Raises:
            LaunchError: One ended or did not get ready in time; holds its last log lines.
        """
        self._report("starting " + ", ".join(WORKERS))
        self.start()
        for name in WORKERS:
            self.supervisor.wait_ready(name, deadline_s)

    def start_guard(self) -> None:
        """Start guarding the cameras' views; whatever stops it stops nothing else."""
        self._start_apart("guard")

    def start_clocks(self) -> None:
        """Start following the cameras' clocks; whatever stops it stops nothing else."""
        self._start_apart("clocks")

    def start_notifier(self) -> None:
        """Start to send alerts to whom they concern; whatever stops it stops nothing else."""
        self._start_apart("notifier")

    def start_anchoring(self) -> None:
        """Start anchoring the audit; an audit that it finds altered stops nothing else."""
        self._start_apart("anchor")

    def _start_apart(self, name: str) -> None:
        row = process(name)
        self.supervisor.start(
            Worker(
                name=row.name,
                command=row.command,
                environment={**row.environment, **self._extra},
                apart=True,
                done=_never,
            )
        )

    def start_watchdog(self) -> None:
        """Start the watchdog, after all processes that it watches."""
        watched = [name for name in WATCHED if name in (*WORKERS, "guard", "clocks", "notifier")]
        health = {
            name: f"http://127.0.0.1:{self.supervisor.metrics_port(name)}/healthz"
            for name in watched
        }
        row = process("watchdog")
        self.supervisor.start(
            Worker(
                name=row.name,
                command=row.command,
                environment={
                    **row.environment,
                    **self._extra,
                    "WARDSTREAM_WATCHDOG__HEALTH": json.dumps(health),
                },
                done=_never,
            )
        )

    def start_ingest(
        self, name: str, arguments: Sequence[str], done: Callable[[], bool] = lambda: True
    ) -> None:
        """Start an ingest process for one or more cameras; its end leaves the others running.

        Args:
            name: Name of the process.
            arguments: Arguments after `wardstream ingest`.
            done: Whether its work is done, once it ended with 0; else it is started again.
        """
        self.supervisor.start(
            Worker(name=name, command=("ingest", *arguments), apart=True, done=done)
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


def _never() -> bool:
    """The work of a process that serves is never done: whatever ended it, it is started again."""
    return False
