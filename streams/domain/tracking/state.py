"""What is remembered of one camera: a value that packs into bytes and back."""

import struct
from typing import Final

import numpy as np

from streams.domain.tracking.tables import (
    ENDED_MAX,
    ENDED_TRACK,
    STORED_ENDED_TRACK,
    STORED_SUMMARY,
    STORED_TRACK,
    SUMMARY,
    TRACK,
)
from streams.domain.tracking.types import Structured

FORMAT: Final = 5
"""Rises when a field of a table changes."""

_SUMMARY, _TRACK, _ENDED = (
    len(dtype.names or ()) for dtype in (STORED_SUMMARY, STORED_TRACK, STORED_ENDED_TRACK)
)
_SUMMARIES: Final = {2: 4, 3: 6, 4: 6, FORMAT: _SUMMARY}
"""Numbers in the summary, by the formats that are read: format 2 has nothing of the camera, and
those before 5 do not say when people were last looked for."""

_PRESENCE: Final = 4
"""From this format on, a track holds how well it was seen."""
_SINCE_4: Final = ("evidence", "presence")
_OLD_TRACK: Final = np.dtype(
    [(name, "<f8") for name in STORED_TRACK.names or () if name not in _SINCE_4]
)
"""A track of formats 2 and 3: how well it was seen is not in it."""

_LEAD: Final = struct.Struct("<BBBBII")
_MIN_CAPACITY: Final = 16
_FLOAT: Final = np.dtype("<f8")


class UnreadableState(ValueError):
    """Bytes that are no state of this format."""


class TrackerState:
    """Everything a tracker remembers: a summary, live tracks, and tracks that ended lately.

    Attributes:
        summary: Shape `(1,)` of `SUMMARY`: next id, event time, counts.
        tracks: Shape `(C,)` of `TRACK`: live tracks by id, then room for more.
        ended: Shape `(ENDED_MAX,)` of `ENDED_TRACK`: ended tracks by end, then room for more.
    """

    __slots__ = ("ended", "summary", "tracks")

    def __init__(self) -> None:
        self.summary = np.zeros(1, SUMMARY)
        self.summary["next_id"] = 1
        self.tracks = np.zeros(_MIN_CAPACITY, TRACK)
        self.ended = np.zeros(ENDED_MAX, ENDED_TRACK)

    @property
    def as_of_us(self) -> int:
        """Event time of the newest frame, microseconds; 0 before the first."""
        return int(self.summary["as_of_us"][0])

    @property
    def live(self) -> int:
        """Number of tracks that have not ended."""
        return int(self.summary["live_count"][0])

    def states(self) -> list[tuple[int, int]]:
        """Id and `TrackState` of each live track, by id."""
        tracks = self.tracks[: self.live]
        return list(zip(tracks["id"].tolist(), tracks["state"].tolist(), strict=True))

    def reserve(self, needed: int) -> None:
        """Make room for that many tracks; give room back that a crowd has left empty."""
        capacity = len(self.tracks)
        if needed > capacity or (capacity > _MIN_CAPACITY and needed * 8 < capacity):
            tracks = np.zeros(max(_MIN_CAPACITY, 2 * needed), TRACK)
            tracks[: self.live] = self.tracks[: self.live]
            self.tracks = tracks

    def pack(self) -> bytes:
        """The state as bytes: equal states give equal bytes."""
        _, _, live, ended, *_ = self.summary.item()
        return b"".join(
            (
                _LEAD.pack(FORMAT, _SUMMARY, _TRACK, _ENDED, live, ended),
                self.summary.astype(STORED_SUMMARY).tobytes(),
                self.tracks[:live].astype(STORED_TRACK).tobytes(),
                self.ended[:ended].astype(STORED_ENDED_TRACK).tobytes(),
            )
        )

    @classmethod
    def unpack(cls, data: bytes) -> "TrackerState":
        """Read a packed state.

        Raises:
            UnreadableState: The format is not read, or the bytes are cut off.
        """
        if len(data) < _LEAD.size:
            raise UnreadableState("a tracker's state is cut off before its head ends")
        version, summary, track, ended_track, live, ended = _LEAD.unpack_from(data)
        stored = STORED_TRACK if version >= _PRESENCE else _OLD_TRACK
        width = len(stored.names or ())
        if (summary, track, ended_track) != (_SUMMARIES.get(version), width, _ENDED):
            raise UnreadableState(
                f"a tracker's state of format {version} with {track} columns; "
                f"this release reads format {FORMAT} with {_TRACK}"
            )
        numbers = np.frombuffer(data, _FLOAT, offset=_LEAD.size)
        if len(numbers) != summary + live * track + ended * ended_track:
            raise UnreadableState(f"a tracker's state of {live} tracks is {len(data)} bytes long")
        state = cls()
        whole = np.zeros(_SUMMARY)  # what an older format does not have begins at 0
        whole[:summary] = numbers[:summary]
        state.summary[:] = whole.view(STORED_SUMMARY)
        if summary < _SUMMARY:  # the newest frame is taken for a look
            state.summary["looked_us"] = state.summary["as_of_us"]
        if live > len(state.tracks):
            state.tracks = np.zeros(2 * live, TRACK)
        end = summary + live * track
        state.tracks[:live] = _tracks_of(numbers[summary:end].view(stored))
        state.ended[:ended] = numbers[end:].view(STORED_ENDED_TRACK)
        return state

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TrackerState) and self.pack() == other.pack()

    __hash__ = None  # type: ignore[assignment]


def _tracks_of(stored: Structured) -> Structured:
    """Stored tracks as this release stores them.

    A track of an older format is taken to have been seen steadily, with its last score every time.
    """
    if stored.dtype == STORED_TRACK:
        return stored
    tracks = np.zeros(len(stored), STORED_TRACK)
    for name in stored.dtype.names or ():
        tracks[name] = stored[name]
    tracks["evidence"] = stored["hits"] * stored["score"]
    tracks["presence"] = 1.0
    return tracks
