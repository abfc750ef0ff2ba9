"""The same services from their official images, where a Docker engine runs.

Compose stays attached, so that it is a process like any other: when it ends, and it ends
with its launcher, it stops the containers.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import health
from deploy.local.addresses import addresses
from deploy.local.errors import LaunchError
from deploy.local.guard import Guard
from deploy.local.ports import free_ports
from deploy.local.process import Process, Program
from deploy.local.signals import TerminateAsExit
from deploy.local.state import RunState, make_run_dir
from deploy.services import COMPONENTS, HOST_PORTS, Component
from runtime.storage.redis_users import PREFIX

COMPOSE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
START_DEADLINE_S = 600.0
"""The first start pulls the images."""
STOP_DEADLINE_S = 60.0


def engine_runs() -> bool:
    """Whether a Docker engine with Compose answers here."""
    if shutil.which("docker") is None:
        return False
    for probe in (["docker", "info"], ["docker", "compose", "version"]):
        if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
            return False
    return True


class DockerServices:
    """The services of one run directory, in containers; used like `LocalServices`."""

    def __init__(
        self,
        run_dir: Path,
        *,
        fresh: bool = False,
        components: Sequence[Component] = COMPONENTS,
    ) -> None:
        """Describe the services; nothing starts before `start` or `with`.

        Args:
            run_dir: Where logs, the passwords and `state.json` live; its name is the project's
                name in Docker, whose volumes keep the data.
            fresh: Remove the volumes of an earlier run first.
            components: Which services to start.
        """
        self.run_dir = run_dir.resolve()
        self.components = tuple(c for c in COMPONENTS if c in components)
        self._fresh = fresh
        self._state = RunState()
        self._process: Process | None = None
        self._guard: Guard | None = None
        self._signals = TerminateAsExit()

    @property
    def environment(self) -> dict[str, str]:
        """As in `LocalServices.environment`."""
        return dict(self._state.environment)

    def compose(self, *arguments: str) -> list[str]:
        """A command of Compose about this run."""
        project = f"wardstream-{self.run_dir.name.lower()}"
        return ["docker", "compose", "-p", project, "-f", str(COMPOSE), *arguments]

    def start(self) -> None:
        """Start all components and wait until each answers.

        Raises:
            LaunchError: No Docker engine runs here, or a service did not answer in time.
        """
        if not engine_runs():
            raise LaunchError(
                "No Docker engine answers here: start it, or unset WARDSTREAM_ENGINE."
            )
        make_run_dir(self.run_dir)
        # Not above: the installer, which has the standard library alone, asks for `engine_runs`.
        from deploy.secrets import write as write_secrets  # noqa: PLC0415

        secrets_folder = self.run_dir / "secrets"
        write_secrets(secrets_folder)
        names = list(self.components)
        self._state = RunState(ports=dict(zip(names, free_ports(len(names)), strict=True)))
        variables = {HOST_PORTS[name][0]: str(self._state.ports[name]) for name in names}
        variables["WARDSTREAM_SECRETS"] = str(secrets_folder)
        # Compose wants a value although the board does not run in a container here.
        variables["WARDSTREAM_LOGIN__ISSUER"] = "https://login.invalid"
        if self._fresh:
            subprocess.run(
                self.compose("down", "-v"),
                env={**os.environ, **variables},
                capture_output=True,
                check=False,
            )
        self._guard = Guard()
        try:
            self._process = Process(
                Program(
                    name="docker",
                    command=self.compose("up", "--abort-on-container-exit", *names),
                    environment=variables,
                ),
                self.run_dir / "logs" / "docker.log",
                self._guard,
            )
            self._process.wait_until(self._all_answer, START_DEADLINE_S)
            password = (secrets_folder / "database").read_text().strip()
            self._state.environment = addresses(self.components, self._state.ports, password)
            if "redis" in self.components:  # nobody else may do more than ask whether it lives
                secret = (secrets_folder / "redis-operator").read_text().strip()
                address = self._state.environment["WARDSTREAM_REDIS_URL"]
                self._state.environment["WARDSTREAM_REDIS_URL"] = address.replace(
                    "//", f"//{PREFIX}operator:{secret}@", 1
                )
            self._state.add("docker", self._process.pid)
            self._state.ready = True
            self._state.write(self.run_dir)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the containers; safe to call twice."""
        if self._process:
            self._process.stop(STOP_DEADLINE_S)
            self._process = None
        if self._guard:
            self._guard.close()
            self._guard = None

    def ended(self) -> Sequence[Component]:
        """All components, once Compose has ended: a container that ends takes all with it."""
        over = self._process is not None and self._process.exit_status is not None
        return self.components if over else ()

    def start_again(self, name: Component) -> None:
        """Containers that ended by themselves are not started again.

        Raises:
            LaunchError: Always.
        """
        raise LaunchError(f"The containers have ended, {name} among them:\n{self.tail(name)}")

    def tail(self, name: Component) -> str:
        """The last lines that Compose wrote, which are of all containers."""
        del name
        return "" if self._process is None else self._process.tail()

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

    def _all_answer(self) -> bool:
        return all(health.ANSWERS[name](self._state.ports[name]) for name in self.components)
