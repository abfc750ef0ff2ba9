"""A source is what its name says: a path with colons, a file URL, a stream; errors hide secrets."""

from contextlib import chdir
from pathlib import Path
from urllib.parse import quote

import pytest

from runtime.errors import EXIT_STOP, Stop
from tests.support import odd_clips as clips
from tests.support.clips import make_clip
from workers.ingest.sources.address import video_address
from workers.ingest.sources.file import VideoFile
from workers.ingest.sources.open import open_source, source_name
from workers.ingest.sources.probe import probe_clip

NAMES = [
    "2026-11-01T08:00:00.mp4",
    "C:\\clips\\a.mp4",
    "rtsp:camera.mp4",
    "file:a.mp4",
    "a#b?c%20d @e.mp4",
    "50% of ward [1].mp4",
    "frame%03d.mp4",
    "-o.mp4",
    "ward é.mp4",
]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", 5).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_is_played(name: str, clip: bytes, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(clip)
    url = f"file://{quote(str(file))}"

    with chdir(tmp_path):
        for given in (name, f"./{name}", str(file), url, url.replace("//", "", 1)):
            assert len(list(open_source(given).frames())) == 5, given
            assert probe_clip(given).frames == 5, given


@pytest.mark.parametrize("host", ["", "localhost", "127.0.0.1"])
def test_a_file_url_may_name_this_machine(host: str, clip: bytes, tmp_path: Path) -> None:
    (tmp_path / "a b.mp4").write_bytes(clip)

    source = open_source(f"FILE://{host}{tmp_path}/a%20b.mp4")

    assert isinstance(source, VideoFile)
    assert not source.live
    assert source.identity


@pytest.mark.parametrize(
    ("video", "sentence"),
    [
        ("file://nas/clips/a.mp4", "names the host 'nas'"),
        ("file://clip.mp4", "three slashes"),
        ("file:///no/such.mp4", "/no/such.mp4 does not exist"),
        ("no:such.mp4", "no:such.mp4 does not exist"),
        (".", "is a folder"),
    ],
)
def test_a_name_of_nothing_is_refused_with_what_to_do(video: str, sentence: str) -> None:
    with pytest.raises(Stop, match=sentence):
        open_source(video)
    with pytest.raises(Stop, match=sentence):
        probe_clip(video)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "ward.mp4 is empty", id="empty"),
        pytest.param(b"minutes of the meeting\n" * 40, "it is no video, or it was cut", id="text"),
        pytest.param(b"half", "it is no video, or it was cut", id="without-its-index"),
        pytest.param(b"entry", "holds no pictures", id="damaged-header"),
        pytest.param(b"index", "none of its frames can be decoded", id="index-only"),
    ],
)
def test_a_file_without_pictures_is_refused_by_the_demo_before_anything_starts(
    content: bytes, sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "ward.mp4"
    if content == b"index":
        whole = clips.clip(file, options={"movflags": "faststart"}).read_bytes()
        content = whole[: whole.index(b"mdat") + 4]
    elif content == b"entry":
        whole = clips.clip(file).read_bytes()
        content = whole.replace(b"avc1", b"zzzz")
    elif content == b"half":
        whole = clips.clip(file).read_bytes()
        content = whole[: len(whole) // 2]
    file.write_bytes(content)

    with pytest.raises(Stop, match=sentence):
        probe_clip(str(file))
    with pytest.raises(Stop, match=r"ward\.mp4"):
        list(open_source(str(file)).frames())


@pytest.mark.parametrize("sign", ["#", "?", "/", "[", "%z"])
@pytest.mark.parametrize("scheme", ["rtsp", "http", "rtsps", "RTSP"])
def test_a_password_that_a_url_cannot_hold_is_to_be_percent_encoded(scheme: str, sign: str) -> None:
    url = f"{scheme}://viewer:Ward{sign}9secret@127.0.0.1:9/s"

    for ask in (open_source, probe_clip, video_address):
        with pytest.raises(Stop, match="percent-encode it") as refused:
            ask(url)
        assert refused.value.exit_code == EXIT_STOP
        assert "Ward" not in str(refused.value)
        assert "9secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["admin:Ward9secret@10.0.0.7:554/s", "rtsp:/u:Ward9secret@cam/s", "rtsp//u:Ward@cam/s"]
)
def test_a_url_without_its_scheme_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Stop, match="does not exist") as refused:
        open_source(url)

    assert "Ward" not in str(refused.value)
    assert "Ward" not in source_name(url)


def test_a_camera_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(Stop) as refused:
        probe_clip("rtsp://viewer:Ward9secret@127.0.0.1:1/s?token=Ward")

    assert str(refused.value).startswith("video rtsp://127.0.0.1:1/s cannot be read")


def test_a_scheme_that_is_none_is_refused() -> None:
    with pytest.raises(Stop, match="knows no such scheme"):
        list(open_source("rtps://127.0.0.1/s").frames())
