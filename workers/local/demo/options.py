"""Options of the demo, and what has to be known before anything starts."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from deploy.local.ports import claim, free_ports
from runtime.errors import Stop


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Options of the demo.

    Attributes:
        videos: Video sources; the packaged clip when empty. With `cameras`, `CAMERA=SOURCE` each.
        run_dir: Folder of data and logs.
        fps: Frames taken per second; None to choose what this machine keeps up with.
        start_us: Event time of the first frame; now when None.
        mode: `record` or `live`.
        fresh: Whether to delete the data of earlier runs.
        port: Port of the board; 0 for any free one.
        detector: Backend and weights of the detector, where they are named.
        seconds: Time after which the sources stop, s; None plays to the end.
        login: Whether people log in at a provider that is started as well.
        cameras: File of calibrated cameras of one floor; None for cameras without calibration.
        badges: Whether badge readers, badges and what is read of them are made up;
            what would be read depends on the clock, so not for a run that can be repeated.
    """

    videos: list[str]
    run_dir: Path
    fps: float | None = None
    start_us: int | None = None
    mode: str = "record"
    fresh: bool = False
    port: int = 0
    detector: dict[str, str] = field(default_factory=dict)
    seconds: float | None = None
    login: bool = False
    cameras: Path | None = None
    badges: bool = True

    @property
    def infer(self) -> list[str]:
        """Options of the inference worker."""
        named = [f"--{name}={value}" for name, value in self.detector.items()]
        return ["--mode", self.mode, *named]


def choose_port(wanted: int) -> int:
    """The port, or another free one when it is taken; 0 takes any.

    The board binds the port some seconds later. Another one is therefore outside the range of
    outgoing connections, where the kernel could give it to a client meanwhile.

    Raises:
        Stop: No port is free.
    """
    if wanted and claim(wanted):
        return wanted
    found = free_ports(1)
    if not found:
        raise Stop("no port is free on 127.0.0.1")
    return found[0]


def interactive(console: Console) -> bool:
    """Whether a person is at the terminal."""
    return console.is_terminal and os.environ.get("CI") is None
