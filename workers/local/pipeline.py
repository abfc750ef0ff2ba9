"""The whole line on this machine: real services, prepared, and our processes under supervision.

Used by `wardstream demo` and `up`, and by the tests that look at the line from outside.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.local.docker import DockerServices
from deploy.local.engine import services_for
from deploy.local.launcher import LocalServices
from deploy.local.supervisor import Supervisor, Worker
from deploy.services import WATCHED, process
from runtime.clock import SystemClock
from runtime.kafka.cluster import Cluster
from runtime.process import start_gate
from runtime.process.settings import Settings
from schemas.codec import AVRO_FOLDER
from schemas.topics import TOPICS
from streams.state.version import STATE_VERSION

WORKERS = ("infer", "stream", "sink-timescale", "sink-redis", "serve")
"""Our processes that run for as long as the line does; ingest is started per source."""

EARLY = ("stream",)
"""Slowest to load and to begin: started beside the services. The others follow when those are up,
or all would only take the processor from each other."""

PRELOAD = ("runtime.kafka.topics", "schemas.registry", "workers.storage.timescale.migrate")
"""What `prepare` needs, loaded while the services start."""

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
    return Settings(**given)


def layout_stamp() -> str:
    """Changes whenever data left by another version could not be read by this one."""
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
    from runtime.kafka.topics import create_topics  # noqa: PLC0415 - slow to load: see PRELOAD
    from workers.storage.timescale.migrate import migrate  # noqa: PLC0415

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

    Processes are started as soon as the addresses of the services are known, load their code while
    the services come up, and begin when they are told to: topics, schemas and tables are there.

    Args:
        run_dir: Where data and logs lie. Data of an earlier run is kept and continued, unless
            it was written by a version whose data this one cannot read.
        fresh: Begin with nothing.
        environment: Settings for all processes, over the addresses of the services.
        options: Further arguments of a process, by name.
        preload: Modules that the caller will need, loaded while the services start.
        report: Told what is being done, in a few words.
    """

    supervisor: Supervisor
    settings: Settings

    def __init__(
        self,
        run_dir: Path,
        *,
        fresh: bool = False,
        environment: Mapping[str, str] | None = None,
        options: Mapping[str, Sequence[str]] | None = None,
        preload: Sequence[str] = (),
        report: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._preload = (*PRELOAD, *preload)
        self._run_dir = run_dir
        self._stamp = run_dir / "layout"
        self._gate = run_dir / "begin"
        stamp = self._stamp.read_text() if self._stamp.exists() else ""
        self._services = services_for(
            run_dir, fresh=fresh or stamp != layout_stamp(), on_addresses=self._spawn
        )
        self._extra = dict(environment or {})
        self._options = dict(options or {})
        self._report = report
        self._stack = ExitStack()
        self._spawned = False

    @property
    def services(self) -> LocalServices | DockerServices:
        """The services underneath."""
        return self._services

    @property
    def environment(self) -> dict[str, str]:
        """Settings by which any process finds the line."""
        return self._over(self._services.environment)

    def _over(self, addresses: Mapping[str, str]) -> dict[str, str]:
        objects = (self._run_dir / "objects").resolve().as_uri()
        return {"WARDSTREAM_INGEST__OBJECT_STORE_URL": objects, **addresses, **self._extra}

    def __enter__(self) -> Self:
        try:
            self._report("starting Kafka, schema registry, TimescaleDB and Redis")
            loading = threading.Thread(target=lambda: list(map(import_module, self._preload)))
            loading.start()
            self._stack.enter_context(self._services)
            if not self._spawned:
                self._spawn(self._services.environment)
            self._start([name for name in WORKERS if name not in EARLY])
            # Ours stop before what they are connected to.
            self._stack.callback(self.supervisor.stop_all)
            self._stamp.write_text(layout_stamp())
            self._report("creating topics, schemas and tables")
            self.settings = settings_of(self.environment)
            prepare(
                Cluster.of(self.settings, SystemClock()),
                self.settings.database_url.get_secret_value(),
            )
        except BaseException:
            self._stack.close()
            raise
        return self

    def _spawn(self, addresses: Mapping[str, str]) -> None:
        """Make the supervisor, and start those at the gate that take longest."""
        self._spawned = True
        self._gate.unlink(missing_ok=True)
        environment = {**self._over(addresses), start_gate.VARIABLE: str(self._gate.resolve())}
        self.supervisor = self._stack.enter_context(Supervisor(self._run_dir, environment))
        self._start(EARLY)

    def _start(self, names: Sequence[str]) -> None:
        for name in names:
            row = process(name)
            self.supervisor.start(
                Worker(
                    name=name,
                    command=(*row.command, *self._options.get(name, ())),
                    environment={**row.environment, **self._extra},
                )
            )

    def open(self) -> None:
        """Let the processes begin."""
        self._gate.touch()

    def begin(self, deadline_s: float = 120.0) -> None:
        """Let the processes begin, if nobody has yet, and wait until each is ready.

        Args:
            deadline_s: How long one may take.

        Raises:
            LaunchError: One ended or did not get ready in time; holds its last log lines.
        """
        self._report("starting " + ", ".join(WORKERS))
        self.open()
        for name in WORKERS:
            self.supervisor.wait_ready(name, deadline_s)

    def start_watchdog(self) -> None:
        """Start the watcher of the line, once its processes have begun."""
        watched = [name for name in WATCHED if name in WORKERS]
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
            )
        )

    def start_ingest(self, name: str, arguments: Sequence[str]) -> None:
        """Start an ingest process for one or more cameras."""
        self.supervisor.start(Worker(name=name, command=("ingest", *arguments)))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
