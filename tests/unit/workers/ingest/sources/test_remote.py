"""What comes by http is a recording or a live stream by what it holds; no proxy comes between."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from runtime.errors import EXIT_REPLAY, Stop
from tests.support.clips import make_clip
from tests.support.servers.video import MJPEG, VideoServer, video_server
from workers.ingest.sources.address import video_address
from workers.ingest.sources.network import NetworkStream
from workers.ingest.sources.open import open_source
from workers.ingest.sources.probe import probe_clip

FRAMES = 30
PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:3\n#EXT-X-MEDIA-SEQUENCE:0\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[VideoServer]:
    """A server, with a proxy in the environment that would never reach it."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "example.org")
    with video_server() as started:
        yield started


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi"])
def test_a_recording_is_played_once_in_its_own_time(
    name: str, server: VideoServer, tmp_path: Path
) -> None:
    file = make_clip(tmp_path / name, FRAMES, rate=10)
    server.files[f"/{name}"] = file.read_bytes()

    source = open_source(f"{server.url}/{name}?token=secret")
    frames = list(source.frames())

    local = [frame.pts_us for frame in open_source(str(file)).frames()]
    assert not source.live
    assert [frame.pts_us for frame in frames] == local
    assert len(local) == FRAMES
    assert probe_clip(f"{server.url}/{name}").frames == FRAMES


def test_a_recording_is_known_again_by_another_name_and_password(
    server: VideoServer, tmp_path: Path
) -> None:
    server.files["/a.mp4"] = make_clip(tmp_path / "a.mp4", FRAMES).read_bytes()
    server.files["/b.mp4"] = make_clip(tmp_path / "b.mp4", FRAMES + 1).read_bytes()

    first, again, other = (
        open_source(url).identity
        for url in (
            f"{server.url}/a.mp4",
            f"{server.url}/a.mp4".replace("//", "//viewer:secret@"),
            f"{server.url}/b.mp4",
        )
    )

    assert first == again
    assert first != other


def test_a_recording_that_its_server_gives_only_whole_is_played(
    server: VideoServer, tmp_path: Path
) -> None:
    """Its index is at the end, further away than FFmpeg reads on."""
    noise = np.random.default_rng(1).integers(0, 255, 9_000_000, dtype=np.uint8).tobytes()
    whole = make_clip(tmp_path / "a.mp4", FRAMES).read_bytes()
    index = whole.index(b"moov") - 4
    free = (len(noise) + 8).to_bytes(4, "big") + b"free" + noise
    server.files["/a.mp4"] = whole[:index] + free + whole[index:]

    source = open_source(f"{server.url}/a.mp4")

    assert not source.live
    assert source.identity
    assert len(list(source.frames())) == FRAMES
    assert probe_clip(f"{server.url}/a.mp4").frames is None


def test_streams_without_an_end_stay_live(server: VideoServer, tmp_path: Path) -> None:
    jpeg = cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
    head = f"--part\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
    server.streams["/mjpeg"] = (MJPEG, head + jpeg + b"\r\n")
    segment = make_clip(tmp_path / "a.ts", FRAMES, rate=10).read_bytes()
    server.streams["/endless.ts"] = ("video/mp2t", segment)
    server.files["/a.ts"] = segment
    server.files["/live.m3u8"] = f"{PLAYLIST}#EXTINF:3.0,\na.ts\n".encode()

    assert open_source(f"{server.url}/live.m3u8").live
    for path in ("/mjpeg", "/endless.ts"):
        source = open_source(server.url + path)
        assert source.live, path
        assert len(list(itertools.islice(source.frames(), 5))) == 5, path


def test_a_playlist_that_has_ended_is_a_recording(server: VideoServer, tmp_path: Path) -> None:
    server.files["/a.ts"] = make_clip(tmp_path / "a.ts", FRAMES, rate=10).read_bytes()
    server.files["/a.m3u8"] = f"{PLAYLIST}#EXTINF:3.0,\na.ts\n#EXT-X-ENDLIST\n".encode()

    source = open_source(f"{server.url}/a.m3u8")

    assert not source.live
    assert len(list(source.frames())) == FRAMES


def test_an_address_that_its_server_does_not_know_is_refused(server: VideoServer) -> None:
    url = f"{server.url}/none.mp4".replace("//", "//viewer:Ward9secret@")

    with pytest.raises(Stop, match="404 Not Found: check the address") as refused:
        open_source(url)

    assert "Ward" not in str(refused.value)


def test_a_server_that_does_not_answer_is_tried_again_and_its_recording_is_not_taken_for_live(
    server: VideoServer, tmp_path: Path
) -> None:
    assert open_source("http://127.0.0.1:1/s").live

    server.files["/a.mp4"] = make_clip(tmp_path / "a.mp4", FRAMES).read_bytes()
    late = NetworkStream(video_address(f"{server.url}/a.mp4"))

    with pytest.raises(Stop, match="is a recording") as stopped:
        next(late.frames())
    assert stopped.value.exit_code == EXIT_REPLAY
