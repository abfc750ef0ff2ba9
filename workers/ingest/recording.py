"""Mark each record with the recording and playing it belongs to, so that a restart resumes it.

Every record of a recording carries this in its headers. Without a start time, event time starts at
the moment at which playing starts; a restarted process finds that moment here, in the camera's last
record, instead of starting again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self, TypeAlias

_IDENTITY = "recording"
_START = "recording_start_us"
_ENDED = "recording_ended"

Header: TypeAlias = str | bytes | None


def recording_identity(path: Path) -> str:
    """Identity of a recording, 16 hex digits; differs from that of an earlier file at its path.

    Raises:
        OSError: The file does not exist.
    """
    status = path.stat()
    named = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}"
    return sha256(named.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Playing:
    """One playing of a recording.

    Attributes:
        identity: The recording, from `recording_identity`.
        start_us: Event time of its first frame, UTC microseconds.
        ended: True in the last record.
    """

    identity: str
    start_us: int
    ended: bool = False

    def headers(self) -> list[tuple[str, bytes]]:
        """The headers of a record."""
        start = str(self.start_us).encode()
        headers = [(_IDENTITY, self.identity.encode()), (_START, start)]
        return [*headers, (_ENDED, b"1")] if self.ended else headers

    @classmethod
    def of(cls, headers: Mapping[str, Header] | Sequence[tuple[str, Header]] | None) -> Self | None:
        """The playing in a record's headers; None when it is not from a recording."""
        found = dict(headers or {})
        identity, start = found.get(_IDENTITY), found.get(_START)
        if not isinstance(identity, bytes) or not isinstance(start, bytes):
            return None
        return cls(identity.decode(), int(start), _ENDED in found)


def interrupted_start(
    identity: str, last: Sequence[Playing | None], since_us: int = 0
) -> int | None:
    """Start time of an interrupted playing; None when there is none to resume.

    Args:
        identity: The recording to be played.
        last: Playing of the last record of each camera that has records; None if that record is
            not from a recording.
        since_us: Earliest start of a playing that is resumed, UTC microseconds.
    """
    own = [playing for playing in last if playing is not None and playing.identity == identity]
    starts = {playing.start_us for playing in own}
    if len(own) < len(last) or len(starts) != 1 or all(playing.ended for playing in own):
        return None
    start_us = starts.pop()
    return start_us if start_us >= since_us else None
