"""Run the tools of an install, and turn their failures into a sentence."""

import errno
import os
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.errors import InstallError

NETWORK_SIGNS = (
    "could not resolve",
    "temporary failure resolving",
    "temporary failure in name resolution",
    "unknown host",
    "connection refused",
    "network is unreachable",
    "failed to fetch",
    "could not transfer",
    "connection timed out",
    "dns error",
    "enotfound",
    "eai_again",
    "econnrefused",
    "econnreset",
    "etimedout",
)

_apt_lock = threading.Lock()


def run(
    command: Sequence[str],
    *,
    what: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    hint: str = "see the lines above",
) -> str:
    """Run a command to its end and return its standard output.

    Args:
        command: The program and its arguments.
        what: What it does, for the message: "fetching Kafka from Maven".
        cwd: Working folder.
        env: Variables added to the environment.
        hint: What a person should do when it fails for no known reason.

    Raises:
        InstallError: The command failed; the message says so when network or disk is the cause.
    """
    try:
        done = subprocess.run(
            list(command),
            cwd=cwd,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise InstallError(f"{what} needs {command[0]}, which is not installed: {hint}.") from error
    if done.returncode == 0:
        return done.stdout
    output = (done.stdout + done.stderr).strip()
    tail = "\n".join(output.splitlines()[-15:])
    lowered = output.lower()
    if os.strerror(errno.ENOSPC).lower() in lowered:
        hint = "free some space on this disk, then try again"
    elif any(sign in lowered for sign in NETWORK_SIGNS):
        hint = "check the network (or proxy) of this machine, then try again"
    raise InstallError(f"{tail}\n{what} failed (exit status {done.returncode}): {hint}.")


def apt_install(packages: Sequence[str], *, what: str, otherwise: str) -> None:
    """Install Debian packages on this machine, without starting their services.

    Args:
        packages: Package names.
        what: What they are for, for the message.
        otherwise: What to do where apt or the right to use it is missing.

    Raises:
        InstallError: There is no apt, no root, or apt failed.
    """
    if shutil.which("apt-get") is None:
        raise InstallError(f"{what} is missing and this machine has no apt: {otherwise}.")
    if os.geteuid() != 0:
        raise InstallError(f"{what} is missing: {otherwise}.")
    apt = ("apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=120")
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    with _apt_lock:
        run([*apt, "update"], what="apt-get update", env=quiet, hint=otherwise)
        run(
            [*apt, "install", "--no-install-recommends", *packages],
            what=f"installing {' '.join(packages)}",
            env=quiet,
            hint=otherwise,
        )
