"""Ledger of what happened to each frame read: the outcomes sum to the frames of the source."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from runtime.process.metrics import INGEST_FRAMES, INGEST_TIMES_MENDED
from workers.ingest.journal import FrameJournal, Reading

FrameOutcome = Literal[
    "sent",
    "thinned",
    "undecodable",
    "behind",
    "masked_out",
    "before_resume",
    "out_of_order",
    "in_future",
    "camera_removed",
    "wrong_size",
    "store_unavailable",
]
"""
sent               in the topic, acknowledged
thinned            between two frames at the chosen rate
undecodable        the decoder gave no sound picture
behind             live mode: more than a second late, or the pipeline was full
masked_out         the privacy masks leave nothing of the picture
before_resume      already in the topic from before a restart
out_of_order       not later than the frame before it
in_future          live: the camera's records in the topic are ahead of the wall clock
camera_removed     no version of the camera is in force at that time
wrong_size         the picture is not of the size that masks and zones are drawn for
store_unavailable  live mode: too large to go inline, and the object store is out of reach
"""


@dataclass(slots=True)
class FrameLedger:
    """Frame counts of one camera.

    Attributes:
        camera_id: The camera.
        source: Its source, without credentials.
        read: Frames that the source gave, decodable or not.
        outcomes: Frames by outcome; their sum is `read`.
        heartbeats: Heartbeats sent.
        reconnects: Times that a lost stream was opened again.
        complete: True when the source was read to its end.
        mended: Frames whose own stamp was impossible or missing; included in `read`.
        gaps: Gaps in a recording: a second or more, and five times its usual step.
        gap_us: Their total length, microseconds.
        shortfall: What a recording lacks at its end; None when nothing is known to be missing.
        journal: Receives every frame with its number; None keeps counts only.
    """

    camera_id: str
    source: str
    read: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    heartbeats: int = 0
    reconnects: int = 0
    complete: bool = False
    mended: int = 0
    gaps: int = 0
    gap_us: int = 0
    shortfall: str | None = None
    journal: FrameJournal | None = None

    def count(self, outcome: FrameOutcome, captured_us: int | None = None) -> None:
        """Count a frame that was read.

        Args:
            outcome: Outcome of the reading, such as `sent`.
            captured_us: Its event time, UTC microseconds; None where it is not known.
        """
        if self.journal is not None:
            self.journal.note(Reading(self.camera_id, self.read, captured_us, outcome))
        self.read += 1
        self.outcomes[outcome] += 1
        INGEST_FRAMES.labels(self.camera_id, outcome).inc()

    def count_mended(self) -> None:
        """Count a frame whose own stamp could not be used."""
        self.mended += 1
        INGEST_TIMES_MENDED.labels(self.camera_id).inc()

    def summary(self) -> dict[str, Any]:
        """The ledger as plain data, including outcomes whose count is 0."""
        return {
            "camera_id": self.camera_id,
            "source": self.source,
            "read": self.read,
            "outcomes": {name: self.outcomes[name] for name in get_args(FrameOutcome)},
            "heartbeats": self.heartbeats,
            "reconnects": self.reconnects,
            "complete": self.complete,
            "mended": self.mended,
            "gaps": self.gaps,
            "gap_s": round(self.gap_us / 1e6, 3),
            "shortfall": self.shortfall,
        }
