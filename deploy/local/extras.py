"""What the demo and the tests need besides services: a clip, ffprobe, a browser."""

import platform
import shutil
from pathlib import Path

from deploy.local.cache import component
from deploy.local.debian import unpack
from deploy.local.shell import apt_install

RECIPE = 1
SUITE = "bookworm"
CLIP = "usr/share/doc/opencv-doc/examples/data/vtest.avi"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def clip() -> Path:
    """The demo's video, `vtest.avi` of Debian's opencv-doc (795 frames, 768x576, 10 fps).

    Raises:
        InstallError: No Debian mirror, or no network.
    """
    return component(f"clip-{RECIPE}", _unpack_clip) / "vtest.avi"


def ffprobe() -> Path:
    """The program ffprobe: this machine's, else one unpacked from Debian.

    Raises:
        InstallError: No Debian mirror, or no network.
    """
    if found := shutil.which("ffprobe"):
        return Path(found)
    folder = component(f"ffmpeg-{platform.machine()}-{RECIPE}", _unpack_ffmpeg)
    return folder / "usr/bin/ffprobe"


def prometheus() -> Path:
    """The program prometheus: this machine's, else one unpacked from Debian.

    Raises:
        InstallError: No Debian mirror, or no network.
    """
    if found := shutil.which("prometheus"):
        return Path(found)
    folder = component(f"prometheus-{platform.machine()}-{RECIPE}", _unpack_prometheus)
    return folder / "usr/bin/prometheus"


def chromium() -> Path:
    """A Chromium for the browser tests, installed with apt when there is none.

    Raises:
        InstallError: There is none and it cannot be installed here.
    """
    if not any(map(shutil.which, BROWSERS)):
        apt_install(
            ["chromium"],
            what="Chromium",
            otherwise="install the package chromium, or run make test once with sudo",
        )
    return Path(next(path for name in BROWSERS if (path := shutil.which(name))))


def _unpack_clip(target: Path) -> None:
    unpack(SUITE, ["opencv-doc"], target, members=[CLIP])
    (target / CLIP).rename(target / "vtest.avi")
    shutil.rmtree(target / "usr")


def _unpack_ffmpeg(target: Path) -> None:
    programs = ["usr/bin/ffmpeg", "usr/bin/ffprobe"]
    unpack(SUITE, ["ffmpeg"], target, programs=programs)


def _unpack_prometheus(target: Path) -> None:
    unpack(SUITE, ["prometheus"], target, members=["usr/bin/prometheus"])
