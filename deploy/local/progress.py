"""One line per step of an install, with the seconds it took."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Progress:
    """Prints steps as they end; several may run at the same time.

    Attributes:
        steps: Name and duration in seconds of each finished step, in order of their end.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[str, float]] = []
        self._started = time.monotonic()
        self._lock = threading.Lock()

    @contextmanager
    def step(self, what: str, *, unless_shorter_s: float = 0.0) -> Iterator[None]:
        """Time a block and print one line when it ends well.

        Args:
            what: Name of the step.
            unless_shorter_s: Seconds; a shorter step had nothing to do and gets no line.
        """
        started = time.monotonic()
        yield
        if (took_s := time.monotonic() - started) >= unless_shorter_s:
            self.done(what, took_s)

    def done(self, what: str, took_s: float) -> None:
        """Print the line of a finished step."""
        with self._lock:
            self.steps.append((what, took_s))
            now = time.monotonic() - self._started
            print(f"  {now:6.1f} s  {what} ({took_s:.1f} s)", file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        """Print a sentence that an install goes on after."""
        with self._lock:
            print(f"  {text}", file=sys.stderr, flush=True)
