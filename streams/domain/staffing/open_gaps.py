"""Since when a gap has been open.

A gap is sure when staff are missing even if every unidentified person were staff, and possible
when they may be. Each is remembered by itself: a gap that became sure a minute ago may have been
possible for an hour. One that is closed for a moment, because somebody walked past, is the same
gap afterwards.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from schemas.records.staffing import RoleCoverage
from streams.domain.staffing.coverage import Coverage, Plan
from streams.domain.staffing.shift import FOREVER_US

CLOSED_US: Final = 30_000_000
"""A gap that was closed for this long is another one when it opens again, microseconds."""

IN_ALL: Final = ""
"""Stands for the zone where a role is named."""


class OpenGap(NamedTuple):
    """A gap of one role of a zone or floor, or of the whole of it.

    Attributes:
        possible_us: Since when staff may be missing, microseconds; None when none may be.
        sure_us: Since when staff are missing whoever the others are, microseconds, or None.
        possible_closed_us: Since when none may be missing, microseconds; None while some may be.
        sure_closed_us: Since when it is not sure, microseconds; None while it is.
    """

    possible_us: int | None = None
    sure_us: int | None = None
    possible_closed_us: int | None = None
    sure_closed_us: int | None = None


def follow_gaps(
    gaps: dict[str, OpenGap], found: Coverage, at_us: int, closed_us: int = CLOSED_US
) -> dict[str, OpenGap]:
    """Take in the coverage of a zone at a later event time.

    Times at which neither the coverage nor `next_over_us` asks for it may be left out.

    Args:
        gaps: Gaps so far, by role; `IN_ALL` for the zone. They are left as they are.
        found: Coverage of the zone.
        at_us: Event time, microseconds; rises.
        closed_us: How long a gap must be closed to be over, microseconds.

    Returns:
        The gaps that are open or were until a moment ago, in order of their roles.
    """
    if not gaps and not found.gap_max:
        return gaps
    sizes = {IN_ALL: (found.gap_min, found.gap_max)}
    for one in found.roles:
        sizes[one["role"]] = (one["gap_min"], one["gap_max"])
    followed: dict[str, OpenGap] = {}
    for role in sorted({**sizes, **gaps}):
        sure, possible = sizes.get(role, (0, 0))
        gap = gaps.get(role, _NEVER)
        possible_us, possible_closed_us = _follow(
            gap.possible_us, gap.possible_closed_us, at_us, closed_us, is_open=possible > 0
        )
        sure_us, sure_closed_us = _follow(
            gap.sure_us, gap.sure_closed_us, at_us, closed_us, is_open=sure > 0
        )
        if possible_us is not None or sure_us is not None:
            followed[role] = OpenGap(possible_us, sure_us, possible_closed_us, sure_closed_us)
    return followed


def follow(
    gaps: dict[str, OpenGap], found: Coverage, plan: Plan, at_us: int
) -> tuple[dict[str, OpenGap], list[RoleCoverage]]:
    """`follow_gaps` and `with_gaps`, at once where nothing has changed since the last tick.

    Args:
        gaps: Gaps so far, by role.
        found: Coverage by the plan.
        plan: The plan; it keeps what was found for the next tick.
        at_us: Event time, microseconds; rises.

    Returns:
        The gaps, and coverage by role with since when they are open.
    """
    steady = plan.steady
    if steady and steady[0] is found and steady[1] is gaps:
        return gaps, steady[2]  # type: ignore[return-value]
    followed = follow_gaps(gaps, found, at_us)
    roles = with_gaps(found.roles, followed)
    # A gap that was closed a moment ago is forgotten later, so then the next tick asks again.
    steady[:] = () if next_over_us(followed) < FOREVER_US else (found, followed, roles)
    return followed, roles


def open_since(gap: OpenGap | None) -> tuple[int | None, int | None]:
    """Since when a gap has been possible and sure.

    Args:
        gap: The gap; None when it is not open.

    Returns:
        `(possible_us, sure_us)`; None for what is closed now.
    """
    if gap is None:
        return None, None
    return (
        gap.possible_us if gap.possible_closed_us is None else None,
        gap.sure_us if gap.sure_closed_us is None else None,
    )


def with_gaps(roles: list[RoleCoverage], gaps: Mapping[str, OpenGap]) -> list[RoleCoverage]:
    """Coverage by role, with since when its gaps are open; the same list where none is."""
    if not gaps:
        return roles
    shown: list[RoleCoverage] = []
    for one in roles:
        possible_us, sure_us = open_since(gaps.get(one["role"]))
        if possible_us is None and sure_us is None:
            shown.append(one)
        else:
            shown.append({**one, "possible_since_us": possible_us, "sure_since_us": sure_us})
    return shown


def next_over_us(gaps: Mapping[str, OpenGap], closed_us: int = CLOSED_US) -> int:
    """Event time at which the next gap that is closed is over, microseconds."""
    over_us = FOREVER_US
    for _, _, possible_closed_us, sure_closed_us in gaps.values():
        if possible_closed_us is not None:
            over_us = min(over_us, possible_closed_us + closed_us)
        if sure_closed_us is not None:
            over_us = min(over_us, sure_closed_us + closed_us)
    return over_us


def _follow(
    since_us: int | None, shut_us: int | None, at_us: int, closed_us: int, *, is_open: bool
) -> tuple[int | None, int | None]:
    if shut_us is not None and at_us - shut_us >= closed_us:
        since_us = shut_us = None
    if is_open:
        return (at_us if since_us is None else since_us), None
    if since_us is None:
        return None, None
    return since_us, (at_us if shut_us is None else shut_us)


_NEVER: Final = OpenGap()
