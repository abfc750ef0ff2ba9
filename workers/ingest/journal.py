"""Journal of the frames of recordings: what became of each, kept when the process is killed.

A ledger counts what one process has read. A recording that is resumed is read again from its first
frame, so counts of two processes cannot be added; lines of the journal can, by number of the frame.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from runtime.errors import Stop


class Reading(NamedTuple):
    """One reading of one frame.

    Attributes:
        camera_id: The camera.
        number: Number of the frame in its recording; the first is 0.
        captured_us: Event time, UTC microseconds; None where it was not found out.
        outcome: Outcome of the reading, as in the ledger.
    """

    camera_id: str
    number: int
    captured_us: int | None
    outcome: str


class FrameJournal:
    """Appends lines to a file, each with a write of its own.

    Args:
        path: File to append to; its folder is created.

    Raises:
        Stop: The file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: a line is in the file when `note` returns, and threads do not mix theirs.
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise Stop(f"journal {path} cannot be written: {error.strerror}") from error
        if path.stat().st_size:
            self._file.write(b"\n")  # a line that a kill has cut short ends here

    def note(self, reading: Reading) -> None:
        """Append a line."""
        self._file.write(json.dumps(reading, separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_journal(path: Path) -> Iterator[Reading]:
    """All lines, oldest first; what a kill has cut short is no line.

    Args:
        path: File that ingest appends to; it may not be there yet.
    """
    if not path.exists():
        return
    for text in path.read_text().splitlines():
        try:
            camera_id, number, captured_us, outcome = json.loads(text)
        except ValueError:
            continue
        yield Reading(camera_id, number, captured_us, outcome)
