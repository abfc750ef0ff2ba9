"""The frame rate of a source as it states it, and which sources state no times."""

from fractions import Fraction
from typing import Final

import structlog
from av.container import InputContainer
from av.video.stream import VideoStream

log = structlog.get_logger(__name__)

_WITHOUT_TIMES: Final = frozenset({"h264", "hevc", "m4v", "mjpeg", "mpegvideo", "obu", "rawvideo"})
_FALLBACK: Final = Fraction(25)


def states_times(container: InputContainer) -> bool:
    """Whether frames have presentation times of their own.

    What FFmpeg reports for a bare stream is a guess, which is wrong where frames were reordered.
    Its frames are equally spaced by definition.
    """
    return _WITHOUT_TIMES.isdisjoint(container.format.name.split(","))


def frame_rate(container: InputContainer, stream: VideoStream, name: str) -> Fraction:
    """Frames per second; where the source states none, 25, with a warning.

    Args:
        container: The opened source.
        stream: Its video stream.
        name: The source as it may be shown.
    """
    if states_times(container):
        return stream.average_rate or stream.guessed_rate or _FALLBACK
    # The average is FFmpeg's own assumption; the codec's header may state the rate.
    if stream.codec_context.framerate and stream.guessed_rate:
        return stream.guessed_rate
    why = f"{name} states no frame rate: {_FALLBACK} frames/s are assumed for its times"
    log.warning("ingest.rate_assumed", video=name, error=why)
    return _FALLBACK
