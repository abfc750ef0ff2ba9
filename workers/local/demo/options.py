"""Options of the demo, and what has to be known before anything starts."""

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from runtime.errors import Stop


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Options of the demo.

    Attributes:
        videos: Video sources; the packaged clip when empty.
        run_dir: Folder of data and logs.
        fps: Frames taken per second.
        start_us: Event time of the first frame; now when None.
        mode: `record` or `live`.
        fresh: Whether to delete the data of earlier runs.
        port: Port of the board; 0 for any free one.
        infer: Further options of the inference worker.
        seconds: Time after which the sources stop, s; None plays to the end.
    """

    videos: list[str]
    run_dir: Path
    fps: float = 10.0
    start_us: int | None = None
    mode: str = "record"
    fresh: bool = False
    port: int = 0
    infer: list[str] = field(default_factory=list)
    seconds: float | None = None


def choose_port(wanted: int) -> int:
    """The port, or the next free one when it is taken; 0 takes any."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Stop("no port is free on 127.0.0.1")


def interactive(console: Console) -> bool:
    """Whether a person is at the terminal."""
    return console.is_terminal and os.environ.get("CI") is None
