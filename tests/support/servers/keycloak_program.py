"""Hold a Keycloak until a process ends: `python -m … FOLDER PID`; see `keycloak`."""

import os
import sys
from pathlib import Path

from deploy.local import keycloak
from deploy.local.state import start_ticks
from runtime.clock import SystemClock
from tests.support.servers.keycloak import Provider, realm_of
from tests.support.servers.standing import StandingServer

POLL_S = 0.5


def main(folder: Path, pid: int) -> None:
    """Start it, write down how to reach it, and stop it when process `pid` has ended."""
    began = start_ticks(pid)
    installed, provider = keycloak.install(), Provider.new()
    realm = realm_of(provider).representation()
    data = folder / "keycloak"
    data.mkdir()
    server = StandingServer(
        lambda port: keycloak.server(installed, data, port, realm, any_address=True),
        keycloak.answers,
        folder / "keycloak.log",
    )
    with server:
        provider.at_port(server.port).write(folder)
        clock = SystemClock()
        while began is not None and start_ticks(pid) == began:
            clock.sleep(POLL_S)


if __name__ == "__main__":
    os.umask(0o077)
    main(Path(sys.argv[1]), int(sys.argv[2]))
