"""Clocks that lie: the wall clock of single processes, stepped while they run.

It is the clock that Python code reads. A library that lies to the whole process (libfaketime) was
tried and is none: it does not reach the waits of librdkafka, whose deadlines are then an hour off,
and it breaks `time.sleep`.
"""

from pathlib import Path

LYING = Path(__file__).parent / "lying"
TRUE = "0"


class Clocks:
    """One file per process holds by how much its wall clock is wrong, seconds.

    Args:
        folder: Where the files lie.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def environment(self, name: str) -> dict[str, str]:
        """What a process needs so that its clock can be set."""
        file = self._file(name)
        file.write_text(TRUE)
        return {"PYTHONPATH": str(LYING), "LYING_CLOCK": str(file.resolve())}

    def step(self, name: str, seconds: float) -> None:
        """Set a process's clock wrong by some seconds, or right again with 0."""
        file = self._file(name)
        fresh = file.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(file)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.clock"
