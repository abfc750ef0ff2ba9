"""Periodic work beside the main loop, in a thread of its own."""

import threading
from collections.abc import Callable

import structlog

from runtime.errors import WardstreamError
from runtime.retry import RetryPolicy, constant
from schemas.registry import IncompatibleSchema, NotRegistered, RegistryError

log = structlog.get_logger(__name__)

FORESEEN = (WardstreamError, RegistryError, NotRegistered, IncompatibleSchema)
"""Errors that say what is out of reach or wrong; any other is a fault in the program."""


class Periodic:
    """Calls `step` until `close`.

    No error ends the thread: its state would go stale, and a reader of that state could not
    notice. Every error goes to `failed`; one that is not foreseen is first logged with its trace.
    Then the thread pauses and continues.

    Args:
        name: Name of the thread.
        step: Function that does the work once; may return the pause until the next call, s, in
            place of `every_s`.
        failed: Called with each error, in the thread.
        every_s: Pause between two calls, s.
        first_s: Pause before the first call, s.
        retry: Policy for the pauses after failures; None pauses for `every_s`.
        ended: Called in the thread when it ends, to release what `step` holds.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], float | None],
        failed: Callable[[Exception], None],
        *,
        every_s: float,
        first_s: float = 0.0,
        retry: RetryPolicy | None = None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._step = step
        self._failed = failed
        self._every_s = every_s
        self._first_s = first_s
        self._retry = retry or constant(every_s)
        self._ended = ended
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def closing(self) -> bool:
        """Whether `close` was called."""
        return self._closing.is_set()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self, within_s: float = 0.0) -> None:
        """Ask the thread to end; may be called from any thread.

        Args:
            within_s: Longest wait for its end, s; a call still in progress then is left running.
        """
        self._closing.set()
        if within_s and self._thread.is_alive():
            self._thread.join(timeout=within_s)

    def wait(self, seconds: float) -> bool:
        """Wait inside a step; returns True when the step must end."""
        return self._closing.wait(seconds)

    def _run(self) -> None:
        failures = 0
        pause_s = self._first_s
        try:
            while not self._closing.wait(pause_s):
                try:
                    asked_s = self._step()
                except Exception as error:  # noqa: BLE001 - the thread must live on, see above
                    failures += 1
                    pause_s = self._retry.pause_s(failures)
                    self._report(error)
                else:
                    failures = 0
                    pause_s = self._every_s if asked_s is None else asked_s
        finally:
            self._ended()

    def _report(self, error: Exception) -> None:
        if self.closing:
            return
        if not isinstance(error, FORESEEN):
            log.error("periodic.crash", thread=self._thread.name, exc_info=error)
        try:
            self._failed(error)
        except Exception:
            log.exception("periodic.report_failed", thread=self._thread.name)
