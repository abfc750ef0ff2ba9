"""The per-user cache of installed services, shared by every clone of the project.

A component is a folder that is either there and complete or not there at all: it is built
beside its final place and renamed when done, under a lock, so that an interrupted
install, or two at the same time, never leave half of one.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import InstallError

NEEDED_BYTES = 2 * 1024**3
"""Free space that a complete install of the services needs, temporary files included."""


def cache_dir() -> Path:
    """`WARDSTREAM_CACHE`, else `wardstream` in the user's cache folder."""
    if own := os.environ.get("WARDSTREAM_CACHE"):
        return Path(own).expanduser().resolve()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser().resolve() / "wardstream"


def component(name: str, build: Callable[[Path], None]) -> Path:
    """The folder of a component, built first when it is not there.

    Args:
        name: Folder name; holds the version, and changes when the recipe does.
        build: Function that fills an empty folder.

    Raises:
        InstallError: The disk is full, or `build` raised it.
    """
    final = cache_dir() / name
    if final.exists():
        return final
    with exclusive(name):
        if final.exists():  # someone else built it while we waited
            return final
        temporary = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache_dir()))
        try:
            temporary.chmod(0o755)
            build(temporary)
            temporary.rename(final)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise InstallError(disk_full(cache_dir())) from error
            raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return final


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Let one process of this user at a time into a block; freed when the process dies."""
    locks = cache_dir() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check_free_space() -> None:
    """Refuse an install that cannot finish.

    Raises:
        InstallError: Too little space is free below the cache folder.
    """
    cache_dir().mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(cache_dir()).free < NEEDED_BYTES:
        raise InstallError(disk_full(cache_dir()))


def disk_full(where: Path) -> str:
    """The message for a person whose disk is full."""
    free_gb = shutil.disk_usage(where).free / 1024**3
    return (
        f"Only {free_gb:.1f} GB are free below {where}: free at least "
        f"{NEEDED_BYTES / 1024**3:.0f} GB there, or set WARDSTREAM_CACHE to a folder on a "
        "larger disk."
    )
