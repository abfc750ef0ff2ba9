"""Wait for a condition, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class NotInTime(AssertionError):
    """The deadline passed before the condition held."""


def eventually(
    condition: Callable[[], Result],
    deadline_s: float = 60.0,
    what: str = "",
    *,
    pause_s: float = 0.05,
) -> Result:
    """Wait until a condition holds; returns its first truthy result.

    Args:
        condition: Asked again and again.
        deadline_s: Longest wait, seconds.
        what: What is waited for, for the message.
        pause_s: Pause between two questions, seconds.

    Raises:
        NotInTime: The deadline has passed; the message has the last result.
    """
    end_s = time.monotonic() + deadline_s
    while not (result := condition()):
        if time.monotonic() > end_s:
            reason = f"{what}: " if what else ""
            raise NotInTime(f"{reason}still {result!r} after {deadline_s:.0f} s")
        time.sleep(pause_s)
    return result
