"""Nothing outlives the launcher: the process side of `guard.sh`."""

import contextlib
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

SCRIPT = Path(__file__).with_name("guard.sh")


class Guard:
    """A tiny process that stops what the launcher started, if the launcher dies first."""

    def __init__(self, inherit: Sequence[int] = ()) -> None:
        """Start the guard.

        Args:
            inherit: File descriptors, such as a held lock, that stay open until it is done.
        """
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            ["/bin/sh", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C at the terminal must not reach it
            pass_fds=inherit,
        )

    def watch(self, group: int) -> None:
        """Watch a process group that started."""
        self._send(f"+ {group}\n")

    def forget(self, group: int) -> None:
        """Forget a process group that ended: its number may be used again."""
        self._send(f"- {group}\n")

    def close(self) -> None:
        """Let it stop whatever is still watched, and wait until it has."""
        with self._lock, contextlib.suppress(BrokenPipeError):
            if self._process.stdin and not self._process.stdin.closed:
                self._process.stdin.close()
        self._process.wait()

    def _send(self, line: str) -> None:
        with self._lock:
            pipe = self._process.stdin
            if pipe and not pipe.closed:
                pipe.write(line.encode())
                pipe.flush()
