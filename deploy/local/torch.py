"""Torch and ultralytics on the CPU: `python -m deploy.local.torch ARGUMENTS OF PYTHON`.

Torch comes from Debian, where its packages are a tenth of those of PyPI, with the Python that it
was built for; ultralytics comes from PyPI, without the torch that it asks for. Both are in the
cache and apart from the project's environment, which holds another numpy.
"""

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.local.cache import component
from deploy.local.debian import NEVER, private_apt, unpack
from deploy.local.environment import find_uv
from deploy.local.errors import InstallError
from deploy.local.shell import run

RECIPE = 1
SUITE = "bookworm"
PACKAGES = ("python3-torch", "python3-torchvision")
PYTHON = "usr/bin/python3.11"
PYTHON_VERSION = "3.11"

ULTRALYTICS = "ultralytics==8.4.190"
FROM_PYPI = (
    ULTRALYTICS,
    "numpy==1.26.4",
    "opencv-python-headless==4.11.0.86",
    "pytest==9.2.0",
    "pytest-timeout==2.4.0",
)
LEFT_OUT = ("torch", "torchvision", "opencv-python")
"""What ultralytics asks for and finds in another form."""

_UNNEEDED = ("hypothesis", "lib2to3", "libgl1-mesa-dri", "libtorch-test")


def install() -> tuple[Path, Path]:
    """Folders of Debian's torch, and of what comes from PyPI.

    Raises:
        InstallError: No Debian mirror, or no network.
    """
    return (
        component(f"torch-{platform.machine()}-{RECIPE}", _unpack_torch),
        component(f"{ULTRALYTICS.replace('==', '-')}-{RECIPE}", _install_ultralytics),
    )


def environment(torch: Path, packages: Path) -> dict[str, str]:
    """Variables under which Debian's Python finds itself, the project and the packages.

    Args:
        torch: Folder of Debian's torch.
        packages: Folder of what comes from PyPI.
    """
    root = Path(__file__).resolve().parents[2]
    return {
        **os.environ,
        "PYTHONHOME": str(torch / "usr"),
        "PYTHONPATH": os.pathsep.join(map(str, (root, packages))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "YOLO_CONFIG_DIR": tempfile.gettempdir(),
        "YOLO_OFFLINE": "true",
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Python with torch; returns its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        torch, packages = install()
    except InstallError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    done = subprocess.run(
        [str(torch / PYTHON), *given], env=environment(torch, packages), check=False
    )
    return done.returncode


def _unpack_torch(target: Path) -> None:
    plan = run(
        ["apt-get", "install", "-s", "--no-install-recommends", *PACKAGES],
        what="planning torch",
        env=private_apt(SUITE),
    )
    names = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
    wanted = [
        name
        for name in names
        if name.startswith(("lib", "python3", "zlib1g", "ocl-icd"))
        and not NEVER.search(name)
        and not any(part in name for part in _UNNEEDED)
    ]
    unpack(SUITE, wanted, target, programs=[PYTHON], complete=True)


def _install_ultralytics(target: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as overrides:
        overrides.writelines(f'{name} ; python_version < "3"\n' for name in LEFT_OUT)
        overrides.flush()
        command = [find_uv(), "pip", "install", "-q", f"--python-version={PYTHON_VERSION}"]
        command += [f"--python={sys.executable}", f"--target={target}"]
        command += [f"--override={overrides.name}", *FROM_PYPI]
        run(command, what="installing ultralytics")


if __name__ == "__main__":
    sys.exit(main())
