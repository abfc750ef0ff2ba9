"""An interrupted recording resumes; one that has ended, or another one, starts from its start."""

import os
from pathlib import Path

import pytest

from workers.ingest.recording import Playing, interrupted_start, recording_identity

STARTED = Playing("ward", 1_700_000_000_000_000)
ENDED = Playing("ward", 1_700_000_000_000_000, ended=True)
LATER = Playing("ward", 1_700_000_009_000_000)
OTHER = Playing("other", 1_700_000_000_000_000)


@pytest.mark.parametrize(
    ("last", "start_us"),
    [
        pytest.param([STARTED], STARTED.start_us, id="interrupted"),
        pytest.param([STARTED, ENDED], STARTED.start_us, id="one-of-two-cameras-ended"),
        pytest.param([], None, id="never-played"),
        pytest.param([ENDED], None, id="ended"),
        pytest.param([OTHER], None, id="another-recording"),
        pytest.param([None], None, id="a-camera-that-was-live"),
        pytest.param([STARTED, None], None, id="one-of-two-cameras-was-live-since"),
        pytest.param([STARTED, LATER], None, id="two-playings-of-different-times"),
    ],
)
def test_only_an_interrupted_recording_resumes(
    last: list[Playing | None], start_us: int | None
) -> None:
    assert interrupted_start("ward", last) == start_us


@pytest.mark.parametrize("playing", [STARTED, ENDED])
def test_headers_name_the_playing(playing: Playing) -> None:
    assert Playing.of(playing.headers()) == playing
    assert Playing.of(None) is None
    assert Playing.of([("other", b"1")]) is None


def test_a_file_that_was_replaced_is_another_recording(tmp_path: Path) -> None:
    clip = tmp_path / "ward.mp4"
    clip.write_bytes(b"first")
    os.utime(clip, (1_000, 1_000))
    first = recording_identity(clip)
    again = recording_identity(tmp_path / "." / "ward.mp4")
    clip.write_bytes(b"other")
    os.utime(clip, (2_000, 2_000))

    assert first == again
    assert first != recording_identity(clip)


def test_a_playback_that_started_too_long_ago_is_not_resumed() -> None:
    """As when the demo is started again, to show the present."""
    assert interrupted_start("ward", [STARTED], since_us=STARTED.start_us) == STARTED.start_us
    assert interrupted_start("ward", [STARTED], since_us=STARTED.start_us + 1) is None
