"""The picture as it was taken: the best stream, turned upright, with square pixels.

All sources choose their stream and convert their frames here, and whoever asks for a source's size
asks here, so that masks, zones and boxes mean the same picture everywhere.
"""

import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import cast

import av
import numpy as np
import structlog
from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from workers.ingest.sources.base import Image

log = structlog.get_logger(__name__)

_MATRIX = struct.Struct("=9i")
_STILL = Disposition.attached_pic | Disposition.timed_thumbnails
_WIDEST_PIXEL = 4
_SCANNED_PACKETS = 256
_QUARTERS = {
    0: (False, False, False),
    90: (True, True, False),
    180: (False, True, True),
    270: (True, False, True),
}
"""Transpose, mirror left and right, mirror top and bottom, by degrees clockwise."""


def best_video(
    container: InputContainer, again: InputContainer | None = None
) -> VideoStream | None:
    """The stream that holds the recording; None when there is none but cover pictures.

    Among streams of more than one picture, one that the file marks as its default comes first,
    then the largest, then the first.

    Args:
        container: An opened file or stream.
        again: The same file opened once more, where it can be read ahead; it is used up.
    """
    found = [
        stream
        for stream in container.streams.video
        if not stream.disposition & _STILL and has_codec(stream)
    ]
    if len(found) > 1:
        sizes = ", ".join(f"{s.index}: {s.codec.name} {s.width}x{s.height}" for s in found)
        stills = _stills(found, again)
        found = [stream for stream in found if stream.index not in stills] or found
        found.sort(key=_rank)
        log.info("ingest.video_stream_chosen", stream=found[0].index, streams=sizes)
    return found[0] if found else None


def has_codec(stream: VideoStream) -> bool:
    """Whether FFmpeg knows how to decode a stream; it does not where the header was damaged."""
    return getattr(stream, "codec_context", None) is not None


def _rank(stream: VideoStream) -> tuple[bool, int, int]:
    unmarked = not stream.disposition & Disposition.default
    return unmarked, -stream.width * stream.height, stream.index


def _stills(streams: list[VideoStream], again: InputContainer | None) -> set[int]:
    """Indexes of streams of a single picture."""
    if again is None:
        return set()
    numbers: Counter[int] = Counter()
    try:
        packets = again.demux(*(again.streams[stream.index] for stream in streams))
        for count, packet in enumerate(packets):
            numbers[packet.stream_index] += packet.size > 0
            if count >= _SCANNED_PACKETS:
                break
    except av.FFmpegError:
        pass
    return {stream.index for stream in streams if numbers[stream.index] <= 1}


@dataclass(frozen=True, slots=True)
class Shown:
    """What players do to a stored picture: widen it, transpose it, then mirror it.

    Attributes:
        width: Width before it is turned, square pixels.
        height: Height before it is turned, square pixels.
        transposed: Whether rows become columns.
        mirrored: Whether left and right are swapped.
        upended: Whether top and bottom are swapped.
    """

    width: int
    height: int
    transposed: bool
    mirrored: bool
    upended: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture as it is shown, px."""
        return (self.height, self.width) if self.transposed else (self.width, self.height)


def _image(frame: VideoFrame, shown: Shown) -> Image:
    """Convert a decoded frame to a BGR picture as it was taken."""
    if shown.width == frame.width:
        image = cast(Image, frame.to_ndarray(format="bgr24"))
    else:
        wide = frame.reformat(width=shown.width, height=shown.height, format="bgr24")
        image = cast(Image, wide.to_ndarray())
    if shown.transposed:
        image = image.transpose(1, 0, 2)
    if shown.mirrored:
        image = image[:, ::-1]
    if shown.upended:
        image = image[::-1]
    return np.ascontiguousarray(image)


class AsTaken:
    """Converts the frames of one stream to pictures as they were taken.

    Args:
        stream: The stream.
        name: The source as it may be shown.
    """

    def __init__(self, stream: VideoStream, name: str) -> None:
        self._stream = stream
        self._name = name
        self._noted: set[object] = set()

    def shown(self, frame: VideoFrame) -> Shown:
        """What is to be done to a frame; logs it when it changes the picture."""
        pixel = self._pixel()
        turn = self._turn(frame)
        shown = Shown(max(1, round(frame.width * pixel)), frame.height, *turn)
        if (shown.width, any(turn)) != (frame.width, False) and shown not in self._noted:
            self._noted.add(shown)
            log.info(
                "ingest.picture_as_taken",
                video=self._name,
                stored=f"{frame.width}x{frame.height}",
                shown="{}x{}".format(*shown.size),
                pixel_aspect=str(pixel),
                turned=shown.transposed,
                mirrored=shown.mirrored,
                upended=shown.upended,
            )
        return shown

    def pixels(self, frame: VideoFrame) -> Callable[[], Image]:
        """What converts a decoded frame, even once its stream is closed."""
        return partial(_image, frame, self.shown(frame))

    def _pixel(self) -> Fraction:
        """Width of a pixel divided by its height."""
        pixel = self._stream.sample_aspect_ratio or Fraction(1)
        if pixel <= 0 or not 1 / _WIDEST_PIXEL <= pixel <= _WIDEST_PIXEL:
            self._warn(f"pixels of {pixel} cannot be meant: they are taken as square")
            return Fraction(1)
        return pixel

    def _turn(self, frame: VideoFrame) -> tuple[bool, bool, bool]:
        data = frame.side_data.get("DISPLAYMATRIX")
        if data is None:
            tags = {name.lower(): value for name, value in self._stream.metadata.items()}
            tag = tags.get("rotate", "0")
            degrees = int(tag) % 360 if tag.lstrip("-").isdigit() else -1
            if degrees not in _QUARTERS:
                self._warn(f"its rotation {tag!r} is no quarter turn: it is not turned")
            return _QUARTERS.get(degrees, (False, False, False))
        a, b, _, c, d, *_ = _MATRIX.unpack_from(bytes(cast(SideData, data)))
        if min(max(abs(a), abs(d)), max(abs(b), abs(c))) * 50 > max(map(abs, (a, b, c, d))):
            self._warn("it is turned by no quarter turn: the nearest is taken")
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return False, a < 0, d < 0
        return True, c < 0, b < 0

    def _warn(self, why: str) -> None:
        if why not in self._noted:
            self._noted.add(why)
            log.warning("ingest.picture_doubtful", video=self._name, error=f"{self._name}: {why}")
