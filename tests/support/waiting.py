"""Wait for a condition, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


PAUSE_S = 0.05
WORK_TO_PAUSE = 3.0
"""A question that takes long is asked less often, as it keeps those waited for from their work."""

LONGEST_PAUSE_S = 0.5


class NotInTime(AssertionError):
    """The deadline passed before the condition held."""


def eventually(
    condition: Callable[[], Result],
    deadline_s: float = 60.0,
    what: str = "",
    *,
    pause_s: float | None = None,
) -> Result:
    """Wait until a condition holds; returns its first truthy result.

    Args:
        condition: Asked again and again.
        deadline_s: Longest wait, seconds.
        what: What is waited for, for the message.
        pause_s: Pause between two questions, seconds; None waits `PAUSE_S`, or longer where the
            question itself takes long.

    Raises:
        NotInTime: The deadline has passed; the message has the last result.
    """
    asked_s = time.monotonic()
    end_s = asked_s + deadline_s
    while not (result := condition()):
        answered_s = time.monotonic()
        if answered_s > end_s:
            reason = f"{what}: " if what else ""
            raise NotInTime(f"{reason}still {result!r} after {deadline_s:.0f} s")
        took_s = answered_s - asked_s
        rest_s = max(PAUSE_S, min(WORK_TO_PAUSE * took_s, LONGEST_PAUSE_S))
        time.sleep(rest_s if pause_s is None else pause_s)
        asked_s = time.monotonic()
    return result
