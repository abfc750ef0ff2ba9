"""Wait for a condition, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def eventually(what: Callable[[], Result], deadline_s: float = 60.0) -> Result:
    """The first truthy result; fails with the last one when the deadline passes."""
    until = time.monotonic() + deadline_s
    while True:
        result = what()
        if result:
            return result
        assert time.monotonic() < until, f"still {result!r} after {deadline_s:.0f} s"
        time.sleep(0.02)
