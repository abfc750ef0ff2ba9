"""One Python environment per library, outside the tree, made when first needed.

Each library gets its own versions of numpy and the rest; none of them touches the project's
environment.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")


class NoPeers(Exception):
    """The libraries to compare with cannot be had here."""


@dataclass(frozen=True, slots=True)
class Library:
    """One library.

    Attributes:
        name: Of its environment.
        packages: Pinned.
        trackers: That it offers, as `worker.py` calls them.
    """

    name: str
    packages: tuple[str, ...]
    trackers: tuple[str, ...]

    @property
    def version(self) -> str:
        """`package==version` of the library itself."""
        return self.packages[0]


LIBRARIES = (
    Library(
        "trackers",
        ("trackers==2.6.1", "supervision==0.31.2"),
        ("trackers-sort", "trackers-bytetrack", "trackers-ocsort", "trackers-cbiou"),
    ),
    Library("supervision", ("supervision==0.27.0",), ("supervision-bytetrack",)),
    Library("norfair", ("norfair==2.3.0", "numpy<2"), ("norfair",)),
    Library("ultralytics", ("ultralytics==8.4.190", "lap==0.5.13"), ("ultralytics-bytetrack",)),
)

PEERS = tuple(tracker for library in LIBRARIES for tracker in library.trackers)


def cache_folder() -> Path:
    """Where environments and scores are kept, beside the installed services."""
    given = os.environ.get("WARDSTREAM_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(given) if given else Path(base) / "wardstream") / "bench-tracking"


def library_of(tracker: str) -> Library:
    """The library that offers a tracker."""
    return next(library for library in LIBRARIES if tracker in library.trackers)


def python_of(library: Library) -> Path:
    """The library's Python; its environment is made first where there is none.

    Raises:
        NoPeers: Says what is missing.
    """
    folder = cache_folder() / "environments" / "-".join(library.packages).replace("<", "below")
    done = folder / "complete"
    if not done.exists():
        uv = shutil.which("uv")
        if uv is None:
            raise NoPeers(
                "uv is needed to install the libraries to compare with, and is not on the path"
            )
        python = folder / "bin" / "python"
        for command in (
            [uv, "venv", "--quiet", "--clear", "--python", "3.11", str(folder)],
            [uv, "pip", "install", "--quiet", "--python", str(python), *library.packages],
        ):
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            if made.returncode != 0:
                raise NoPeers(
                    f"{library.version} cannot be installed: {made.stderr.strip()[-500:]}"
                )
        done.touch()
    return folder / "bin" / "python"
