"""In which order workers of pytest take the files: the longest early, and a mixture all the time.

Whole pipelines keep every core busy and slow each other, while tests of one component mostly wait
for a service. The workers take files from the front, so files of both kinds take turns there.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

Item = TypeVar("Item")

BUSY: Final = ("chaos", "e2e")
WAITING: Final = ("integration",)
EARLY: Final = 0.75
"""Share of the files of `WAITING` among which those of `BUSY` are spread: none of these, which take
minutes, starts when all else has ended."""


def mixed(items: Iterable[Item], file_of: Callable[[Item], str]) -> list[Item]:
    """The same items, those of one file still together and in their order.

    Args:
        items: Tests, file by file.
        file_of: The file of a test, below the folder of all suites.
    """
    files: dict[str, list[Item]] = {}
    for item in items:
        files.setdefault(file_of(item), []).append(item)
    busy = [name for name in files if name.split("/")[0] in BUSY]
    waiting = [name for name in files if name.split("/")[0] in WAITING]
    ranks = {name: EARLY * number / len(busy) for number, name in enumerate(busy)}
    ranks |= {name: number / len(waiting) for number, name in enumerate(waiting)}
    ordered = sorted(files, key=lambda name: ranks.get(name, 1.0))
    return [item for name in ordered for item in files[name]]
