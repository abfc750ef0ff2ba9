"""What ingest wrote of the frames of a demo: its ledger and its journal."""

import json
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

from workers.ingest.journal import Reading, read_journal


class IngestRecords:
    """Files that ingest writes for a demo.

    Args:
        folder: Folder of the files.

    Attributes:
        stopped: Cameras that the demo stopped before the end of their recordings.
    """

    def __init__(self, folder: Path) -> None:
        self._ledger = folder / "ledger.json"
        self._journal = folder / "frames.journal"
        self.stopped: set[str] = set()

    def clear(self) -> None:
        """Delete what an earlier run has left."""
        self._ledger.unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)

    @property
    def arguments(self) -> list[str]:
        """Options of ingest that name the files."""
        return ["--ledger", str(self._ledger), "--journal", str(self._journal)]

    @property
    def complete(self) -> bool:
        """Whether ingest has read every source to its end, and all that it sent is acknowledged.

        One that was asked to end earlier is started again, and resumes.
        """
        return self._ledger.exists() and all(one["complete"] for one in self._cameras())

    @property
    def journal(self) -> list[Reading]:
        """Every reading of every frame of a recording, in order."""
        return list(read_journal(self._journal))

    def not_sent(self, cameras: Collection[str]) -> Counter[str]:
        """Frames of live cameras that were read and not sent since ingest last started.

        Args:
            cameras: The live cameras.
        """
        counts: Counter[str] = Counter()
        for ledger in self._cameras() if self._ledger.exists() else ():
            if ledger["camera_id"] in cameras:
                counts.update({k: n for k, n in ledger["outcomes"].items() if k != "sent"})
        return counts

    def shortfalls(self) -> list[str]:
        """What each incomplete recording lacks, as text."""
        found = [
            f"{ledger['source']}: {ledger['shortfall']}"
            for ledger in (self._cameras() if self._ledger.exists() else ())
            if ledger["shortfall"] is not None
        ]
        return list(dict.fromkeys(found))

    def _cameras(self) -> list[dict[str, Any]]:
        """The ledger of each camera."""
        data: Any = json.loads(self._ledger.read_text())
        return list(data["cameras"])
