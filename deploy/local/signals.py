"""Make SIGTERM and SIGHUP end a program as Ctrl-C does: through every `finally`."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TypeAlias

_Report: TypeAlias = Callable[["sys.UnraisableHookArgs"], object]

_AGAIN_S = 0.05
"""Time until a signal is raised again whose exception Python discarded."""


class TerminateAsExit:
    """Within the block, SIGTERM and SIGHUP raise SystemExit in the main thread.

    A handler that someone else installed stays, and so does the default where the block is
    entered outside the main thread.

    Python discards an exception that leaves a weak reference's callback or a `__del__`, and a
    signal's handler may run inside one: the signal is raised again then, Ctrl-C's as well.
    """

    def __init__(self) -> None:
        self._replaced: list[signal.Signals] = []
        self._report: _Report | None = None

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        self._report, sys.unraisablehook = sys.unraisablehook, self._discarded
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _exit)
                self._replaced.append(number)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._report is None:
            return
        for number in self._replaced:
            signal.signal(number, signal.SIG_DFL)
        self._replaced.clear()
        sys.unraisablehook, self._report = self._report, None

    def _discarded(self, unraisable: "sys.UnraisableHookArgs") -> None:
        number = _signal_of(unraisable.exc_value)
        if number is None:
            if self._report is not None:
                self._report(unraisable)
            return
        # Later and from a thread: raised here, it would be discarded again.
        again = threading.Timer(_AGAIN_S, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()


def _exit(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)


def _signal_of(error: BaseException | None) -> signal.Signals | None:
    """The signal whose handler raised this exception."""
    if isinstance(error, KeyboardInterrupt):
        return signal.SIGINT
    for number in (signal.SIGTERM, signal.SIGHUP):
        if isinstance(error, SystemExit) and error.code == 128 + number:
            return number
    return None
