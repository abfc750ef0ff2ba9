"""Run wardstream processes and restart those that ask for it."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from types import TracebackType
from typing import Self

from deploy.local import health
from deploy.local.errors import LaunchError
from deploy.local.guard import Guard
from deploy.local.ports import free_ports
from deploy.local.process import Process, Program
from deploy.local.waiting import patience
from runtime.errors import EXIT_STOP
from runtime.retry import RetryPolicy, comes_true

POLL_S = 0.1
RESTARTS = RetryPolicy(first_s=0.2, limit_s=10.0)
"""Pauses before a process is started again."""

STEADY_S = 30.0
"""A process that ran this long has recovered: its next pause is the first one again."""

STOP_DEADLINE_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A wardstream process that a `Supervisor` runs.

    Attributes:
        name: Name in logs and in the supervisor's methods.
        command: Arguments after `wardstream`, for example `("sink", "redis")`.
        environment: Variables added to the supervisor's own environment.
        metrics_port: Port of `/metrics`, `/healthz`, `/readyz`; a free port when None.
        apart: Whether the other processes go on when this one exits 78.
        program: Program that runs instead of `wardstream`; for tests of the supervisor.
        done: Whether its work is done, asked when it ended with 0; until then it is started again.
    """

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    metrics_port: int | None = None
    apart: bool = False
    program: Sequence[str] = (sys.executable, "-m", "workers.cli")
    done: Callable[[], bool] = lambda: True


@dataclass
class _Supervised:
    worker: Worker
    metrics_port: int
    process: Process
    started_s: float
    failures: int = 0
    restart_at_s: float | None = None
    held: bool = False
    restarts: int = 0


