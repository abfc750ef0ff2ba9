"""The name of a fold: two processes of one name make the same records from one log."""

import hashlib
import platform
from functools import cache
from importlib.metadata import version

from streams.stage import OUTPUTS
from streams.state.version import STATE_VERSION

FOLD_VERSION = 9
"""Rises when the same detections give other records than before: other content, other bytes or
another order. The goldens of `tests/golden` then fail, and ask for it. A new topic needs no new
number, since the names of the topics are part of the fold's name."""

LIBRARIES = ("numpy", "numba", "scipy", "shapely", "fastavro")
"""Libraries that compute the records or write them."""


@cache
def fold_id() -> str:
    """Name of this release's fold, on this kind of machine.

    A process that takes a partition over from a fold of another name reads the topics first.
    """
    libraries = " ".join(f"{library}-{version(library)}" for library in LIBRARIES)
    names = " ".join(sorted(topic.name for topic in OUTPUTS))
    topics = hashlib.blake2s(names.encode(), digest_size=4).hexdigest()
    own = f"fold-{FOLD_VERSION} state-{STATE_VERSION} topics-{topics}"
    return f"{own} {platform.machine()} {libraries}"
