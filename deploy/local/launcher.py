"""Start Kafka, the schema registry, TimescaleDB and Redis as plain processes.

    with LocalServices(Path(".wardstream/demo")) as services:
        run_something(env={**os.environ, **services.environment})

Every service listens on a free port of 127.0.0.1 and keeps its data below the run
directory, so the next start with the same directory finds what the last one left
(`fresh=True` begins anew). Ports, process ids and the settings of the run are written to
`state.json` there. Nothing outlives the `with` block, whichever way it is left: see
`deploy.local.guard`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from types import TracebackType
from typing import Literal, Self

Component = Literal["kafka", "registry", "timescale", "redis"]
COMPONENTS: tuple[Component, ...] = ("kafka", "registry", "timescale", "redis")


class LocalServices:
    """The real services of one run directory, started in parallel, stopped together.

    `registry` keeps its data in `timescale`'s PostgreSQL, so asking for it starts both.
    """

    def __init__(
        self,
        run_dir: Path,
        *,
        fresh: bool = False,
        components: Sequence[Component] = COMPONENTS,
        start_deadline_s: float = 60.0,
    ) -> None:
        """Describe the services; nothing starts before `start` or `with`.

        Args:
            run_dir: Where data, logs and `state.json` live; made if missing.
            fresh: Delete what an earlier run left there first.
            components: Which services to start.
            start_deadline_s: Seconds until a service that does not answer is an error.
        """
        raise NotImplementedError

    @property
    def environment(self) -> dict[str, str]:
        """The `WARDSTREAM_*` settings by which a process finds the started services.

        `WARDSTREAM_KAFKA_BOOTSTRAP` (host:port), `WARDSTREAM_REGISTRY_URL` (ends in
        `/apis/ccompat/v7`), `WARDSTREAM_DATABASE_URL` (`postgresql://…`, database
        `wardstream`, TimescaleDB extension created, no tables),
        `WARDSTREAM_REDIS_URL`. Only those of the chosen components are present.
        """
        raise NotImplementedError

    def start(self) -> None:
        """Start all components and wait until each answers; undo everything on failure.

        Raises:
            LaunchError: A service died (with its last log lines), or did not answer in
                time, or is not installed. The message ends in what to do.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """Stop all, orderly first, by force after a deadline; safe to call twice."""
        raise NotImplementedError

    def pid(self, name: Component) -> int:
        """The process id of a running service."""
        raise NotImplementedError

    def kill(self, name: Component, signal: int = SIGKILL) -> None:
        """Send a signal; returns when the process has ended (SIGSTOP/SIGCONT: at once)."""
        raise NotImplementedError

    def restart(self, name: Component) -> None:
        """Start a service again, on the same port and data, and wait until it answers."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A wardstream process that a `Supervisor` runs."""

    name: str
    command: Sequence[str]
    """Arguments after `wardstream`, for example `("sink", "redis")`."""
    environment: dict[str, str] = field(default_factory=dict)
    """Added to the supervisor's own environment for the services."""
    metrics_port: int | None = None
    """Serves `/metrics` and `/healthz`; a free port is chosen when None."""


class Supervisor:
    """Run wardstream processes: start, restart after failures, stop all.

    Exit 0 is the end of a process' work. Exit 78 (a problem that a restart cannot mend)
    stops every process. Anything else, 75 and signals included, is restarted with
    a backoff of 0.2 s doubling to 10 s, unless `kill` held it back.
    """

    def __init__(self, run_dir: Path, environment: dict[str, str]) -> None:
        """Supervise processes that log to `run_dir/logs/NAME.log`.

        Args:
            run_dir: Where logs go.
            environment: Settings for all, usually `LocalServices.environment`.
        """
        raise NotImplementedError

    def start(self, worker: Worker, *, ready_deadline_s: float | None = None) -> None:
        """Start a process; with a deadline, wait until its `/healthz` answers 200."""
        raise NotImplementedError

    def wait_ready(self, name: str, deadline_s: float) -> None:
        """Wait until `/healthz` of a process answers 200.

        Raises:
            LaunchError: It ended or the deadline passed; holds its last log lines.
        """
        raise NotImplementedError

    def wait(self, name: str, deadline_s: float) -> int:
        """Wait for a process to end by itself; returns its exit status."""
        raise NotImplementedError

    def run(self, worker: Worker, *, deadline_s: float) -> str:
        """Run a process to its end (for example `topics create`) and return its output.

        Raises:
            LaunchError: It failed or the deadline passed; holds its last log lines.
        """
        raise NotImplementedError

    def kill(self, name: str, signal: int = SIGKILL) -> None:
        """Send a signal and hold the process back until `restart`; waits for its end."""
        raise NotImplementedError

    def restart(self, name: str, *, ready_deadline_s: float | None = None) -> None:
        """Start a process again that ended, was killed, or still runs (stopped first)."""
        raise NotImplementedError

    def stop(self, name: str, *, deadline_s: float = 10.0) -> int:
        """Stop one process (SIGTERM, then SIGKILL); returns its exit status."""
        raise NotImplementedError

    def stop_all(self, *, deadline_s: float = 10.0) -> None:
        """Stop all processes in reverse order of their start; safe to call twice."""
        raise NotImplementedError

    def alive(self, name: str) -> bool:
        """Whether the process runs right now."""
        raise NotImplementedError

    def pid(self, name: str) -> int:
        """The process id of a running process."""
        raise NotImplementedError

    def metrics_port(self, name: str) -> int:
        """The port of its `/metrics` and `/healthz`."""
        raise NotImplementedError

    def log(self, name: str) -> Path:
        """The file that holds the process' standard output and error."""
        raise NotImplementedError

    @property
    def failure(self) -> str | None:
        """Why all was stopped (a process exited 78 or gave up), else None."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        raise NotImplementedError


def up(run_dir: Path, command: Sequence[str], *, deadline_s: float = 90.0) -> dict[str, str]:
    """Run `command`, which holds services, detached; return when its state says ready.

    Returns:
        The settings environment of the run, as in `LocalServices.environment`.
    """
    raise NotImplementedError


def down(run_dir: Path, *, deadline_s: float = 30.0) -> bool:
    """Stop what `up` left running in `run_dir`; False when nothing ran."""
    raise NotImplementedError
