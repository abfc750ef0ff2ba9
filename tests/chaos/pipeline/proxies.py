"""A proxy between every process and every service, so that any two can be disconnected."""

from collections.abc import Mapping
from typing import Any

import httpx

from deploy.local.faults import proxy_server, toxiproxy
from deploy.local.guard import Guard
from deploy.local.ports import free_ports
from deploy.local.process import Process
from tests.chaos.pipeline.addresses import HOST

READY_S = 30.0


class Proxies:
    """A toxiproxy and its control.

    Args:
        guard: Ends it when this process ends.
        log: File for its output.
    """

    def __init__(self, guard: Guard, log: Any) -> None:
        port = free_ports(1)[0]
        self._process = Process(proxy_server(toxiproxy(), port), log, guard)
        self._http = httpx.Client(base_url=f"http://{HOST}:{port}", timeout=10.0)
        self._process.wait_until(self._answers, READY_S)

    def _answers(self) -> bool:
        try:
            return self._http.get("/version").is_success
        except httpx.HTTPError:
            return False

    def add(self, name: str, port: int, upstream: int) -> None:
        """Listen on a port, and forward to another."""
        self._post(
            "/proxies",
            {"name": name, "listen": f"{HOST}:{port}", "upstream": f"{HOST}:{upstream}"},
        )

    def refuse(self, name: str) -> None:
        """End the connections of a proxy, and refuse new ones."""
        self._post(f"/proxies/{name}", {"enabled": False})

    def malformed(self, name: str, kind: str, attributes: Mapping[str, int]) -> None:
        """Add a toxic to both directions of a proxy."""
        for stream in ("upstream", "downstream"):
            self._post(
                f"/proxies/{name}/toxics",
                {
                    "name": f"{kind}-{stream}",
                    "type": kind,
                    "stream": stream,
                    "attributes": dict(attributes),
                },
            )

    def heal(self) -> None:
        """Let all proxies listen again, and remove all toxics."""
        self._post("/reset", {})

    def close(self) -> None:
        """End the proxy server."""
        self._http.close()
        self._process.stop(READY_S)

    def _post(self, path: str, body: Mapping[str, Any]) -> None:
        self._http.post(path, json=body).raise_for_status()
