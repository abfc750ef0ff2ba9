"""How many badges are with somebody else than their holder, and how far that can be trusted.

The share is stated. Whoever states it counted it on some badges, on other days, and no read tells a
badge that was lent to somebody without one from a badge that its holder carries. So names by badges
are given only where an upper bound of the share allows: the fewer were counted, the higher it is.

A part of lending shows: one person carries badges of two, and one of them is not theirs. A badge
can show that only as far as people have badges, so each weighs by the share of the others who do.
Both are counted forward on the floor, together with what was stated.
"""

import math
from collections.abc import Collection, Mapping
from typing import Final

from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.spread import kept_of
from streams.domain.evidence.state import NOT_PEOPLE, BadgeState, EvidenceState

SURE: Final = 0.95
"""Somebody carries a badge whose share of it is at least this."""

_DEVIATIONS: Final = 1.2816
"""Of a normal distribution, nine tenths are below its mean and so many standard deviations."""

_MOST_TRIED: Final = 1000.0
"""What was seen longer ago counts less: no more badges than these weigh."""


def lent(state: EvidenceState, settings: EvidenceSettings) -> float:
    """The share of badges that are with somebody else than their holder, for names by badges.

    As long as an upper bound of it leaves names sure enough, it is the share that was counted: how
    many names are wrong depends on it, and not on how few of them are given. Else it is the bound,
    and a badge names nobody by itself: its holders are candidates until something else agrees.

    Args:
        state: The floor's evidence.
        settings: The stated share, and on how many badges it was counted; just the stated share
            where that is 0.
    """
    stated = settings.lent_counted
    if not stated > 0.0:
        return settings.lent
    counted = stated + state.tried
    share = min(1.0, (settings.lent * stated + state.together) / counted)
    most = upper_bound(share, counted)
    return most if most > 1.0 - settings.named_at else share


def upper_bound(share: float, counted: float) -> float:
    """The upper end of the score interval (Wilson, 1927): nine times in ten the share is lower.

    Args:
        share: The share that was found, 0 to 1.
        counted: Of how many; above 0.
    """
    part = _DEVIATIONS * _DEVIATIONS / counted
    spread = _DEVIATIONS * math.sqrt(share * (1.0 - share) / counted + 0.25 * part / counted)
    return min(1.0, (share + 0.5 * part + spread) / (1.0 + part))


def count_together(
    state: EvidenceState, badge_id: str, people: int, holders: Mapping[str, Collection[str]]
) -> None:
    """Count a badge that was read, and whether who surely carries it has somebody else's too.

    Args:
        state: The floor's evidence, changed in place.
        badge_id: The badge.
        people: People who are on the floor.
        holders: Whose each badge is, by badge; one of nobody known shows nothing.
    """
    held = {*holders.get(badge_id, ())}
    badge = state.badges[badge_id]
    carrier = carrier_of(badge)
    if not (held and carrier):
        return
    others = set()
    with_it = []
    for name in sorted(state.badges):
        if name != badge_id and (found := carrier_of(state.badges[name])):
            if found != carrier:
                others.add(found)
            elif holders.get(name) and held.isdisjoint(holders[name]):
                with_it.append(state.badges[name])
    share = min(1.0, len(others) / max(1, people - 1))
    if share > badge.tried:
        state.tried += share - badge.tried
        badge.tried = share
    for other in with_it:
        if not (badge.is_together and other.is_together):
            state.together += 1.0
            badge.is_together = other.is_together = True
            # One that was found has been tried in full.
            state.tried += max(0.0, 1.0 - badge.tried)
            badge.tried = 1.0
    if state.tried > _MOST_TRIED:
        kept = _MOST_TRIED / state.tried
        state.tried, state.together = kept * state.tried, kept * state.together


def carrier_of(badge: BadgeState) -> str:
    """Who surely carries a badge; empty where that is nobody."""
    spread = kept_of(badge).spread
    return "" if spread.most < SURE or spread.first in NOT_PEOPLE else spread.first
