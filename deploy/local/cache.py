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
from runtime.process import cache

NEEDED_BYTES = 2 * 1024**3
"""Free space that a complete install of the services needs, temporary files included."""


def cache_dir() -> Path:
    """`WARDSTREAM_CACHE`, else `wardstream` in the user's cache folder.

    Raises:
        InstallError: The user has no home folder.
    """
    try:
        return cache.cache_dir()
    except RuntimeError as error:
        raise InstallError(
            f"This user (number {os.getuid()}) has no home folder for what is installed: set "
            "WARDSTREAM_CACHE to a folder of its own."
        ) from error


def _made(folder: Path) -> Path:
    """A folder below the cache, made if it is missing.

    Raises:
        InstallError: It cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InstallError(
            f"{folder} cannot be made ({error.strerror}): set WARDSTREAM_CACHE to a folder that "
            "this user may write."
        ) from error
    if not os.access(folder, os.W_OK):
        raise InstallError(
            f"{folder} cannot be written: set WARDSTREAM_CACHE to a folder that this user may "
            "write."
        )
    return folder


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
        temporary = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=_made(cache_dir())))
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
    locks = _made(cache_dir() / "locks")
    with (locks / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check_free_space() -> None:
    """Refuse an install that cannot finish.

    Raises:
        InstallError: Too little space is free below the cache folder.
    """
    _made(cache_dir())
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
