"""The name of what makes the bytes: two processes of one name make the same records of one log."""

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

from streams.state.version import STATE_VERSION

ROOT = Path(__file__).resolve().parents[2]

DECIDING = (
    "streams/domain/**/*.py",
    "streams/encoding/**/*.py",
    "streams/processor/pipeline_fold.py",
    "streams/state/published.py",
    "streams/processor/fact_source.py",
    "schemas/records.py",
    "schemas/codec.py",
    "schemas/int_range.py",
    "schemas/avsc/*.avsc",
)
"""Sources that decide which records are made, and their bytes."""

LIBRARIES = ("numpy", "numba", "scipy", "shapely", "fastavro")
"""Those that compute or write them."""

_HEX = 16


@cache
def fold_id() -> str:
    """Name of this release's fold.

    Whoever changes as much as a comment in the sources gives it another name; that costs one look
    into the topics when a partition is taken over, and keeps this simple.
    """
    return name_of(ROOT)


def name_of(root: Path) -> str:
    """Name of the fold whose sources lie in a folder.

    Args:
        root: The folder above `streams`.

    Raises:
        FileNotFoundError: There are no sources of one kind.
    """
    whole = hashlib.blake2b(digest_size=_HEX // 2)
    for pattern in DECIDING:
        paths = sorted(path.relative_to(root).as_posix() for path in root.glob(pattern))
        if not paths:
            raise FileNotFoundError(f"{root / pattern}: the name of the fold is made of sources")
        for path in paths:
            source = (root / path).read_bytes()
            whole.update(f"{path} {len(source)}\n".encode())
            whole.update(source)
    for library in LIBRARIES:
        whole.update(f"{library} {version(library)}\n".encode())
    whole.update(f"{STATE_VERSION} {platform.machine()}\n".encode())
    return whole.hexdigest()
