"""Services from plain processes or from containers: whichever this machine can run."""

import os
import sys
from pathlib import Path

from deploy.local.docker import DockerServices, engine_runs
from deploy.local.errors import InstallError, LaunchError
from deploy.local.install import install_services
from deploy.local.launcher import LocalServices

CHOICES = ("local", "docker")


def services_for(run_dir: Path, *, fresh: bool = False) -> LocalServices | DockerServices:
    """All services of a run directory, not yet started.

    `WARDSTREAM_ENGINE` chooses (`local`, `docker`); unset, plain processes are taken, and
    containers only where those cannot be installed and a Docker engine runs.

    Args:
        run_dir: Where data and logs live.
        fresh: Delete the data of an earlier run first.

    Raises:
        LaunchError: Neither is possible here, or the setting is misspelt.
    """
    wanted = os.environ.get("WARDSTREAM_ENGINE", "")
    if wanted not in {"", *CHOICES}:
        raise LaunchError(
            f"WARDSTREAM_ENGINE is {wanted!r}: set it to {' or '.join(CHOICES)}, or unset it."
        )
    if wanted == "docker":
        return DockerServices(run_dir, fresh=fresh)
    try:
        install_services()
    except InstallError as error:
        if wanted == "local" or not engine_runs():
            raise
        print(f"{error}\nStarting the services with Docker instead.", file=sys.stderr)
        return DockerServices(run_dir, fresh=fresh)
    return LocalServices(run_dir, fresh=fresh)
