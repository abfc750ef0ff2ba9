"""Who carries a badge: one distribution for each badge over the people of a floor.

A read says that the badge was near a reader, so it weighs each person by how likely the reader
would have read them where they were. It is one person's at most, and that is what a distribution
over people says by itself: what makes one more likely makes the others less.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final

from streams.domain.evidence.people import People
from streams.domain.evidence.reader_fit import count_fit, uninformative_share
from streams.domain.evidence.readers import Read, Reader
from streams.domain.evidence.settings import MICROSECONDS, EvidenceSettings
from streams.domain.evidence.state import LYING, NOT_PEOPLE, UNSEEN, BadgeState, EvidenceState
from streams.domain.evidence.whereabouts import Whereabouts

_LEAST: Final = 1e-5
"""A smaller probability is counted as that of somebody unseen."""

_ABOUT_NOBODY: Final = 0.9999


def take_read(
    state: EvidenceState,
    read: Read,
    reader: Reader,
    whereabouts: Whereabouts,
    settings: EvidenceSettings,
) -> dict[str, float]:
    """Weigh the people of a floor by a read of a badge.

    Somebody of whom nothing is known yet is as likely as any other to be the carrier whom the badge
    lacks so far.

    Args:
        state: The floor's evidence, changed in place.
        read: The read.
        reader: Its reader.
        whereabouts: Where people were.
        settings: Rates.

    Returns:
        How likely the reader would have read those people at all who were there, by person id.
    """
    near = whereabouts.likelihoods(reader, read.at_us)
    badge = state.badges.get(read.badge_id)
    nothing = uninformative_share(state, read.reader_id, settings)
    if settings.unseen_counted:
        count_fit(state, read.reader_id, badge, near, whereabouts)
    if badge is None:
        badge = state.badges[read.badge_id] = BadgeState()
    before = badge.carriers
    unseen = before.get(UNSEEN, 0.0)
    new = unseen * (1.0 - settings.unseen)
    after = {name: new * likelihood for name, likelihood in near.items()}
    was_there, stray = whereabouts.was_there, settings.stray
    for person_id, known in before.items():
        if person_id in NOT_PEOPLE:
            continue
        likelihood = near.get(person_id, 0.0)
        if likelihood:
            after[person_id] = known * max(likelihood, stray) + new * likelihood
        elif was_there(person_id):
            after[person_id] = known * stray
        else:  # who left view may be near the reader as well as anywhere
            after[person_id] = known * settings.unseen
    after[UNSEEN] = unseen * settings.unseen
    same = badge.reader_id == read.reader_id
    lying = before.get(LYING, 0.0)
    # Whoever stays there is read as often as a badge that lies there, however many reads that are.
    after[LYING] = lying * (max(near.values(), default=1.0) if same else settings.stray)
    if not same:  # one that somebody is known to carry has not been lying there
        after[LYING] += settings.lost * (unseen + lying)
    if nothing:
        after = {
            name: (1.0 - nothing) * after.get(name, 0.0) + nothing * before.get(name, 0.0)
            for name in {**after, **before}
        }
    badge.carriers = _normalised(after)
    if read.at_us >= badge.read_us:  # one that comes later may be of an earlier time
        badge.read_us, badge.reader_id = read.at_us, read.reader_id
        placed = not reader.zone_id
        badge.x_m = reader.x_m if placed else None
        badge.y_m = reader.y_m if placed else None
        badge.range_m = reader.range_m
    return near


def forget(state: EvidenceState, passed_us: int, settings: EvidenceSettings) -> None:
    """Let time pass: tracking may have given any person's number to another one."""
    kept = math.exp(-settings.swaps_per_s * passed_us / MICROSECONDS)
    for badge_id in sorted(state.badges):
        badge = state.badges[badge_id]
        shares = {
            name: share
            for name, known in sorted(badge.carriers.items())
            if (share := known if name == LYING else known * kept) >= _LEAST and name != UNSEEN
        }
        shares[UNSEEN] = max(0.0, 1.0 - math.fsum(shares.values()))
        badge.carriers = shares
        if badge.carriers.get(UNSEEN, 0.0) > _ABOUT_NOBODY or (
            state.at_us - badge.read_us > settings.forget_us
        ):
            doubted = badge.doubted_us is not None
            if not doubted and state.at_us - badge.read_us > settings.left_us:
                del state.badges[badge_id]


