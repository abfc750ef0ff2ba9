"""Exit on errors: Faust would acknowledge the batch of an agent that raises, and go on."""

import asyncio
import logging
import os
import traceback
from collections.abc import Callable
from types import TracebackType

import structlog

from runtime.errors import EXIT_REPLAY, Stop

log = structlog.get_logger(__name__)

ExitProcess = Callable[[int, str], None]
"""Ends the process with a status and a reason."""


def exit_now(status: int, reason: str) -> None:
    """End the process without running anything else: no save, no acknowledgement."""
    log.critical("stream.exit", status=status, reason=reason)
    logging.shutdown()
    os._exit(status)


class FailStop:
    """Turns every error in a `with` block into the end of the process.

    A `Stop` has its own exit status; any other error exits for a replay, which loses nothing
    because the state resumes at its checkpoint. A cancellation is no error: the framework asks
    the body to end, and the work that it left undone is in no checkpoint.
    """

    def __init__(self, exit_process: ExitProcess = exit_now) -> None:
        self._exit_process = exit_process

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None or isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            return False
        if isinstance(error, Stop):
            self._exit_process(error.exit_code, str(error))
        else:
            reason = "".join(traceback.format_exception(kind, error, trace))
            self._exit_process(EXIT_REPLAY, reason)
        return True
