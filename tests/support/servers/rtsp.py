"""An RTSP camera that shows a clip, on GStreamer's own server."""

import socket
from fractions import Fraction
from pathlib import Path

import av
from av.video.stream import VideoStream

from deploy.local import rtsp
from tests.support.servers.standing import StandingServer


def rtsp_camera(clip: Path, folder: Path) -> StandingServer:
    """A camera for a `with` block; see `rtsp_url`.

    Args:
        clip: Clip made by `rtsp_clip`.
        folder: Folder for its log.
    """
    installed = rtsp.install()
    script = str(Path(__file__).with_name("rtsp_program.py"))
    return StandingServer(
        lambda port: rtsp.scripted(installed, "rtsp", [script, str(clip), str(port)], folder),
        _answers,
        folder / "rtsp.log",
    )


def rtsp_url(camera: StandingServer) -> str:
    """URL of the camera."""
    return f"rtsp://127.0.0.1:{camera.port}/ward"


def rtsp_clip(source: Path, target: Path, frames: int) -> Path:
    """The first frames of a clip as cameras send them: H.264, no B-frames, frequent keyframes."""
    options = {"g": "5", "bf": "0", "preset": "ultrafast", "tune": "zerolatency"}
    with av.open(str(source)) as original, av.open(str(target), "w") as cut:
        video = original.streams.video[0]
        rate = round(float(video.average_rate or 10))
        out = cut.add_stream("libx264", rate=rate, options=options)
        assert isinstance(out, VideoStream)
        out.width, out.height, out.pix_fmt = video.width, video.height, "yuv420p"
        for number, frame in enumerate(original.decode(video)):
            if number == frames:
                break
            frame.pts, frame.time_base = number, Fraction(1, rate)
            cut.mux(out.encode(frame))
        cut.mux(out.encode(None))
    return target


def _answers(port: int) -> bool:
    """Whether an RTSP server answers OPTIONS."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.settimeout(2)
            connection.sendall(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
            return connection.recv(12) == b"RTSP/1.0 200"
    except OSError:
        return False
