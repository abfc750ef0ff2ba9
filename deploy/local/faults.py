"""A fault injector for tests: toxiproxy, a proxy that disturbs connections."""

import platform
from pathlib import Path

from deploy.local import golang
from deploy.local.cache import component
from deploy.local.process import Program

TOXIPROXY = "v2.12.0"
PACKAGE = "github.com/Shopify/toxiproxy/v2/cmd/server"
RECIPE = 1


def toxiproxy() -> Path:
    """The toxiproxy server, built with Go when it is not there.

    Raises:
        InstallError: No network, or no Go and no Debian mirror.
    """
    name = f"toxiproxy-{TOXIPROXY}-{platform.machine()}-{RECIPE}"
    return component(name, lambda target: golang.build(PACKAGE, TOXIPROXY, target)) / "server"


def proxy_server(program: Path, port: int) -> Program:
    """A toxiproxy without proxies; they are made through its API.

    Args:
        program: What `toxiproxy` returned.
        port: Port of its API.
    """
    return Program(
        name="toxiproxy",
        command=(str(program), "-host", "127.0.0.1", "-port", str(port)),
        environment={"LOG_LEVEL": "error"},
    )
