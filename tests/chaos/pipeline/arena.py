"""Services that the attack may kill, with or without a proxy between each and its clients."""

import re
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.guard import Guard
from deploy.local.launcher import LocalServices
from deploy.local.ports import free_ports
from tests.chaos.pipeline.addresses import COMMANDS, TALKS_TO, door, link
from tests.chaos.pipeline.proxies import Proxies

VARIABLES = {
    "kafka": "WARDSTREAM_KAFKA_BOOTSTRAP",
    "registry": "WARDSTREAM_REGISTRY_URL",
    "timescale": "WARDSTREAM_DATABASE_URL",
    "redis": "WARDSTREAM_REDIS_URL",
}
PATIENT = {"broker.session.timeout.ms": "9000"}
"""Session of the broker with its controller: a broker without processor time for some seconds must
not fence itself, which would be a fault that nobody injected. It is Kafka's own default."""

_PORT = re.compile(r"(127\.0\.0\.1):\d+")


class Arena:
    """Kafka, registry, TimescaleDB and Redis of the attack alone.

    Args:
        folder: Folder for data and logs.
        proxied: Whether a proxy is between every process and every service that it uses.

    Attributes:
        services: The real services.
        proxies: The proxies; None without.
    """

    services: LocalServices
    proxies: Proxies | None = None

    def __init__(self, folder: Path, *, proxied: bool) -> None:
        self._folder = folder
        self._proxied = proxied
        self._stack = ExitStack()
        self._ports: dict[str, int] = {}

    def __enter__(self) -> Self:
        doors = {}
        if self._proxied:
            names = [
                link(process, service) for process in COMMANDS for service in TALKS_TO[process]
            ]
            found = free_ports(len(names) + len(COMMANDS))
            self._ports = dict(zip(names, found, strict=False))
            own = dict(zip(COMMANDS, found[len(names) :], strict=True))
            doors = {
                door(process): (own[process], self._ports[link(process, "kafka")])
                for process in COMMANDS
            }
        self.services = self._stack.enter_context(
            LocalServices(
                self._folder / "services",
                fresh=True,
                kafka_doors=doors,
                kafka_settings=PATIENT,
            )
        )
        if self._proxied:
            self._open_proxies({process: doors[door(process)][0] for process in COMMANDS})
        return self

    def _open_proxies(self, kafka_doors: dict[str, int]) -> None:
        guard = Guard()
        self._stack.callback(guard.close)
        self.proxies = Proxies(guard, self._folder / "toxiproxy.log")
        self._stack.callback(self.proxies.close)
        for process in COMMANDS:
            for service in TALKS_TO[process]:
                upstream = (
                    kafka_doors[process] if service == "kafka" else self.services.port(service)
                )
                name = link(process, service)
                self.proxies.add(name, self._ports[name], upstream)

    def addresses(self, process: str, environment: dict[str, str]) -> dict[str, str]:
        """Settings with which a process finds the services, through its proxies if there are any.

        Args:
            process: Name of the process.
            environment: Settings of the run, with the services' own addresses.
        """
        if not self._proxied:
            return {}
        return {
            VARIABLES[service]: _PORT.sub(
                rf"\1:{self._ports[link(process, service)]}", environment[VARIABLES[service]]
            )
            for service in TALKS_TO[process]
        }

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
