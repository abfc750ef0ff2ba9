"""What is remembered of one camera: a value that packs into bytes and back."""

import struct
from typing import Final

import numpy as np

from streams.domain.tracking import columns as c

FORMAT: Final = 3
"""Rises when a column changes."""
_HEADS: Final = {2: 4, FORMAT: c.HEAD}
"""Numbers in the head, by the formats that are read: format 2 knows nothing of the camera."""

_LEAD: Final = struct.Struct("<BBBBII")
_SPARE: Final = 16
_FLOAT: Final = np.dtype("<f8")


class UnreadableState(ValueError):
    """Bytes that are no state of this format."""


class TrackerState:
    """Everything a tracker remembers: a head of numbers, live tracks, and tracks just ended.

    Attributes:
        head: Shape `(HEAD,)`: next id, event time, counts.
        rows: Shape `(C, ROW)`: live tracks by id, then room for more.
        gone: Shape `(GONE_MAX, GONE)`: ended tracks by end, then room for more.
    """

    __slots__ = ("gone", "head", "rows")

    def __init__(self) -> None:
        self.head = np.zeros(c.HEAD)
        self.head[c.NEXT_ID] = 1.0
        self.rows = np.zeros((_SPARE, c.ROW))
        self.gone = np.zeros((c.GONE_MAX, c.GONE))

    @property
    def as_of_us(self) -> int:
        """Event time of the newest frame, microseconds; 0 before the first."""
        return int(self.head[c.AS_OF_US])

    @property
    def live(self) -> int:
        """Tracks that have not ended."""
        return int(self.head[c.LIVE_COUNT])

    def lives(self) -> list[tuple[int, str]]:
        """Id and life of each live track, by id."""
        rows = self.rows[: self.live, [c.ID, c.LIFE]].tolist()
        return [(int(number), c.LIVES[int(life)]) for number, life in rows]

    def foot_variances(self) -> dict[int, float]:
        """Variance of either coordinate of each live track's foot point, px^2, by id."""
        rows = self.rows[: self.live, [c.ID, c.POSITION_VAR, c.SIZE_VAR]].tolist()
        return {int(number): position + size / 4.0 for number, position, size in rows}

    def reserve(self, births: int) -> None:
        """Make room for as many births; give room back that a crowd has left empty."""
        needed = int(self.head[c.LIVE_COUNT]) + births
        room = len(self.rows)
        if needed > room or (room > _SPARE and needed * 8 < room):
            rows = np.zeros((max(_SPARE, 2 * needed), c.ROW))
            rows[: self.live] = self.rows[: self.live]
            self.rows = rows

    def pack(self) -> bytes:
        """The state as bytes: equal states give equal bytes."""
        live, gone = int(self.head[c.LIVE_COUNT]), int(self.head[c.GONE_COUNT])
        return b"".join(
            (
                _LEAD.pack(FORMAT, c.HEAD, c.ROW, c.GONE, live, gone),
                self.head.tobytes(),
                self.rows[:live].tobytes(),
                self.gone[:gone].tobytes(),
            )
        )

    @classmethod
    def unpack(cls, data: bytes) -> "TrackerState":
        """Read a packed state.

        Raises:
            UnreadableState: Of a format that is not read, or cut off.
        """
        if len(data) < _LEAD.size:
            raise UnreadableState("a tracker's state is cut off before its head ends")
        version, head, row, gone_row, live, gone = _LEAD.unpack_from(data)
        if (head, row, gone_row) != (_HEADS.get(version), c.ROW, c.GONE):
            raise UnreadableState(
                f"a tracker's state of format {version} with {row} columns; "
                f"this release reads format {FORMAT} with {c.ROW}"
            )
        numbers = np.frombuffer(data, _FLOAT, offset=_LEAD.size)
        if len(numbers) != head + live * row + gone * gone_row:
            raise UnreadableState(f"a tracker's state of {live} tracks is {len(data)} bytes long")
        state = cls()
        state.head[:head] = numbers[:head]
        if live > len(state.rows):
            state.rows = np.zeros((2 * live, c.ROW))
        after = head + live * row
        state.rows[:live] = numbers[head:after].reshape(live, row)
        state.gone[:gone] = numbers[after:].reshape(gone, gone_row)
        return state

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TrackerState) and self.pack() == other.pack()

    __hash__ = None  # type: ignore[assignment]