class Supervisor:
    """Run wardstream processes: start, restart after failures, stop all.

    Exit 0 is the end of a process, where its work is done. Exit 78 (a problem that a restart
    cannot mend) stops every process, unless it is that of a worker apart. Anything else, 75 and
    signals included, is restarted with a backoff of 0.2 s doubling to 10 s, unless `kill` held it
    back.
    """

    def __init__(
        self,
        run_dir: Path,
        environment: dict[str, str],
        *,
        on_change: Callable[[str, int | None], None] = lambda _name, _status: None,
    ) -> None:
        """Supervise processes that log to `run_dir/logs/NAME.log`.

        Args:
            run_dir: Run directory; logs go to its folder `logs`.
            environment: Settings for all, usually `LocalServices.environment`.
            on_change: Called with the name and None when a process starts, its exit status when
                it ended; called from the supervisor's thread.
        """
        self._run_dir = run_dir.resolve()
        self._environment = environment
        self._on_change = on_change
        self._guard = Guard()
        self._lock = threading.RLock()
        self._supervised: dict[str, _Supervised] = {}
        self._failure: str | None = None
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._watcher.start()

    def start(self, worker: Worker, *, ready_deadline_s: float | None = None) -> None:
        """Start a process; with a deadline, wait until its `/readyz` answers 200."""
        with self._lock:
            if worker.name in self._supervised and self.alive(worker.name):
                raise LaunchError(f"{worker.name} already runs.")
            port = worker.metrics_port or free_ports(1)[0]
            self._supervised[worker.name] = _Supervised(
                worker, port, self._spawn(worker, port), time.monotonic()
            )
        if ready_deadline_s is not None:
            self.wait_ready(worker.name, ready_deadline_s)

    def wait_ready(self, name: str, deadline_s: float) -> None:
        """Wait until `/readyz` of a process answers 200.

        Raises:
            LaunchError: It ended or the deadline passed; holds its last log lines, or those of
                the process that stopped all.
        """
        try:
            self._supervised[name].process.wait_until(lambda: self.ready(name), deadline_s)
        except LaunchError as error:
            if self._failure is None:
                raise
            # This process was stopped because another one exited 78: report that one.
            raise LaunchError(self._failure) from error

    def wait(self, name: str, deadline_s: float) -> int:
        """Wait for a process to end its work; returns its exit status.

        A process that is to be restarted has not ended.

        Raises:
            LaunchError: It still runs after the deadline.
        """
        status: int | None = None

        def has_ended() -> bool:
            nonlocal status
            with self._lock:
                supervised = self._supervised[name]
                status = supervised.process.exit_status
                over = status == EXIT_STOP or (status == 0 and supervised.worker.done())
                return over or (status is not None and supervised.held)

        ended = comes_true(has_ended, patience(deadline_s, every_s=POLL_S))
        if not ended or status is None:
            raise LaunchError(f"{name} still runs after {deadline_s:g} s.\n{self.tail(name)}")
        return status

    def run(self, worker: Worker, *, deadline_s: float) -> str:
        """Run a process to its end (for example `topics create`) and return its output.

        Raises:
            LaunchError: It failed or the deadline passed; holds its last log lines.
        """
        process = self._spawn(worker, worker.metrics_port or 0)
        try:
            status = process.wait(deadline_s)
        finally:
            process.stop(STOP_DEADLINE_S)
        if status != 0:
            raise LaunchError(f"{worker.name} ended with exit status {status}:\n{process.tail()}")
        return process.output()

    def kill(self, name: str, signal: int = SIGKILL) -> None:
        """Send a signal and hold the process back until `restart`; waits for its end.

        SIGSTOP and SIGCONT return at once.
        """
        with self._lock:
            supervised = self._supervised[name]
            supervised.held = True
            supervised.process.signal(signal)
        if signal not in {SIGSTOP, SIGCONT}:
            supervised.process.wait(STOP_DEADLINE_S)

    def release(self, name: str) -> None:
        """Supervise a process again that survived the signal of `kill`."""
        with self._lock:
            self._supervised[name].held = False

    def restart(self, name: str, *, ready_deadline_s: float | None = None) -> None:
        """Start a process again that ended or was killed; one that still runs is stopped first."""
        self.stop(name)
        with self._lock:
            self._start_again(self._supervised[name])
        if ready_deadline_s is not None:
            self.wait_ready(name, ready_deadline_s)

    def stop(self, name: str, *, deadline_s: float = STOP_DEADLINE_S) -> int:
        """Stop one process (SIGTERM, then SIGKILL); returns its exit status."""
        with self._lock:
            supervised = self._supervised[name]
            supervised.held = True
        return supervised.process.stop(deadline_s)

    def stop_all(self, *, deadline_s: float = STOP_DEADLINE_S) -> None:
        """Stop all processes together; safe to call twice."""
        with self._lock:
            everyone = list(self._supervised.values())
            for supervised in everyone:
                supervised.held = True
                supervised.process.signal(SIGCONT)
                supervised.process.signal(supervised.process.program.stop_signal)
        for supervised in everyone:
            supervised.process.stop(deadline_s)

    def exit_status(self, name: str) -> int | None:
        """Exit status of the process' latest start; None while it runs."""
        return self._supervised[name].process.exit_status

    def alive(self, name: str) -> bool:
        """Whether the process runs right now."""
        return self._supervised[name].process.exit_status is None

    def ready(self, name: str) -> bool:
        """Whether `/readyz` of the process answers 200 right now."""
        return health.http_status(self.metrics_port(name), "/readyz") == 200

    def pid(self, name: str) -> int:
        """The process id of the process' latest start."""
        return self._supervised[name].process.pid

    def metrics_port(self, name: str) -> int:
        """The port of its `/metrics`, `/healthz` and `/readyz`."""
        return self._supervised[name].metrics_port

    def restarts(self, name: str) -> int:
        """How often the supervisor started it again by itself."""
        return self._supervised[name].restarts

    def log(self, name: str) -> Path:
        """The file that holds the process' standard output and error."""
        return self._run_dir / "logs" / f"{name}.log"

    def tail(self, name: str) -> str:
        """The last lines that the process wrote since its latest start."""
        return self._supervised[name].process.tail()

    @property
    def failure(self) -> str | None:
        """Why all processes were stopped (one exited 78), else None."""
        return self._failure

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._watcher.join()
        self.stop_all()
        self._guard.close()

    def _spawn(self, worker: Worker, port: int) -> Process:
        program = Program(
            name=worker.name,
            command=(*worker.program, *worker.command),
            environment={
                **self._environment,
                "WARDSTREAM_METRICS_PORT": str(port),
                "PYTHONUNBUFFERED": "1",
                **worker.environment,
            },
            cwd=Path.cwd(),
        )
        process = Process(program, self.log(worker.name), self._guard)
        self._on_change(worker.name, None)
        return process

    def _start_again(self, supervised: _Supervised) -> None:
        supervised.process = self._spawn(supervised.worker, supervised.metrics_port)
        supervised.started_s = time.monotonic()
        supervised.restart_at_s = None
        supervised.held = False

    def _watch(self) -> None:
        while not self._closing.wait(POLL_S):
            with self._lock:
                everyone = list(self._supervised.items())
                for name, supervised in everyone:
                    self._supervise(name, supervised)
            if self._failure:
                self.stop_all()

    def _supervise(self, name: str, supervised: _Supervised) -> None:
        status = supervised.process.exit_status
        if status is None or supervised.held or self._failure:
            return
        if status == 0 and supervised.worker.done():
            return
        now = time.monotonic()
        if status == EXIT_STOP and supervised.worker.apart:
            self._on_change(name, status)
            supervised.held = True
        elif status == EXIT_STOP:
            self._on_change(name, status)
            self._failure = f"{name} stopped:\n{supervised.process.tail()}"
        elif supervised.restart_at_s is None:
            self._on_change(name, status)
            if now - supervised.started_s > STEADY_S:
                supervised.failures = 0
            supervised.failures += 1
            supervised.restart_at_s = now + RESTARTS.pause_s(supervised.failures)
        elif now >= supervised.restart_at_s:
            supervised.restarts += 1
            self._start_again(supervised)
