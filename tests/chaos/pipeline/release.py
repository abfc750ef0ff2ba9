"""Another release of the program, from the project's history, and its installation.

What an operator does with it, it does itself: it makes topics, schemas, tables and facts by its own
program, before this release is installed in its place.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.cache import component
from streams.state.version import OLDEST_READ, STATE_VERSION
from tests.support.large_ward import Camera
from tests.support.paths import ROOT

INSTALL: tuple[tuple[str, ...], ...] = (
    ("topics", "create"),
    ("registry", "register"),
    ("db", "migrate"),
)
"""Step 2 of docs/runbooks/upgrade.md, and of a first installation."""

INSTALL_S, COMPILE_S = 300.0, 1200.0

SAME_RECORDS_FROM = 11
"""A release that writes states of this version or a later one makes the records that this release
makes under the same settings, but for fields that it does not have."""

_VERSION = re.compile(r"^STATE_VERSION = (\d+)", re.MULTILINE)

_REGISTER = """
import json, os, sys
from types import SimpleNamespace
from tests.support.large_ward import Camera, register
from workers.local.pipeline import settings_of

given = json.load(sys.stdin)
cameras = []
for one in given["cameras"]:
    if one["recording"] is not None:
        one["recording"] = SimpleNamespace(size=tuple(one["recording"]))
    cameras.append(Camera(**one))
print(json.dumps(register(settings_of(os.environ), cameras, given["start_us"])))
"""


_COMPILE = """
from pathlib import Path
from deploy.local.environment import precompile, precompile_fusion

precompile(Path("{folder}"))
precompile_fusion(Path("{folder}"))
"""


@dataclass(frozen=True)
class Release:
    """Another release.

    Attributes:
        revision: Revision in the project's history.
        state_version: State version of the checkpoints that it writes.
        folder: Folder with its files.
    """

    revision: str
    state_version: int
    folder: Path

    @property
    def agrees(self) -> bool:
        """Whether one fold by this release repeats what that one wrote under its own settings."""
        return self.state_version >= SAME_RECORDS_FROM

    @property
    def program(self) -> tuple[str, ...]:
        """Program that runs it."""
        return (*self._python, "-m", "workers.cli")

    @property
    def _python(self) -> tuple[str, ...]:
        return ("env", f"PYTHONPATH={self.folder}", sys.executable, "-P")

    def register(
        self, environment: Mapping[str, str], cameras: Sequence[Camera], start_us: int
    ) -> dict[str, int]:
        """Register the ward by facts as that release writes them; returns partitions by floor.

        Args:
            environment: Settings of the run.
            cameras: Cameras of the ward.
            start_us: Event time at which the input begins, microseconds.
        """
        ward = [
            {**asdict(one), "recording": one.recording and one.recording.size} for one in cameras
        ]
        given = json.dumps({"cameras": ward, "start_us": start_us})
        found: dict[str, int] = json.loads(
            self.run("-c", _REGISTER, given=given, environment=environment)
        )
        return found

    def run(
        self,
        *arguments: str,
        given: str = "",
        environment: Mapping[str, str] | None = None,
        patience_s: float = INSTALL_S,
    ) -> str:
        """What Python prints with that release's modules, after its arguments and input.

        Raises:
            subprocess.CalledProcessError: It fails.
        """
        return subprocess.run(
            [*self._python, *arguments],
            input=given,
            env={**os.environ, **(environment or {})},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=patience_s,
        ).stdout


def install(program: Sequence[str], environment: Mapping[str, str]) -> None:
    """Make topics, schemas and tables as a release has them, or bring them to it."""
    for step in INSTALL:
        subprocess.run(
            [*program, *step], env={**os.environ, **environment}, check=True, timeout=INSTALL_S
        )


def release_before(revision: str = "") -> Release:
    """Unpack an earlier release beside what is installed, and compile it as its installation does.

    It stays there for the next run.

    Args:
        revision: Revision; when empty, the newest whose checkpoints have another version.

    Raises:
        SystemExit: There is no history here, or this release cannot read the states of that one.
    """
    revision = revision or _newest_with_another_version()
    version = _state_version(revision)
    if not OLDEST_READ <= version <= STATE_VERSION:
        raise SystemExit(f"{revision} writes states of version {version}, which nobody reads here")
    whole = _git("rev-parse", revision).strip()
    folder = component(f"release-{whole}", lambda target: _unpack(whole, target))
    release = Release(_git("rev-parse", "--short", revision).strip(), version, folder)
    release.run("-c", _COMPILE.format(folder=str(folder)), patience_s=COMPILE_S)
    return release


def _unpack(revision: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "release.tar"
    archive.write_bytes(_run("git", "archive", revision))
    _run("tar", "-xf", str(archive), "-C", str(folder))
    archive.unlink()
    (folder / ".venv").symlink_to(Path(sys.prefix).resolve())


def _newest_with_another_version() -> str:
    changes = _git("log", "--format=%H", "-G", _VERSION.pattern.replace(r"\d", "[0-9]")).split()
    for revision in (f"{change}^" for change in changes):
        if _state_version(revision) not in (0, STATE_VERSION):
            return revision
    raise SystemExit("no release before this one writes states of another version")


def _state_version(revision: str) -> int:
    """State version of the checkpoints that a release writes; 0 when it states none."""
    try:
        found = _VERSION.search(_git("grep", "-hE", "^STATE_VERSION = ", revision, "--", "streams"))
    except SystemExit:
        return 0
    return int(found[1]) if found else 0


def _git(*description: str) -> str:
    return _run("git", *description).decode()


def _run(*command: str) -> bytes:
    try:
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(
            f"the release before is taken from the project's history: {error}"
        ) from error
