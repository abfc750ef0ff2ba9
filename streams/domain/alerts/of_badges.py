"""Badges of a floor that were in two positions at once: copied, or a reader is wrong.

That is found at one moment, and a rule asks how long something lasts. So such a badge counts for
`HELD_US`, and for as long again each time that it is found.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from schemas.records.presence import Link
from schemas.records.rules import AlertEvidence
from schemas.topics import LINKS
from streams.domain.alerts.condition import Figures
from streams.domain.alerts.state import TwicePlaced

TOPIC: Final = LINKS
"""Where it is said of a badge that it was in two positions."""

HELD_US: Final = 15 * 60_000_000
"""A badge counts for this long after a link says that it was in two positions, microseconds."""


def is_of_two_positions(link: Link) -> bool:
    """Whether a link says that a badge was in two positions at once."""
    evidence = link["evidence"]
    return link["kind"] == "BADGE" and evidence is not None and evidence["distance_m"] is not None


def follow_badges(
    before: Mapping[str, TwicePlaced], links: Sequence[Link], at_us: int
) -> dict[str, TwicePlaced]:
    """Badges that count as being in two positions, sorted.

    Args:
        before: Those that counted.
        links: Links that say of a badge that it was in two positions at once.
        at_us: Event time, microseconds; rises.
    """
    held = dict(before)
    for link in links:
        known = held.get(link["badge_id"])
        since_us = link["at_us"] if known is None else min(known.since_us, link["at_us"])
        held[link["badge_id"]] = TwicePlaced(since_us, link["as_of_us"])
    return {
        badge_id: held[badge_id] for badge_id in sorted(held) if at_us < ends_us(held[badge_id])
    }


def ends_us(badge: TwicePlaced) -> int:
    """Event time from which a badge counts no more, microseconds."""
    return badge.as_of_us + HELD_US


def figures_of(badges: Mapping[str, TwicePlaced], floor_id: str) -> Figures:
    """How many badges of a floor are in two positions, and since when."""
    return Figures(
        len(badges),
        len(badges),
        min((badge.since_us for badge in badges.values()), default=None),
        evidence=tuple(_evidence(badges, floor_id)),
    )


def _evidence(badges: Mapping[str, TwicePlaced], floor_id: str) -> Iterator[AlertEvidence]:
    for as_of_us in sorted({badge.as_of_us for badge in badges.values()}):
        yield {"topic": TOPIC.name, "key": floor_id, "as_of_us": as_of_us}
