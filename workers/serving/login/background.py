"""Work that outlives the request which began it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

import structlog

from runtime.errors import Retry

log = structlog.get_logger(__name__)

_PAUSES_S: Final = (0.2, 0.5, 1, 2, 4, 8, 15, 30, 60, 60, 60, 60)


class Background:
    """Tasks that run on until `close`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def start(self, work: Coroutine[object, object, object]) -> "asyncio.Task[object]":
        """Begin something; its error is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def persist(self, what: str, work: Callable[[], Awaitable[object]]) -> None:
        """Begin something that is tried again for minutes while a dependency is away."""
        self.start(_tried(what, work))

    def _done(self, task: "asyncio.Task[object]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("login.background_failed", exc_info=error)

    async def close(self, within_s: float = 1.0) -> None:
        """Let what is nearly done end, and cancel the rest."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=within_s)
        for task in set(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _tried(what: str, work: Callable[[], Awaitable[object]]) -> None:
    for pause_s in _PAUSES_S:
        try:
            await work()
        except Retry as away:
            log.warning("login.tried_again", what=what, in_s=pause_s, error=str(away))
            await asyncio.sleep(pause_s)
        else:
            return
    log.error("login.given_up", what=what)
