"""Object store with a circuit breaker: while it is down, nothing waits for its timeouts."""

from collections.abc import Iterator
from contextlib import contextmanager

from runtime.clock import Clock
from runtime.errors import Retry
from runtime.storage.breaker import BreakerPolicy, Guard
from runtime.storage.objects import ObjectStore

POLICY = BreakerPolicy(failures=3, first_pause_s=0.2, max_pause_s=5.0)


class GuardedStore(ObjectStore):
    """An `ObjectStore` that fails at once while the store is down.

    A live camera then drops frames and keeps up with real time, and a worker that can wait finds
    out how long from `retry_after_s` of the error.

    Args:
        url: URL of the store, as for `ObjectStore`.
        clock: Source of the time.

    Raises:
        Stop: The URL has another scheme, or the folder cannot be made.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__(url)
        self._guard = Guard("object_store", clock, POLICY)

    def put(self, path: str, data: bytes) -> str:
        """As `ObjectStore.put`, or `BreakerOpen`."""
        with self._trying():
            return super().put(path, data)

    def get(self, uri: str, sha256: str) -> bytes:
        """As `ObjectStore.get`, or `BreakerOpen`."""
        with self._trying():
            return super().get(uri, sha256)

    @contextmanager
    def _trying(self) -> Iterator[None]:
        try:
            with self._guard.trying():
                yield
        except Retry as error:
            error.retry_after_s = self._guard.due_in_s()
            raise
