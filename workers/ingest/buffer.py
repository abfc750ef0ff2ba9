"""A short queue between the thread that reads a stream and the thread that sends its frames."""

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FrameBuffer(Generic[T]):
    """A bounded queue whose reader may wait, and whose writer either waits or drops the oldest.

    Args:
        limit: Maximum number of items.
        drop_oldest: True if a full queue drops its oldest item for a new one.
    """

    def __init__(self, limit: int, *, drop_oldest: bool) -> None:
        self._items: deque[T] = deque()
        self._limit = limit
        self._drop_oldest = drop_oldest
        self._changed = threading.Condition()
        self._closed = False

    def put(self, item: T) -> int:
        """Add an item; returns how many were dropped, counting the new one if closed."""
        with self._changed:
            dropped = 0
            if self._drop_oldest:
                while len(self._items) >= self._limit:
                    self._items.popleft()
                    dropped += 1
            else:
                self._changed.wait_for(lambda: self._closed or len(self._items) < self._limit)
            if self._closed:
                return dropped + 1
            self._items.append(item)
            self._changed.notify_all()
            return dropped

    def get(self, timeout_s: float) -> T | None:
        """Take the oldest item; None if none comes within `timeout_s`, or the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._items), timeout_s)
            if not self._items:
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def close(self) -> None:
        """Wake all waiting threads; no more items are accepted."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
