"""Compilation of the tracking core, kept on disk from one process to the next.

numba notices a change of the file that defines a function, and not one of a file whose functions
it calls. The cache therefore lies in a folder named after all the sources of this package: an
edited constant is compiled anew. The folder is beside the sources, or below `NUMBA_CACHE_DIR`;
where neither can be written, numba takes a folder of the user's.

Neither fastmath nor threads: the same input gives the same bits.
"""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

_HERE: Final = Path(__file__).parent
_config: Any = numba.config  # its names and the wrapper option are not in numba's type hints
_njit: Any = numba.njit
_Function = TypeVar("_Function", bound=Callable[..., object])


def _digest() -> str:
    """Of every source of the package, by name."""
    whole = blake2b(digest_size=8)
    for path in sorted(_HERE.glob("*.py")):
        whole.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


CACHE_DIR: Final = Path(_config.CACHE_DIR or _HERE / "__pycache__") / f"tracking-{_digest()}"
"""Where the machine code is kept."""


def compiled(function: _Function) -> _Function:
    """Compile a function that other compiled ones call; it becomes part of their machine code."""
    return cast("_Function", _njit(no_cfunc_wrapper=True)(function))


def entry(function: _Function) -> _Function:
    """Compile a function that Python calls, at its first call, or load it from the cache."""
    before = _config.CACHE_DIR
    _config.CACHE_DIR = str(CACHE_DIR)
    try:
        return cast("_Function", _njit(cache=True, no_cfunc_wrapper=True)(function))
    finally:
        _config.CACHE_DIR = before
