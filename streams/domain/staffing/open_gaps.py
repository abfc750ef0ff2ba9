"""Since when a gap has been open.

A gap is sure when staff are missing even if every unidentified person were staff, and possible
when they may be. Each is remembered by itself: a gap that became sure a minute ago may have been
possible for an hour. One that is closed for a moment, because somebody walked past, is the same
gap afterwards.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from streams.domain.staffing.coverage import Coverage

CLOSED_US: Final = 30_000_000
"""A gap that was closed for this long is another one when it opens again, microseconds."""

IN_ALL: Final = ""
"""Stands for the zone where a role is named."""


class OpenGap(NamedTuple):
    """A gap of one role of a zone, or of the zone.

    Attributes:
        possible_us: Since when staff may be missing, microseconds; None when none may be.
        sure_us: Since when staff are missing whoever the others are, microseconds, or None.
        possible_until_us: When `possible_us` last held, microseconds.
        sure_until_us: When `sure_us` last held, microseconds.
    """

    possible_us: int | None = None
    sure_us: int | None = None
    possible_until_us: int = 0
    sure_until_us: int = 0


def follow_gaps(
    gaps: Mapping[str, OpenGap], found: Coverage, at_us: int, closed_us: int = CLOSED_US
) -> dict[str, OpenGap]:
    """Take in the coverage of a zone at a later event time.

    Args:
        gaps: Gaps so far, by role; `IN_ALL` for the zone. They are left as they are.
        found: Coverage of the zone.
        at_us: Event time, microseconds; rises.
        closed_us: How long a gap must be closed to be over, microseconds.

    Returns:
        The gaps that are open or were until a moment ago, in order of their roles.
    """
    sizes = {IN_ALL: (found.gap_min, found.gap_max)}
    for one in found.roles:
        sizes[one["role"]] = (one["gap_min"], one["gap_max"])
    followed: dict[str, OpenGap] = {}
    for role in sorted({**sizes, **gaps}):
        sure, possible = sizes.get(role, (0, 0))
        gap = gaps.get(role, OpenGap())
        possible_us, possible_until_us = _follow(
            gap.possible_us, gap.possible_until_us, at_us, closed_us, is_open=possible > 0
        )
        sure_us, sure_until_us = _follow(
            gap.sure_us, gap.sure_until_us, at_us, closed_us, is_open=sure > 0
        )
        if possible_us is not None or sure_us is not None:
            followed[role] = OpenGap(possible_us, sure_us, possible_until_us, sure_until_us)
    return followed


def open_since(gap: OpenGap | None, at_us: int) -> tuple[int | None, int | None]:
    """Since when a gap has been possible and sure at the time that was last followed.

    Args:
        gap: The gap; None when it is not open.
        at_us: That time, microseconds.

    Returns:
        `(possible_us, sure_us)`; None for what is closed at that time.
    """
    if gap is None:
        return None, None
    return (
        gap.possible_us if gap.possible_until_us == at_us else None,
        gap.sure_us if gap.sure_until_us == at_us else None,
    )


def _follow(
    since_us: int | None, until_us: int, at_us: int, closed_us: int, *, is_open: bool
) -> tuple[int | None, int]:
    if since_us is not None and at_us - until_us >= closed_us:
        since_us, until_us = None, 0
    if not is_open:
        return since_us, until_us
    return (at_us if since_us is None else since_us), at_us
