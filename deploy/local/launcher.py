"""Start Kafka, the schema registry, TimescaleDB and Redis as plain processes.

    with LocalServices(Path(".wardstream/demo")) as services:
        run_something(env={**os.environ, **services.environment})

Every service listens on a free port of 127.0.0.1 and keeps its data below the run
directory, so the next start with the same directory finds what the last one left
(`fresh=True` deletes it first). Ports, process ids and the settings of the run are written to
`state.json` there. Nothing outlives the `with` block, whichever way it is left: see
`deploy.local.guard`.
"""

import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from types import TracebackType
from typing import IO, Self

from deploy.local import health, kafka, redis, registry, timescale
from deploy.local.addresses import addresses
from deploy.local.certificates import Authority
from deploy.local.detached import down, up
from deploy.local.errors import LaunchError
from deploy.local.guard import Guard
from deploy.local.install import Installed, install_services
from deploy.local.lock import lock_run_dir
from deploy.local.ports import claim, free_ports
from deploy.local.process import Process, Program
from deploy.local.signals import TerminateAsExit
from deploy.local.state import LAUNCHER_LOG, RunState, read_state
from deploy.local.supervisor import Supervisor, Worker
from deploy.local.waiting import patience
from deploy.services import COMPONENTS, Component
from runtime.retry import retried

__all__ = [
    "COMPONENTS",
    "Component",
    "LaunchError",
    "LocalServices",
    "Supervisor",
    "Worker",
    "down",
    "up",
]

STOP_DEADLINE_S = 15.0
PORT_ATTEMPTS = 3
STOP_ORDER: tuple[Component, ...] = ("registry", "kafka", "redis", "timescale")


