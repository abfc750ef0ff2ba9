"""Programs written in Go, built from the module proxy; Go itself is found or unpacked."""

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

from deploy.local.cache import component
from deploy.local.debian import unpack
from deploy.local.shell import run

RECIPE = 1
LEAST_MINOR = 21
"""From 1.21 on, Go fetches a newer version of itself when a module asks for it."""

SUITE = "trixie"
PACKAGES = ("golang-1.24-go", "golang-1.24-src")
UNPACKED = "usr/lib/go-1.24/bin/go"


@functools.cache
def go() -> Path:
    """The program go: this machine's when it is recent enough, else one unpacked from Debian.

    Raises:
        InstallError: No Debian mirror, or no network.
    """
    found = shutil.which("go")
    if found and _minor(found) >= LEAST_MINOR:
        return Path(found)
    return component(f"go-1.24-{RECIPE}", lambda target: unpack(SUITE, PACKAGES, target)) / UNPACKED


def build(package: str, version: str, target: Path) -> None:
    """Build a program into `target`; what the build needed is removed again.

    Args:
        package: Import path of the program.
        version: Version of its module.
        target: An existing folder.

    Raises:
        InstallError: No network, a full disk, or it does not build.
    """
    work = target / ".go"
    try:
        run(
            [str(go()), "install", "-trimpath", "-ldflags=-s -w", f"{package}@{version}"],
            what=f"building {package.rpartition('/')[2]} with Go",
            env={
                "GOBIN": str(target),
                "GOPATH": str(work / "path"),
                "GOMODCACHE": str(work / "modules"),
                "GOCACHE": str(work / "cache"),
                "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
                "GOTOOLCHAIN": "auto",
                "CGO_ENABLED": "0",
            },
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _minor(program: str) -> int:
    done = subprocess.run([program, "version"], capture_output=True, text=True, check=False)
    match = re.search(r"go1\.(\d+)", done.stdout)
    return int(match.group(1)) if match else 0
