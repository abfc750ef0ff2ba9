"""A folder for the data of services that end with a run of tests: in memory, where there is room.

Every test has topics and a database of its own. To create them, broker and database wait for the
disk more than a thousand times, only that the data survive a machine that stops.
"""

import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import Final

IN_MEMORY: Final = Path("/dev/shm")
"""Files here are in memory, and no write waits for a disk."""

LEAST_ROOM: Final = 6 << 30
"""Memory that must be free for the data to lie there, bytes."""

PREFIX: Final = "wardstream-test-"
_LOCK: Final = "held"


class FastFolder:
    """A new folder, deleted by `close`; what a killed run left in memory, the next one deletes.

    Attributes:
        path: The folder.
    """

    def __init__(self, memory: Path = IN_MEMORY, least_room: int = LEAST_ROOM) -> None:
        """Make it.

        Args:
            memory: Folder whose files are in memory.
            least_room: Memory that must be free for the folder to lie there, bytes.
        """
        delete_abandoned(memory)
        where = memory if room(memory) >= least_room else None
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=where))
        self._lock = (self.path / _LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def room(memory: Path) -> int:
    """Bytes that files in memory may still take, by the folder's limit and by free memory."""
    try:
        free = shutil.disk_usage(memory).free
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    available = [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")]
    return min([free, *available])


def delete_abandoned(memory: Path) -> None:
    """Delete folders whose processes have ended without doing so."""
    for lock in memory.glob(f"{PREFIX}*/{_LOCK}"):
        try:
            with lock.open() as opened:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
        except OSError:  # somebody holds it, or has just deleted it
            continue
