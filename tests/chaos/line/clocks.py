"""Clocks that lie: the wall clock of single processes, stepped while they run."""

from pathlib import Path

from deploy.local.faults import faketime

TRUE = "+0"


class Clocks:
    """One file per process holds by how much its wall clock is wrong.

    Monotonic clocks are left alone, as a step of the real clock leaves them.

    Args:
        folder: Where the files lie.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._library = faketime()

    def environment(self, name: str) -> dict[str, str]:
        """What a process needs so that its clock can be set."""
        file = self._file(name)
        file.write_text(TRUE)
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(file.resolve()),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def step(self, name: str, seconds: float) -> None:
        """Set a process's clock wrong by some seconds, or right again with 0."""
        file = self._file(name)
        fresh = file.with_suffix(".new")
        fresh.write_text(f"{seconds:+.0f}" if seconds else TRUE)
        fresh.replace(file)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.clock"
