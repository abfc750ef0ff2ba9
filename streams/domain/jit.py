"""Compilation of functions over arrays, cached on disk across processes.

numba notices a change to the file that defines a function, but not to a file whose functions or
constants it uses. The cache folder is therefore named by a hash of all given sources: after an
edit of a constant, its users are compiled again. The folder is below `NUMBA_CACHE_DIR`, beside the
sources, or below the folder for caches of the user: the first of them that can be written. Where
none can, each process compiles for itself.

Neither fastmath nor threads: the same input gives the same bits.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar, cast

import numba

_config: Any = numba.config  # its names and the wrapper option are not in numba's type hints
_njit: Any = numba.njit
_Function = TypeVar("_Function", bound=Callable[..., object])


class Compiler:
    """Compiles the functions of given source files.

    Args:
        name: Name of the cache.
        sources: Every file that the functions depend on; the cache is beside the first.
    """

    def __init__(self, name: str, sources: Sequence[Path]) -> None:
        whole = blake2b(digest_size=8)
        for path in sources:
            whole.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        folders = _folders(sources[0].parent / "__pycache__")
        named = [folder / f"{name}-{whole.hexdigest()}" for folder in folders]
        self.cache_dir = next(filter(_can_be_written, named), None)

    @property
    def is_cached(self) -> bool:
        """Whether compiled code of these sources is on disk."""
        return self.cache_dir is not None and any(self.cache_dir.rglob("*.nbc"))

    def compiled(self, function: _Function) -> _Function:
        """Compile a function that other compiled ones call; it becomes part of their code."""
        return cast("_Function", _njit(no_cfunc_wrapper=True)(function))

    def kernel(self, function: _Function) -> _Function:
        """Compile a function that makes no array; arrays are not counted in it, which is faster.

        It may take parts of arrays that it was given, and returns none. A division by zero gives
        an infinity or no number, as numpy's does.
        """
        options = {"_nrt": False, "error_model": "numpy", "no_cfunc_wrapper": True}
        return cast("_Function", _njit(**options)(function))

    def entry(self, function: _Function) -> _Function:
        """Compile a function that Python calls, at its first call, or load it from the cache."""
        if self.cache_dir is None:
            return cast("_Function", _njit(no_cfunc_wrapper=True)(function))
        before = _config.CACHE_DIR
        _config.CACHE_DIR = str(self.cache_dir)
        try:
            return cast("_Function", _njit(cache=True, no_cfunc_wrapper=True)(function))
        finally:
            _config.CACHE_DIR = before


def _folders(beside: Path) -> Iterator[Path]:
    """Folders for compiled code, best first."""
    if _config.CACHE_DIR:
        yield Path(_config.CACHE_DIR)
    yield beside
    with suppress(RuntimeError):  # a user without a home
        yield Path.home() / ".cache" / "wardstream" / "numba"


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