def mingle(
    state: EvidenceState, people: People, passed_us: int, settings: EvidenceSettings
) -> None:
    """Let people who are close to each other be exchanged by tracking."""
    share = 0.5 * -math.expm1(-2.0 * settings.close_swaps_per_s * passed_us / MICROSECONDS)
    close = settings.close_m * settings.close_m
    pairs = _close_pairs(people, close)
    if not pairs:
        return
    known = []
    for badge_id in sorted(state.badges):
        badge = state.badges[badge_id]
        badge.carriers = dict(badge.carriers)
        known.append(badge.carriers)
    for one, other in pairs:
        _exchange(state, known, people.person_ids[one], people.person_ids[other], share)


def _close_pairs(people: People, close: float) -> list[tuple[int, int]]:
    """Pairs of people whose distance squared is at most so much, in their order."""
    by_x = [
        (x_m, y_m, index)
        for index, (x_m, y_m) in enumerate(zip(people.x_m, people.y_m, strict=True))
        if x_m == x_m  # noqa: PLR0124 - NaN means unknown
    ]
    by_x.sort()
    found = []
    for at, (x_m, y_m, one) in enumerate(by_x, 1):
        for other_x_m, other_y_m, other in islice(by_x, at, None):
            along = (x_m - other_x_m) ** 2
            if along > close:
                break
            if along + (y_m - other_y_m) ** 2 <= close:
                found.append((min(one, other), max(one, other)))
    return sorted(found)


def _exchange(
    state: EvidenceState, known: Sequence[dict[str, float]], one: str, other: str, share: float
) -> None:
    for carriers in known:
        here, there = carriers.get(one, 0.0), carriers.get(other, 0.0)
        if here or there:
            moved = share * (here - there)
            carriers[one], carriers[other] = here - moved, there + moved
    first, second = state.people.get(one), state.people.get(other)
    if first is None or second is None or not (first.worn or second.worn):
        return
    for shown in sorted({*first.worn, *second.worn}):
        here, there = first.worn.get(shown, 0.0), second.worn.get(shown, 0.0)
        moved = share * (here - there)
        first.worn[shown], second.worn[shown] = here - moved, there + moved


def move(state: EvidenceState, earlier: str, later: str, share: float) -> None:
    """Give a share of what makes one person the carrier of badges to another one.

    Args:
        state: The floor's evidence, changed in place.
        earlier: Person from whom it is taken.
        later: Person who gets it; `UNSEEN` for somebody who is not reported.
        share: How much of it, 0 to 1.
    """
    for badge_id in sorted(state.badges):
        badge = state.badges[badge_id]
        known = badge.carriers.get(earlier, 0.0)
        if not known:
            continue
        carriers = badge.carriers = dict(badge.carriers)
        carriers[later] = carriers.get(later, 0.0) + share * known
        if share < 1.0:
            carriers[earlier] = known - share * known
        else:
            del carriers[earlier]


def doubt(badge: BadgeState, at_us: int) -> None:
    """Note that a badge was in two positions at once, so that half of what it said is in doubt."""
    badge.doubted_us = at_us
    badge.carriers = _normalised(
        {
            name: share * (1.0 if name in NOT_PEOPLE else 0.5)
            for name, share in badge.carriers.items()
        },
        rest=True,
    )


def _normalised(weights: Mapping[str, float], *, rest: bool = False) -> dict[str, float]:
    """Shares that add up to 1, with the smallest counted as somebody unseen.

    Args:
        weights: Weights by carrier, 0 or more.
        rest: True when what lacks to 1 is somebody unseen's.
    """
    total = 1.0 if rest else math.fsum(weights.values())
    if total <= 0.0:
        return {UNSEEN: 1.0}
    shares = {
        name: share
        for name, weight in sorted(weights.items())
        if (share := weight / total) >= _LEAST and name != UNSEEN
    }
    shares[UNSEEN] = max(0.0, 1.0 - math.fsum(shares.values()))
    return shares
