"""One started program: its process group, its log and its exit."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.errors import LaunchError
from deploy.local.guard import Guard
from deploy.local.waiting import patience
from runtime.retry import comes_true

POLL_S = 0.05
TAIL_LINES = 15
PORT_TAKEN = ("address already in use", "address in use", "bindexception")


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run.

    Attributes:
        name: Name in logs and messages.
        command: Program and arguments.
        environment: Variables added to ours.
        cwd: Working folder; None for ours.
        stop_signal: Signal that ends it in an orderly way.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM


class Process:
    """A running or ended program, alone in its process group."""

    def __init__(self, program: Program, log: Path, guard: Guard) -> None:
        """Start `program`; its output is appended to `log`."""
        self.program = program
        self.log = log
        self._guard = guard
        self._reaped = threading.Lock()
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._log_start = output.seek(0, os.SEEK_END)
            self._popen = subprocess.Popen(
                list(program.command),
                env={**os.environ, **program.environment},
                cwd=program.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        guard.watch(self.pid)

    @property
    def pid(self) -> int:
        """Its process id, which is also the number of its group."""
        return self._popen.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative: ended by that signal."""
        ran = self._popen.returncode is None
        status = self._popen.poll()
        if ran and status is not None:
            self._ended()
        return status

    def wait(self, deadline_s: float) -> int:
        """Wait until it ends.

        Raises:
            LaunchError: It still runs after `deadline_s` seconds.
        """
        try:
            self._popen.wait(deadline_s)
        except subprocess.TimeoutExpired as error:
            raise LaunchError(
                f"{self.program.name} still runs after {deadline_s:g} s.\n{self.tail()}"
            ) from error
        self._ended()
        return self._popen.returncode

    def wait_until(self, condition: Callable[[], bool], deadline_s: float) -> None:
        """Wait until a condition holds, and notice when the process ends first.

        Raises:
            LaunchError: It ended, or `deadline_s` seconds passed; with its last log lines.
        """

        def holds() -> bool:
            if condition():
                return True
            status = self.exit_status
            if status is not None:
                raise LaunchError(f"{self.program.name} ended {_how(status)}:\n{self.tail()}")
            return False

        if not comes_true(holds, patience(deadline_s, every_s=POLL_S)):
            msg = f"{self.program.name} did not answer within {deadline_s:g} s:\n{self.tail()}"
            raise LaunchError(f"{msg}\nFree some memory or processor time and try again.")

    def signal(self, number: int) -> None:
        """Send a signal to the whole group; do nothing when it has ended."""
        if self.exit_status is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def stop(self, deadline_s: float) -> int:
        """End it in an orderly way, by force after a deadline; returns its exit status."""
        self.signal(signal.SIGCONT)  # a stopped process cannot end itself
        self.signal(self.program.stop_signal)
        with contextlib.suppress(LaunchError):
            return self.wait(deadline_s)
        self.signal(signal.SIGKILL)
        return self.wait(deadline_s)

    def tail(self) -> str:
        """The last lines that it wrote since this start."""
        with self.log.open("rb") as output:
            output.seek(max(self._log_start, self.log.stat().st_size - 8192))
            lines = output.read().decode(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])

    def output(self) -> str:
        """All that it wrote since this start."""
        with self.log.open("rb") as output:
            output.seek(self._log_start)
            return output.read().decode(errors="replace")

    def port_was_taken(self) -> bool:
        """Whether its log names another process on its port."""
        output = self.tail().lower()
        return any(sign in output for sign in PORT_TAKEN)

    def _ended(self) -> None:
        if not self._reaped.acquire(blocking=False):
            return  # once: its number may be another's by now
        # Its children end with it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._guard.forget(self.pid)


def _how(status: int) -> str:
    if status < 0:
        return f"by {signal.Signals(-status).name}"
    return f"with exit status {status}"
