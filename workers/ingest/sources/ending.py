"""Whether a recording ended where it says it does, or was cut."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Final

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from workers.ingest.sources.null_frames import CHUNK_BYTES, null_frames_after

_ESTIMATED: Final = frozenset(
    {"mpegts", "mpeg", "h264", "hevc", "m4v", "mjpeg", "mpegvideo", "obu", "rawvideo"}
)
"""Containers that state no length: FFmpeg computes one from what is there."""

_DURATION = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")
_SLACK_S = 1.0
_TS_PACKET_BYTES: Final = (188, 192, 204)


class Ending:
    """Compares what a recording states with what it gave.

    Args:
        container: The opened recording.
        stream: Its video stream.
        path: Its file; None when it is read from a server.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, path: Path | None) -> None:
        self._formats = set(container.format.name.split(","))
        self._path = path
        self._size = container.size
        self._index = stream.index
        self._stated = stream.frames
        self._tick_s = stream.time_base or Fraction(1, 1_000_000)
        self._frame_s = float(1 / (stream.average_rate or stream.guessed_rate or 25))
        self._stated_s, self._own = _stated_s(container, stream)
        if self._formats & _ESTIMATED:
            self._stated_s = None
        elif "avi" in self._formats and self._stated:
            # Every tick is one frame; FFmpeg guesses the length where the index is missing.
            self._stated_s = float(self._stated * self._tick_s)
        self._first: int | None = None
        self._end: int | None = None
        self._frames = 0
        self._torn = False
        self._offset: int | None = None
        self.broken: str | None = None

    @property
    def stated_s(self) -> float | None:
        """Stamp of the end as the container states it, s; None when it does not."""
        return self._stated_s

    def note(self, packet: "Packet[VideoStream]") -> None:
        """Note a packet that was read."""
        if packet.size == 0:
            return
        self._frames += 1
        self._torn = packet.is_corrupt
        self._offset = None if packet.pos is None else packet.pos + packet.size
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None:
            end = stamp + (packet.duration or round(self._frame_s / self._tick_s))
            self._first = stamp if self._first is None else min(self._first, stamp)
            self._end = end if self._end is None else max(self._end, end)

    def shortfall(self) -> str | None:
        """What is missing at the end; None when nothing is known to be."""
        parts = [part for part in (self._cut(), self._early()) if part is not None]
        return f"it {' and '.join(parts)}" if parts else None

    def _cut(self) -> str | None:
        """Where the file stops in the middle of something."""
        if self.broken is not None:
            return f"cannot be read after {self._frames} frames ({self.broken})"
        if self._torn:
            return f"is cut within its frame {self._frames}"
        if "mpegts" in self._formats and all(self._size % whole for whole in _TS_PACKET_BYTES):
            return f"is cut within a packet, after frame {self._frames}"
        return None

    def _early(self) -> str | None:
        """How much of the length that the container states is missing."""
        stated_s, end, frames = self._stated_s, self._end, self._frames
        if stated_s is None or end is None:
            return None
        if "avi" in self._formats and self._stated:
            end = frames = end + self._null_frames(self._stated - end)
        early_s = stated_s - float((end - min(self._first or 0, 0)) * self._tick_s)
        missing = self._stated - frames
        slack_s = self._frame_s / 2 if self._own else _SLACK_S
        if early_s <= slack_s or (self._stated > 0 and missing <= 0):
            return None
        count = f", {missing} frame{'s' if missing > 1 else ''}" if missing > 0 else ""
        return f"ends {early_s:.1f} s{count} before the {stated_s:.1f} s that it states"

    def _null_frames(self, most: int) -> int:
        """Null frames at the end, at most so many; on a server, as many as there is room for."""
        if most <= 0 or self._offset is None:
            return 0
        if self._path is None:
            return min(most, max(0, self._size - self._offset) // CHUNK_BYTES)
        return min(most, null_frames_after(self._path, self._index, self._offset))


def _stated_s(container: InputContainer, stream: VideoStream) -> tuple[float | None, bool]:
    """Length as the container states it, from its time zero, s; and whether it is the video's own.

    Sound may go on after the last picture.
    """
    if stream.duration is not None and stream.time_base is not None:
        return float((stream.duration + max(stream.start_time or 0, 0)) * stream.time_base), True
    tag = _DURATION.fullmatch(stream.metadata.get("DURATION", ""))
    if tag is not None:
        return int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3]), True
    if container.duration is None:
        return None, False
    return (container.duration + max(container.start_time or 0, 0)) / 1e6, False
