"""Make SIGTERM and SIGHUP end a program as Ctrl-C does: through every `finally`."""

import signal
import threading
from types import FrameType, TracebackType


class TerminateAsExit:
    """Within the block, SIGTERM and SIGHUP raise SystemExit in the main thread.

    A handler that someone else installed stays, and so does the default where the block is
    entered outside the main thread.
    """

    def __init__(self) -> None:
        self._replaced: list[signal.Signals] = []

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
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
        for number in self._replaced:
            signal.signal(number, signal.SIG_DFL)
        self._replaced.clear()


def _exit(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)
