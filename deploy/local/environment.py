"""The project's own Python environment, exactly as requirements.lock says."""

import contextlib
import hashlib
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from deploy.local import machine_code
from deploy.local.cache import component, exclusive
from deploy.local.shell import apt_install, run

STAMP = ".wardstream-lock"
COMPILED = Path("streams") / "domain" / "tracking"
"""Folder of the tracking core, which also holds the note that all sources are compiled."""

COMPILED_FROM = (
    "streams/domain/**/*.py",
    "streams/encoding/*.py",
    "schemas/avsc/*.avsc",
    "schemas/tracker_settings.py",
)
"""Sources of the compiled code, below the project's folder."""

FUSION = Path("streams") / "domain" / "fusion"
"""Folder of the fusion of cameras, which holds the note that it is compiled."""

ENCODING = Path("streams") / "encoding"
EVIDENCE = Path("streams") / "domain" / "evidence"

OPENCV_LIBRARIES = ("libgl1", "libglib2.0-0")


def install(root: Path) -> Path:
    """The Python of `root/.venv`, which holds the locked packages and the project itself.

    Args:
        root: The project's folder.

    Raises:
        InstallError: uv cannot be fetched, or no network.
    """
    venv = root / ".venv"
    python = venv / "bin" / "python"
    stamp = venv / STAMP
    wanted = digest(root)
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    with exclusive("environment"):
        if stamp.exists() and stamp.read_text() == wanted:
            return python
        uv = find_uv()
        if not python.exists():
            run([uv, "venv", "-q", f"--python={sys.executable}", str(venv)], what="uv venv")
        pip = [uv, "pip"]
        to = ["-q", f"--python={python}"]
        run([*pip, "sync", *to, "requirements.lock"], what="installing packages", cwd=root)
        run([*pip, "install", *to, "--no-deps", "-e", "."], what="installing wardstream", cwd=root)
        _check_opencv(python)
        stamp.write_text(wanted)
    return python


def precompile(root: Path) -> None:
    """Compile the tracking core, readers, writers and evidence, unless that is done already.

    Args:
        root: The project's folder, whose environment is complete.

    Raises:
        InstallError: It does not compile.
    """
    folders = [COMPILED, ENCODING, EVIDENCE]
    _compile_once(root, folders, COMPILED_FROM, [], "compiling the tracking core")


def precompile_fusion(root: Path) -> None:
    """The same for the fusion of cameras, which only `wardstream fuse` uses.

    Args:
        root: The project's folder, whose environment is complete.

    Raises:
        InstallError: It does not compile.
    """
    sources = (f"{FUSION}/*.py", f"{COMPILED}/*.py")
    _compile_once(root, [FUSION], sources, ["--fusion"], "compiling the fusion of cameras")


def _compile_once(
    root: Path, folders: Sequence[Path], sources: Sequence[str], options: list[str], what: str
) -> None:
    paths = sorted(path for pattern in sources for path in root.glob(pattern))
    content = b"".join(path.read_bytes() for path in paths)
    wanted = hashlib.sha256(digest(root).encode() + content).hexdigest()
    stamp = root / folders[0] / "__pycache__" / "compiled"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    lock = (root / "requirements.lock").read_bytes()
    shared = machine_code.name_of(folders, lock + content)
    machine_code.take(root, shared, folders)
    python = root / ".venv" / "bin" / "python"
    run([str(python), "-m", "streams.processor.precompile", *options], what=what, cwd=root)
    machine_code.keep(root, shared, folders)
    with contextlib.suppress(OSError):  # a folder that cannot be written keeps nothing
        stamp.write_text(wanted)


def digest(root: Path) -> str:
    """Digest that changes when the environment must; tool settings in pyproject do not count."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lock = (root / "requirements.lock").read_bytes()
    return hashlib.sha256(lock + repr((project, str(root))).encode()).hexdigest()


def find_uv() -> str:
    """Path of uv: this machine's, else one in a private environment.

    Raises:
        InstallError: It cannot be fetched.
    """
    found = shutil.which("uv")
    if (
        found
        and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0
    ):
        return found
    return str(component("uv", _install_uv) / "bin" / "uv")


def _install_uv(target: Path) -> None:
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian has it in a package of its own
    except ImportError:
        apt_install(
            ["python3-venv"],
            what="Python's venv module",
            otherwise="install the package python3-venv, or uv, or run this once with sudo",
        )
    run([sys.executable, "-m", "venv", str(target)], what="making a private environment")
    run([str(target / "bin/python"), "-m", "pip", "install", "-q", "uv"], what="installing uv")


def _check_opencv(python: Path) -> None:
    """OpenCV's wheel expects two libraries that a bare machine lacks."""
    probe = [str(python), "-c", "import cv2"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        apt_install(
            OPENCV_LIBRARIES,
            what="A library of OpenCV",
            otherwise=f"install the packages {' and '.join(OPENCV_LIBRARIES)}",
        )
        run(probe, what="importing OpenCV")
