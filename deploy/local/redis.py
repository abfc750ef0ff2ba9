"""Redis, unpacked from Debian and run as a plain process."""

import platform
from pathlib import Path

from deploy.local.cache import component
from deploy.local.debian import unpack
from deploy.local.process import Program
from deploy.services import REDIS

RECIPE = 1
SUITE = "bookworm"  # has Redis 7


def install() -> Path:
    """The folder with Redis and everything that it needs.

    Raises:
        InstallError: No Debian mirror, or no network.
    """
    return component(f"redis-{REDIS.version}-{platform.machine()}-{RECIPE}", _unpack)


def redis(installed: Path, folder: Path, port: int) -> Program:
    """Redis of one run, on 127.0.0.1 only.

    Args:
        installed: What `install` returned.
        folder: Its working folder.
        port: Port on which it listens.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = {**REDIS.settings, "bind": "127.0.0.1", "port": str(port), "dir": str(folder)}
    flags = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return Program(
        name="redis", command=(str(installed / "usr/bin/redis-server"), *flags), cwd=folder
    )


def _unpack(target: Path) -> None:
    unpack(SUITE, ["redis-server", "redis-tools"], target, programs=["usr/bin/redis-server"])
