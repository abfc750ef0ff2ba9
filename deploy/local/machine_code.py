"""Machine code of the project's own functions, shared by all checkouts of a user.

numba keeps it in each checkout, in `__pycache__/NAME-DIGEST/PACKAGE_PATH` beside the sources: the
digest is that of all sources it follows from (`streams.domain.jit`), PATH a digest of the folder's
own path. A fresh checkout takes what another has compiled from the same sources. numba itself
checks what it loads, and compiles again what is for another processor or release.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from deploy.local.cache import cache_dir, component

KEPT = 24
"""Sets of machine code that stay in the cache of the user, about 2 MB each."""


def take(root: Path, name: str, folders: Sequence[Path]) -> None:
    """Copy kept machine code into a checkout; nothing where none is kept.

    Args:
        root: The checkout.
        name: Name of the set, from `name_of`.
        folders: Folders with compiled sources, below the checkout.
    """
    kept = cache_dir() / name
    for folder in folders:
        for made in sorted((kept / folder).glob("*")):
            target = _beside(root, folder) / made.name / _folder_name(root, folder)
            if not any(target.glob("*")):  # numba makes the folder when the source is imported
                with contextlib.suppress(OSError):  # it is compiled instead
                    shutil.copytree(made, target, dirs_exist_ok=True)


def keep(root: Path, name: str, folders: Sequence[Path]) -> None:
    """Keep the newest machine code of a checkout for others; nothing where there is none."""
    newest = {}
    for folder in folders:
        named = _beside(root, folder).glob("*-*")
        for made in sorted(named, key=lambda path: path.stat().st_mtime):
            compiled = made / _folder_name(root, folder)
            if any(compiled.glob("*")):
                newest[folder / made.name.rpartition("-")[0]] = (folder / made.name, compiled)

    def copy(target: Path) -> None:
        for kept, made in newest.values():
            shutil.copytree(made, target / kept)

    if newest:
        component(name, copy)
        _forget()


def name_of(folders: Sequence[Path], content: bytes) -> str:
    """The name of a set of machine code, by its folders and all that it follows from."""
    return f"compiled-{folders[0].name}-{hashlib.sha256(content).hexdigest()[:32]}"


def _forget() -> None:
    sets = sorted(cache_dir().glob("compiled-*"), key=lambda path: path.stat().st_mtime)
    for old in sets[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _beside(root: Path, folder: Path) -> Path:
    return root / folder / "__pycache__"


def _folder_name(root: Path, folder: Path) -> str:
    """The folder's name for a checkout, as numba makes it."""
    path = os.path.abspath(root / folder)  # noqa: PTH100 - numba resolves no link either
    return f"{folder.name}_{hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()}"
