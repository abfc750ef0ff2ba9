"""GStreamer's RTSP server, with the Python that scripts it: a network camera for tests."""

import platform
from collections.abc import Sequence
from pathlib import Path

from deploy.local.cache import component
from deploy.local.debian import unpack
from deploy.local.process import Program

RECIPE = 1
SUITE = "bookworm"
PYTHON = "usr/bin/python3.11"
PACKAGES = (
    *("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "libexpat1"),
    *("python3-gi", "libgirepository-1.0-1", "gir1.2-glib-2.0", "gir1.2-gstreamer-1.0"),
    *("gir1.2-gst-plugins-base-1.0", "gir1.2-gst-rtsp-server-1.0", "libgstrtspserver-1.0-0"),
    *("gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good", "libgstreamer1.0-0"),
    *("libgstreamer-plugins-base1.0-0", "libglib2.0-0", "libffi8", "libpcre2-8-0", "libmount1"),
    *("libblkid1", "libselinux1", "liborc-0.4-0", "libunwind8", "libdw1", "libelf1", "libcap2"),
    *("libbz2-1.0", "liblzma5", "zlib1g", "libgcc-s1", "libc6"),
)
"""All that serving a recording takes; GStreamer's own dependencies are ten times as much."""

PLUGINS = ("app", "coreelements", "isomp4", "rtp", "rtpmanager", "tcp", "typefindfunctions", "udp")
"""The others are removed: they warn of libraries that are not there."""


def install() -> Path:
    """The folder with Python, GStreamer and what both need.

    Raises:
        InstallError: No Debian mirror, or no network.
    """
    return component(f"rtsp-{platform.machine()}-{RECIPE}", _unpack)


def scripted(installed: Path, name: str, arguments: Sequence[str], folder: Path) -> Program:
    """A Python program that may import `gi.repository.GstRtspServer`.

    Args:
        installed: What `install` returned.
        name: Name in logs and messages.
        arguments: The script and its arguments.
        folder: Folder of GStreamer's plugin registry.
    """
    libraries = _libraries(installed)
    return Program(
        name=name,
        command=(str(installed / PYTHON), *arguments),
        environment={
            "GI_TYPELIB_PATH": str(libraries / "girepository-1.0"),
            "GST_PLUGIN_SYSTEM_PATH_1_0": str(libraries / "gstreamer-1.0"),
            "GST_REGISTRY_1_0": str(folder / "gstreamer-registry.bin"),
            "GST_REGISTRY_FORK": "no",
            "PYTHONPATH": str(installed / "usr/lib/python3/dist-packages"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )


def _libraries(installed: Path) -> Path:
    return next((installed / "usr/lib").glob("*/girepository-1.0")).parent


def _unpack(target: Path) -> None:
    unpack(SUITE, PACKAGES, target, programs=[PYTHON], complete=True)
    kept = {f"libgst{name}.so" for name in PLUGINS}
    for plugin in (_libraries(target) / "gstreamer-1.0").glob("*.so"):
        if plugin.name not in kept:
            plugin.unlink()
