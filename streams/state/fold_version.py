"""The name of a fold: two processes of one name make the same records from one log."""

import platform
from functools import cache
from importlib.metadata import version

from streams.state.version import STATE_VERSION

FOLD_VERSION = 1
"""Rises when the same detections give other records than before: other content, other bytes or
another order. The goldens of `tests/golden` then fail, and ask for it."""

LIBRARIES = ("numpy", "numba", "scipy", "shapely", "fastavro")
"""Libraries that compute the records or write them."""


@cache
def fold_id() -> str:
    """Name of this release's fold, on this kind of machine.

    A process that takes a partition over from a fold of another name reads the topics first.
    """
    libraries = " ".join(f"{library}-{version(library)}" for library in LIBRARIES)
    return f"fold-{FOLD_VERSION} state-{STATE_VERSION} {platform.machine()} {libraries}"
