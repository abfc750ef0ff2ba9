"""An upgrade while the pipeline runs: this release replaces the one before, worker by worker.

Workers of the earlier release are asked to end, or killed. That release is the real one from the
project's history: the newest one with another state version that this release reads.
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from signal import SIGCONT

from streams.state.version import OLDEST_READ, STATE_VERSION
from tests.chaos.pipeline.moments import running
from tests.chaos.pipeline.pipeline import ORDERLY_S, WARDSTREAM, AttackedPipeline
from tests.support.paths import ROOT

_VERSION = re.compile(r"^STATE_VERSION = (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Release:
    """Another release of the stream processor.

    Attributes:
        revision: Revision in the project's history.
        state_version: State version of the checkpoints that it writes.
        program: Program that runs it.
    """

    revision: str
    state_version: int
    program: tuple[str, ...]


def release_before(folder: Path, revision: str = "") -> Release:
    """Unpack an earlier release.

    Args:
        folder: Folder to unpack into.
        revision: Revision; when empty, the newest whose checkpoints have another version.

    Raises:
        SystemExit: There is no history here, or this release cannot read the states of that one.
    """
    revision = revision or _newest_with_another_version()
    version = _state_version(revision)
    if not OLDEST_READ <= version <= STATE_VERSION:
        raise SystemExit(f"{revision} writes states of version {version}, which nobody reads here")
    folder.mkdir(parents=True)
    archive = folder / "release.tar"
    archive.write_bytes(_run("git", "archive", revision))
    _run("tar", "-xf", str(archive), "-C", str(folder))
    return Release(
        _git("rev-parse", "--short", revision).strip(),
        version,
        ("env", f"PYTHONPATH={folder}", sys.executable, "-P", "-m", "workers.cli"),
    )


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


def upgrade(pipeline: AttackedPipeline, chance: Random) -> bool:
    """End one stream processor after the other, and start this release in its place.

    A process of the earlier release that gets a newer state refuses it and ends, as it must; it is
    replaced in its turn.
    """
    came = True
    for name in pipeline.streams:
        pipeline.kill(name, SIGCONT)  # not to be started again by itself
    for name in pipeline.streams:
        came = running(pipeline, name, chance) and came
        pipeline.supervisor.stop(name, deadline_s=ORDERLY_S)
        pipeline.replace(name, WARDSTREAM)
        pipeline.ready(name)
    return came


def upgrade_killed(pipeline: AttackedPipeline, chance: Random) -> bool:
    """Kill one stream processor after the other, and start this release in its place.

    Records that each has sent after its checkpoint stay valid, and later records must follow them.
    """
    came = True
    for name in pipeline.streams:
        pipeline.kill(name, SIGCONT)  # not to be started again by itself
    for name in pipeline.streams:
        came = running(pipeline, name, chance) and came
        pipeline.kill(name)
        pipeline.replace(name, WARDSTREAM)
        pipeline.ready(name)
    return came


def _git(*description: str) -> str:
    return _run("git", *description).decode()


def _run(*command: str) -> bytes:
    try:
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(
            f"the release before is taken from the project's history: {error}"
        ) from error
