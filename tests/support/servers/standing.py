"""A server outside the pipeline that a test may kill and start again at the same address."""

import signal
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.guard import Guard
from deploy.local.ports import free_ports
from deploy.local.process import Process, Program

START_S = 90.0
STOP_S = 10.0


class StandingServer:
    """Runs one program for the length of a `with` block.

    Args:
        program: Makes the program for a port.
        answers: Whether the server answers at a port.
        log: File for what it prints.
    """

    def __init__(
        self, program: Callable[[int], Program], answers: Callable[[int], bool], log: Path
    ) -> None:
        self._make = program
        self._answers = answers
        self._log = log
        self._guard = Guard()
        self.port = free_ports(1)[0]
        self._process: Process | None = None

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._process = Process(self._make(self.port), self._log, self._guard)
        self._process.wait_until(lambda: self._answers(self.port), START_S)

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        assert self._process is not None
        self._process.signal(signal.SIGKILL)
        self._process.wait(STOP_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.stop(STOP_S)
        self._guard.close()
