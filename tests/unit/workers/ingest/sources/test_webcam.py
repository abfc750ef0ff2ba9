"""A webcam is read from its device by Video4Linux; one that is not there is named."""

from pathlib import Path

import av
import pytest

from runtime.errors import Retry, Stop
from workers.ingest.sources.open import open_source
from workers.ingest.sources.probe import probe_clip
from workers.ingest.sources.webcam import Webcam

ABSENT = 63
"""Number of a device that does not exist: the kernel numbers them from 0."""


@pytest.mark.parametrize("video", [f"webcam:{ABSENT}", f"/dev/video{ABSENT}"])
@pytest.mark.parametrize("opened", [open_source, probe_clip], ids=["ingest", "demo"])
def test_a_webcam_that_is_not_there_is_named_in_one_sentence(opened: object, video: str) -> None:
    assert callable(opened)

    with pytest.raises(Stop, match=f"^webcam /dev/video{ABSENT} is not there: plug it in, or give"):
        opened(video)


def test_the_device_is_opened_by_video4linux() -> None:
    """A file that is no camera is refused by that driver, and named."""
    assert any("v4l2" in name for name in av.formats_available)

    with pytest.raises(Retry, match=r"webcam /dev/null cannot be opened \(.+\): is it plugged in"):
        next(Webcam(Path("/dev/null")).frames())
