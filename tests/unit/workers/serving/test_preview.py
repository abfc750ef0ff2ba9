"""What a camera shows before it is added: its address is judged, and its failure is explained."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.clips import make_clip
from tests.support.pictures import jpeg, plan
from tests.support.servers.rtsp import rtsp_camera, rtsp_clip, rtsp_url
from tests.support.servers.video import MJPEG, video_server
from workers.serving.preview.taking import NoPicture, take_preview

HERE = [ip_network("127.0.0.0/8")]
CAMERAS = [ip_network("10.0.0.0/8"), ip_network("192.168.0.0/16")]
PASSWORD = "s3cret-of-the-ward"


def answering(*addresses: str) -> Callable[..., Sequence[Any]]:
    def lookup(_host: str, port: int, **_: Any) -> Sequence[Any]:
        family = {False: socket.AF_INET, True: socket.AF_INET6}
        return [(family[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    return lookup


def test_a_camera_that_sends_pictures_over_http_is_seen_with_its_size() -> None:
    with video_server() as server:
        part = jpeg(plan(1600, 900))
        head = f"--part\r\nContent-Type: image/jpeg\r\nContent-Length: {len(part)}\r\n\r\n"
        server.streams["/live"] = (MJPEG, head.encode() + part + b"\r\n")

        found = take_preview(f"{server.url}/live", HERE)

    picture = cv2.imdecode(np.frombuffer(found.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert (found.width, found.height) == (1600, 900)
    assert picture.shape == (720, 1280, 3)


@pytest.mark.parametrize("path", ["/none", "/text"])
def test_what_gives_no_video_is_explained_without_its_address(path: str) -> None:
    with video_server() as server:
        server.files["/text"] = b"hello " * 1000
        address = server.url.replace("http://", f"http://viewer:{PASSWORD}@") + path

        with pytest.raises(NoPicture) as refused:
            take_preview(address, HERE)

    assert PASSWORD not in str(refused.value)
    assert "127.0.0.1" not in str(refused.value)


def test_a_camera_that_is_not_there_refuses_the_connection() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

    with pytest.raises(NoPicture, match="refuses the connection"):
        take_preview(f"rtsp://viewer:{PASSWORD}@127.0.0.1:{port}/ward", HERE)


@pytest.mark.parametrize("split", [9, 47, 1000])
def test_a_camera_that_sends_elsewhere_is_not_followed(split: int) -> None:
    """Whatever the packets in which it says so."""
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        socket.create_server(("127.0.0.1", 0)) as camera,
    ):
        elsewhere = f"rtsp://127.0.0.1:{other.getsockname()[1]}/ward"
        answer = f"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLOCATION: {elsewhere}\r\n\r\n".encode()
        asked: list[bytes] = []

        def sends_elsewhere() -> None:
            with camera.accept()[0] as one:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                asked.append(one.recv(4096))
                one.sendall(answer[:split])
                time.sleep(0.2)
                one.sendall(answer[split:])
                one.recv(4096)

        thread = threading.Thread(target=sends_elsewhere, daemon=True)
        thread.start()
        with pytest.raises(NoPicture, match="gives nothing that can be read as video"):
            take_preview(f"rtsp://127.0.0.1:{camera.getsockname()[1]}/ward", HERE)
        other.settimeout(0.2)
        with pytest.raises(TimeoutError):
            other.accept()
        thread.join(5)

    assert asked[0].startswith(b"OPTIONS rtsp://127.0.0.1")


def test_a_picture_is_taken_over_rtsp(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "clip.mp4", 40, width=320, height=240)
    clip = rtsp_clip(made, tmp_path / "ward.mp4", 40)
    with rtsp_camera(clip, tmp_path) as camera:
        found = take_preview(rtsp_url(camera), HERE)

    assert (found.width, found.height) == (320, 240)


@pytest.mark.parametrize(
    ("address", "resolved", "why"),
    [
        ("rtsp://127.0.0.1/ward", "127.0.0.1", "no camera is looked for"),
        ("rtsp://camera/ward", "127.0.0.1", "no camera is looked for"),
        ("http://camera/", "169.254.169.254", "no camera is looked for"),
        ("rtsp://camera/ward", "::1", "no camera is looked for"),
        ("rtsp://camera/ward", "::ffff:127.0.0.1", "no camera is looked for"),
        ("rtsp://camera/ward", "172.20.0.1", "no camera is looked for"),
        ("rtsp://0x7f000001/ward", "127.0.0.1", "its host is a number"),
        ("file:///etc/passwd", "127.0.0.1", "must begin with"),
        ("/etc/passwd", "127.0.0.1", "must begin with"),
        ("concat:rtsp://camera|/etc/passwd", "10.0.0.7", "must begin with"),
        ("srt://camera:99", "10.0.0.7", "must begin with one of"),
        ("rtsp://", "10.0.0.7", "names no host|host or port"),
        ("rtsp://camera/a b", "10.0.0.7", "has a blank"),
    ],
)
def test_an_address_where_no_camera_is_is_not_opened(address: str, resolved: str, why: str) -> None:
    with pytest.raises(NoPicture, match=why):
        take_preview(address, CAMERAS, lookup=answering(resolved))


def test_a_host_that_cannot_be_resolved_is_explained() -> None:
    def lookup(*_: Any, **__: Any) -> Sequence[Any]:
        raise OSError("no such name")

    with pytest.raises(NoPicture, match="cannot be resolved"):
        take_preview("rtsp://camera/ward", CAMERAS, lookup=lookup)
