"""What the relay does next: pure, so that every case can be read and tested.

The time in a fact counts for readers: they wait for facts up to a moment and then no longer (five
seconds, `runtime.facts.log`). So a fact is appended within two seconds of the time that it carries,
or with another time; and what was appended once is never appended with other bytes.
"""

from dataclasses import dataclass
from enum import StrEnum

from workers.registry.editing.outbox import Waiting


class Action(StrEnum):
    """What to do with the oldest edit that waits."""

    FIX = "fix"
    """Give it a time, and keep that time with the bytes of its records."""
    SEARCH = "search"
    """Search the topics, under the claim, whether an earlier attempt reached them."""
    APPEND = "append"
    """Append the bytes that were fixed."""
    FINISH = "finish"
    """Note that the topics have it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the relay knows of an edit since it holds the claim.

    Attributes:
        edit_id: The edit.
        attempt: Number of the attempt that it knows of.
        found: Whether the topics have it: False also for a new attempt that only this relay made.
        recorded_at_us: Time of the facts that the topics have, UTC microseconds; None while they
            have none, or where their times were given.
    """

    edit_id: int
    attempt: int
    found: bool
    recorded_at_us: int | None = None


def next_action(waiting: Waiting, known: Known | None, now_us: int) -> Action:
    """What to do next.

    Args:
        waiting: The oldest edit that waits.
        known: What is known since the claim was taken; None when nothing is.
        now_us: Now, UTC microseconds.
    """
    if waiting.payload is None:
        return Action.FIX
    if known is None or (known.edit_id, known.attempt) != (waiting.edit_id, waiting.attempts):
        return Action.SEARCH
    if known.found:
        return Action.FINISH
    if waiting.append_by_us is not None and now_us > waiting.append_by_us:
        return Action.FIX
    return Action.APPEND
