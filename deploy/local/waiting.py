"""Wait for what another process does; only this machine's own clock measures that."""

from runtime.clock import SystemClock
from runtime.retry import Tries, constant


def patience(within_s: float, *, every_s: float) -> Tries:
    """Tries of something that another process has to do first.

    Args:
        within_s: Time after which to give up, s.
        every_s: Pause between two tries, s.
    """
    return Tries(constant(every_s, deadline_s=within_s), SystemClock())
