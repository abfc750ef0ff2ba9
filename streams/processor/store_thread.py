"""The one thread in which a checkpoint store does its blocking work."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class StoreThread:
    """Runs calls in order: a save of one generation never follows the load of the next."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint-store")
        self._calls = 0

    @property
    def busy(self) -> bool:
        """Whether a call is running or waiting for its turn."""
        return self._calls > 0

    async def call(self, function: Callable[[], T]) -> T:
        """Run `function` in the thread; a cancellation of the caller does not stop it."""
        self._calls += 1
        future = asyncio.get_running_loop().run_in_executor(self._thread, function)
        future.add_done_callback(self._returned)
        return await asyncio.shield(future)

    def _returned(self, future: asyncio.Future[T]) -> None:
        self._calls -= 1
        if not future.cancelled():
            future.exception()  # retrieved, in case nobody awaits it any more
