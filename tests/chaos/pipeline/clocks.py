"""Wrong clocks: the wall clock of single processes is stepped while they run.

Only the clock that Python code reads is wrong. libfaketime, which changes the clock of the whole
process, was tried and does not work: it misses the waits of librdkafka, whose deadlines are then an
hour off, and it breaks `time.sleep`.
"""

from pathlib import Path

LYING = Path(__file__).parent / "lying"
TRUE = "0"


class Clocks:
    """Wall clocks of processes: a file for each holds its error, seconds.

    Args:
        folder: Folder for the files.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def environment(self, name: str) -> dict[str, str]:
        """Environment variables of a process whose clock can be set."""
        file = self._file(name)
        file.write_text(TRUE)
        return {"PYTHONPATH": str(LYING), "LYING_CLOCK": str(file.resolve())}

    def step(self, name: str, seconds: float) -> None:
        """Set the error of a process's clock, seconds; 0 makes it right again."""
        file = self._file(name)
        fresh = file.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(file)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.clock"
