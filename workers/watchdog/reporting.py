"""When a dead man tells what he finds: when he has the watch, or cannot know who has it."""

from typing import Final, Literal

Role = Literal["unknown", "standing by", "on duty"]

LEARN_S: Final = 30.0
"""A dead man who cannot learn for so long who has the watch tells what he finds all the same, s:
rather is something told twice than never."""


class Telling:
    """Decides whether to tell.

    Args:
        patience_s: What was last heard of the watch holds for so long, s.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._unsure_since_s: float | None = None

    def may(
        self, now_s: float, role: Role, heard_s: float | None, *, adopted: bool, log_away: bool
    ) -> bool:
        """Whether what is found now is to be told.

        Args:
            now_s: Monotonic time, s.
            role: Of this dead man, as far as he knows.
            heard_s: When the log last confirmed that, or said who else has the watch.
            adopted: He knows what was told before him.
            log_away: The log does not answer.
        """
        # A process that was frozen wakes with an old right: another one may have it by now.
        heard = heard_s is not None and now_s - heard_s < self._patience_s
        if heard and (role == "standing by" or (role == "on duty" and adopted)):
            self._unsure_since_s = None
            return role == "on duty"
        if self._unsure_since_s is None:
            self._unsure_since_s = now_s
        if role == "on duty" and adopted and log_away:
            return True
        return now_s - self._unsure_since_s >= LEARN_S
