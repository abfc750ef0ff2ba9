"""Find out the size, rate and length of a video source before it is played."""

from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from runtime.errors import Retry, Stop
from runtime.proxies import exempt
from workers.ingest.sources.address import VideoAddress, video_address
from workers.ingest.sources.picture import AsTaken, best_video
from workers.ingest.sources.rate import frame_rate
from workers.ingest.sources.remote import has_end
from workers.ingest.sources.unreadable import reason_of
from workers.ingest.sources.webcam import Webcam

_OPEN_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Clip:
    """One video source.

    Attributes:
        source: Path, rtsp:// address or webcam:N.
        width: Frame width, px.
        height: Frame height, px.
        frames: Frames in the source; None for a live one.
        fps: Native rate, frames/s; None when unknown.
    """

    source: str
    width: int
    height: int
    frames: int | None
    fps: float | None


def probe_clip(source: str) -> Clip:
    """Find out a source's size, rate and number of frames.

    Args:
        source: Path, stream URL, `webcam:N` or `/dev/videoN`.

    Raises:
        Stop: It cannot be opened or holds no video; one sentence says what to do.
    """
    address = video_address(source)
    if address.kind == "webcam" and address.path is not None:
        return _probe_webcam(source, address.path)
    exempt(address.opened)
    try:
        with av.open(address.opened, timeout=_OPEN_TIMEOUT_S) as container:
            again = _again(container, address)
            stream = best_video(container, again)
            if again is not None:
                again.close()
            if stream is None:
                raise Stop(
                    f"video {address.name} holds no pictures: give a file or stream with video"
                )
            width, height = _size(container, stream, address)
            recorded = address.kind == "file" or (address.kind == "fetched" and has_end(container))
            if not recorded:
                live = stream.average_rate or stream.guessed_rate
                return Clip(source, width, height, None, float(live) if live else None)
            rate = frame_rate(container, stream, address.name)
            return Clip(source, width, height, _count(address), float(rate))
    except (av.FFmpegError, OSError) as error:
        raise Stop(
            f"video {address.name} cannot be read ({reason_of(error)}): try another file, "
            "or play it in a player"
        ) from error


def _again(container: InputContainer, address: VideoAddress) -> InputContainer | None:
    """A file of several video streams opened once more, to be read ahead."""
    if address.kind != "file" or len(container.streams.video) < 2:
        return None
    return av.open(address.opened)


def _size(container: InputContainer, stream: VideoStream, address: VideoAddress) -> tuple[int, int]:
    """Size of the picture as it was taken, from its first frame that can be decoded.

    Raises:
        Stop: No frame of a file can be decoded.
    """
    packets = container.demux(stream)
    while True:
        try:
            for frame in next(packets).decode():
                return AsTaken(stream, address.name).shown(frame).size
        except StopIteration:
            break
        except av.error.InvalidDataError:
            continue
        except av.FFmpegError:
            if address.kind == "fetched":
                break
            raise
    if address.kind == "file":
        raise Stop(
            f"video {address.name} cannot be read (none of its frames can be decoded): try "
            "another file, or play it in a player"
        )
    return stream.width, stream.height


def _count(address: VideoAddress) -> int | None:
    """Number of frames; None where a server gives no part of its recording alone."""
    try:
        with av.open(address.opened, timeout=_OPEN_TIMEOUT_S) as container:
            again = _again(container, address)
            stream = best_video(container, again)
            if again is not None:
                again.close()
            return sum(1 for packet in container.demux(stream) if packet.size)
    except av.FFmpegError:
        if address.kind == "file":
            raise
        return None


def _probe_webcam(source: str, device: Path) -> Clip:
    try:
        with Webcam(device).open() as container:
            stream = container.streams.video[0]
            return Clip(source, stream.width, stream.height, None, None)
    except Retry as error:
        raise Stop(str(error)) from error