SECURED_BOOTSTRAP = "KAFKA_SECURED_BOOTSTRAP"
SECURED_CA = "KAFKA_SECURED_CA"
"""Variables of a run that name the secured listener, and the authority that its clients trust."""


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
        start_deadline_s: float = 120.0,
        kafka_doors: kafka.Doors | None = None,
        kafka_settings: Mapping[str, str] | None = None,
        secured: bool = False,
    ) -> None:
        """Describe the services; nothing starts before `start` or `with`.

        Args:
            run_dir: Where data, logs and `state.json` live; made if missing.
            fresh: Delete what an earlier run left there first.
            components: Which services to start.
            start_deadline_s: Seconds until a service that does not answer is an error.
            kafka_doors: Further listeners of the broker, for clients that reach it by a proxy.
            kafka_settings: Settings of the broker that override those that all runs share.
            secured: Give the broker a further listener with TLS, SCRAM and rights, whose
                certificates lie in the folder `tls`.
        """
        self._kafka_doors = kafka_doors
        self._kafka_settings = kafka_settings
        self._secured = secured
        self.run_dir = run_dir.resolve()
        chosen = {*components, *(("timescale",) if "registry" in components else ())}
        self.components: tuple[Component, ...] = tuple(c for c in COMPONENTS if c in chosen)
        self._fresh = fresh
        self._start_deadline_s = start_deadline_s
        self._state = RunState()
        self._processes: dict[Component, Process] = {}
        self._lock: IO[str] | None = None
        self._guard: Guard | None = None
        self._installed: Installed | None = None
        self._signals = TerminateAsExit()
        self._state_lock = threading.Lock()

    @property
    def environment(self) -> dict[str, str]:
        """The `WARDSTREAM_*` settings by which a process finds the started services.

        `WARDSTREAM_KAFKA_BOOTSTRAP` (host:port), `WARDSTREAM_REGISTRY_URL` (ends in
        `/apis/ccompat/v7`), `WARDSTREAM_DATABASE_URL` (`postgresql://…`, database
        `wardstream`, TimescaleDB extension created, no tables),
        `WARDSTREAM_REDIS_URL`. Only those of the chosen components are present.
        """
        return dict(self._state.environment)

    def start(self) -> None:
        """Install what is missing, start all components, wait until each answers.

        Raises:
            LaunchError: A service died (with its last log lines), or did not answer in
                time, or is not installed. The message ends in what to do. Whatever had
                started is stopped again.
        """
        self._installed = install_services()
        self._lock = lock_run_dir(self.run_dir)
        self._guard = Guard(inherit=[self._lock.fileno()])
        try:
            self._sweep()
            self._state = RunState(launcher=os.getpid(), ports=self._choose_ports())
            self._state.add("launcher", os.getpid())
            self._state.environment = self._make_environment()
            self._start_all()
            self._state.ready = True
            self._write_state()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all, orderly first, by force after a deadline; safe to call twice."""
        running = [self._processes[c] for c in STOP_ORDER if c in self._processes]
        databases = [p for p in running if p.program.name == "timescale"]
        with ThreadPoolExecutor(max_workers=len(COMPONENTS)) as pool:
            others = [p for p in running if p not in databases]
            list(pool.map(lambda process: process.stop(STOP_DEADLINE_S), others))
        for process in databases:  # last: the registry writes to it while it stops
            process.stop(STOP_DEADLINE_S)
        self._processes.clear()
        if self._guard:
            self._guard.close()
            self._guard = None
        if self._lock:
            self._state.ready = False
            self._state.processes.clear()
            self._write_state()
            self._lock.close()
            self._lock = None

    def pid(self, name: Component) -> int:
        """The process id of a running service."""
        return self._processes[name].pid

    def port(self, name: Component) -> int:
        """The port where clients reach a service."""
        return self._state.ports[name]

    def log(self, name: Component) -> Path:
        """The file that holds a service's output."""
        return self.run_dir / "logs" / f"{name}.log"

    def kill(self, name: Component, signal: int = SIGKILL) -> None:
        """Send a signal; returns when the process has ended (SIGSTOP/SIGCONT: at once)."""
        process = self._processes[name]
        process.signal(signal)
        if signal not in {SIGSTOP, SIGCONT}:
            process.wait(STOP_DEADLINE_S)

    def restart(self, name: Component) -> None:
        """Start a service again, on the same port and data, and wait until it answers."""
        self._processes[name].stop(STOP_DEADLINE_S)
        # After kill -9, PostgreSQL refuses to start while old sessions still end.
        tries = patience(self._start_deadline_s, every_s=0.0)
        retried(lambda: self._start_one(name), tries, (LaunchError,))
        self._write_state()

    def ended(self) -> list[Component]:
        """The services that ended by themselves."""
        return [name for name, one in self._processes.items() if one.exit_status is not None]

    def start_again(self, name: Component) -> None:
        """Start a service that ended on the same port and data; its clients wait for it."""
        self._spawn(name)

    def tail(self, name: Component) -> str:
        """The last lines that a service wrote since its latest start."""
        return self._processes[name].tail()

    def __enter__(self) -> Self:
        self._signals.__enter__()
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            self._signals.__exit__(kind, error, trace)

    def _sweep(self) -> None:
        """End what a launcher left when it was killed together with its guard."""
        state = read_state(self.run_dir)
        for name, pid in state.processes.items():
            if name != "launcher" and state.alive(pid):
                os.killpg(pid, SIGKILL)
        if self._fresh:
            for path in self.run_dir.iterdir():
                if path.name in {"lock", LAUNCHER_LOG}:
                    continue
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _choose_ports(self) -> dict[str, int]:
        """The ports of the last run; new ones for those that are taken."""
        names: list[str] = [*self.components, "kafka-controller", "kafka-secured"]
        old = read_state(self.run_dir).ports
        kept = {name: old[name] for name in names if name in old and claim(old[name])}
        missing = [name for name in names if name not in kept]
        return {**kept, **dict(zip(missing, free_ports(len(missing)), strict=True))}

    def _make_environment(self) -> dict[str, str]:
        found = addresses(self.components, self._state.ports, self._password())
        if self._secured:
            found[SECURED_BOOTSTRAP] = f"127.0.0.1:{self._state.ports['kafka-secured']}"
            found[SECURED_CA] = str(self._authority().ca)
        return found

    def _start_all(self) -> None:
        with ThreadPoolExecutor(max_workers=len(self.components)) as pool:
            started: dict[Component, Future[None]] = {}

            def start(name: Component) -> None:
                if name == "registry":  # it reads its database while it starts
                    started["timescale"].result()
                self._start_one(name)

            for name in sorted(self.components, key=lambda c: c == "registry"):
                started[name] = pool.submit(start, name)
            try:
                errors = [step.exception() for step in started.values()]
            except BaseException:  # Ctrl-C: what is waited for must end now
                for process in self._processes.values():
                    process.signal(SIGKILL)
                raise
        for error in errors:
            if error is not None:
                raise error

    def _start_one(self, name: Component) -> None:
        """Start a component; on another port when its own was taken meanwhile."""
        for attempt in range(PORT_ATTEMPTS):
            process = self._spawn(name)
            try:
                process.wait_until(
                    lambda: health.ANSWERS[name](self._state.ports[name]), self._start_deadline_s
                )
            except LaunchError:
                if attempt == PORT_ATTEMPTS - 1 or not process.port_was_taken():
                    raise
                self._move(name)
            else:
                return

    def _spawn(self, name: Component) -> Process:
        assert self._guard is not None
        process = Process(self._program(name), self.log(name), self._guard)
        self._processes[name] = process
        self._state.add(name, process.pid)
        self._write_state()
        return process

    def _move(self, name: Component) -> None:
        taken = [name] if name != "kafka" else ["kafka", "kafka-controller"]
        self._state.ports.update(zip(taken, free_ports(len(taken)), strict=True))
        self._state.environment = self._make_environment()

    def _program(self, name: Component) -> Program:
        assert self._installed is not None
        installed, ports, folder = self._installed, self._state.ports, self.run_dir / name
        if name == "kafka":
            return kafka.broker(
                installed.kafka,
                folder,
                ports["kafka"],
                ports["kafka-controller"],
                self._kafka_doors,
                self._kafka_settings,
                self._secured_listener(),
            )
        if name == "redis":
            return redis.redis(installed.redis, folder, ports["redis"])
        if name == "timescale":
            if not folder.exists():
                timescale.copy_cluster(installed.cluster, folder)
            return timescale.postgres(installed.timescale, folder, ports["timescale"])
        return registry.registry(
            installed.registry,
            registry.registry_environment(ports["registry"], ports["timescale"], self._password()),
            archive_flag=f"-XX:SharedArchiveFile={installed.cluster / timescale.REGISTRY_CLASSES}",
        )

    def _authority(self) -> Authority:
        return Authority(self.run_dir / "tls")

    def _secured_listener(self) -> kafka.Secured | None:
        if not self._secured:
            return None
        identity = self._authority().issue("broker", ["IP:127.0.0.1"])
        return kafka.Secured(self._state.ports["kafka-secured"], identity.both)

    def _password(self) -> str:
        """The password of this run's cluster, which came with the template it was copied from."""
        assert self._installed is not None
        kept = self.run_dir / "password"
        if not kept.exists():
            kept.touch(mode=0o600)
            kept.write_text((self._installed.cluster / "password").read_text())
        return kept.read_text()

    def _write_state(self) -> None:
        with self._state_lock:
            self._state.write(self.run_dir)
