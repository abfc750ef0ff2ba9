"""The evidence of a floor, tick by tick: it runs forward only, and no result changes what was sent.

All of one tick is taken in together and in an order of its own, so the order in which records of
one time arrive makes no difference.
"""

from collections.abc import Mapping, Sequence
from math import isnan
from operator import attrgetter
from typing import Final, Literal, NamedTuple

from streams.domain.evidence.carriers import doubt, forget, mingle, move, take_read
from streams.domain.evidence.lending import count_together
from streams.domain.evidence.people import People
from streams.domain.evidence.readers import Read, Reader
from streams.domain.evidence.roles import (
    MOST_LOOKS,
    Worn,
    fade,
    keep_looks,
    note_looks,
    take_looks,
)
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import UNSEEN, EvidenceState, PersonState
from streams.domain.evidence.travel import TwoPositions, two_positions
from streams.domain.evidence.whereabouts import Whereabouts

MOST_READS: Final = 5
"""So many reads of a person are remembered, to be shown."""

_NEAR: Final = 0.05


class Joined(NamedTuple):
    """A link between two people, as tracking found it.

    Attributes:
        kind: MERGE: the two are one, who is `earlier` from now on. SPLIT: `later` was with
            `earlier`, and either may be who that was. REIDENTIFICATION and HAND_OVER: `later`
            continues `earlier`, who is not reported any more.
        earlier: Id of the earlier person.
        later: Id of the later one.
        score: How sure that is, 0 to 1.
    """

    kind: Literal["MERGE", "SPLIT", "REIDENTIFICATION", "HAND_OVER"]
    earlier: str
    later: str
    score: float = 1.0


class Moment(NamedTuple):
    """What is known of a floor at the end of a tick; reads, links and classes in any order.

    Attributes:
        at_us: Event time, microseconds; rises.
        people: Who is reported.
        reads: Reads that are visible from this tick on; their times may lie some seconds back.
        joined: Links of this tick.
        worn: Classes seen on people.
        holders: Whose each badge is, by badge, as far as it is known.
    """

    at_us: int
    people: People
    reads: Sequence[Read] = ()
    joined: Sequence[Joined] = ()
    worn: Sequence[Worn] = ()
    holders: Mapping[str, Sequence[str]] = {}


def advance(
    state: EvidenceState,
    moment: Moment,
    readers: Mapping[str, Reader],
    settings: EvidenceSettings,
) -> list[TwoPositions]:
    """Take in one tick.

    Args:
        state: The floor's evidence, changed in place.
        moment: The tick.
        readers: Readers in force, by id; reads of others are ignored, and so are reads of times at
            which nobody's position is remembered.
        settings: Rates and limits.

    Returns:
        Badges that were in two positions at once, by badge and time.
    """
    state.at_us = moment.at_us
    passed_us = moment.at_us - (state.aged_us or moment.at_us)
    if passed_us >= settings.trail_step_us or not state.aged_us:
        state.aged_us = moment.at_us
        _pass(state, passed_us, settings)
        # Nobody knows for how long two were close while no tick was taken in.
        together_us = min(passed_us, 2 * settings.trail_step_us)
        mingle(state, moment.people, together_us, settings)
    if any(one.kind == "MERGE" or one.earlier in state.people for one in moment.joined):
        for link in sorted(moment.joined, key=attrgetter("later", "earlier", "kind")):
            _join(state, link)
    _note(state, moment.people, moment.at_us, settings)
    found = []
    reads, count = sorted(moment.reads), len(moment.people.person_ids)
    whereabouts = Whereabouts(state, reads[0].at_us, settings) if reads else None
    for read in reads:
        reader = readers.get(read.reader_id)
        if reader is None or not whereabouts or moment.at_us - read.at_us > settings.trail_us:
            continue  # nobody's position at that time is remembered
        badge = state.badges.get(read.badge_id)
        twice = None if badge is None else two_positions(badge, read, reader, settings)
        if badge is not None and twice is not None:
            doubt(badge, read.at_us)
            found.append(twice)
        near = take_read(state, read, reader, whereabouts, settings)
        if settings.lent_counted:
            count_together(state, read.badge_id, count, moment.holders)
        for person_id, likelihood in near.items():
            if likelihood >= _NEAR:
                kept = state.people[person_id].reads
                kept.append([read.at_us, read.reader_id, read.badge_id, round(likelihood, 3)])
                del kept[:-MOST_READS]
    note_looks(state, moment.worn, moment.at_us)
    take_looks(state, settings)
    return sorted(found)


def _pass(state: EvidenceState, passed_us: int, settings: EvidenceSettings) -> None:
    forget(state, passed_us, settings)
    seen_us = state.at_us - settings.left_us
    for person in state.people.values():
        if person.worn:
            fade(person, passed_us, settings)
    for person_id in sorted(
        [one for one, known in state.people.items() if known.seen_us < seen_us]
    ):
        move(state, person_id, UNSEEN, 1.0)
        del state.people[person_id]


def _note(state: EvidenceState, people: People, at_us: int, settings: EvidenceSettings) -> None:
    """Remember that people are seen, and now and then where."""
    known_people = state.people
    oldest_us, due_us = at_us - settings.trail_us, at_us - settings.trail_step_us
    for index, person_id in enumerate(people.person_ids):
        known = known_people.get(person_id)
        if known is None:
            known = known_people[person_id] = PersonState()
        known.seen_us = at_us
        trail = known.trail
        if trail and trail[-1][0] > due_us:
            if trail[0][0] >= oldest_us:
                continue  # at most ticks
        else:
            position = [people.x_m[index], people.y_m[index], people.position_sd_m[index]]
            zone_ids = people.zone_ids[index]
            if not any(map(isnan, position)):
                trail.append([at_us, *position, sorted(zone_ids)])
            elif zone_ids:
                trail.append([at_us, 0.0, 0.0, _ANYWHERE_M, sorted(zone_ids)])
        while trail and trail[0][0] < oldest_us:
            del trail[0]


_ANYWHERE_M: Final = 1e6
"""Standard deviation of a position that is not known, m: no reader with a position is near it."""


def _join(state: EvidenceState, link: Joined) -> None:
    earlier, later = state.people.get(link.earlier), state.people.get(link.later)
    if link.kind == "MERGE":
        move(state, link.later, link.earlier, 1.0)
        if later is not None:
            kept = state.people.setdefault(link.earlier, PersonState(later.seen_us))
            _unite(kept, later)
            del state.people[link.later]
        return
    share = 0.5 if link.kind == "SPLIT" else min(1.0, max(0.0, link.score))
    if earlier is None:
        return
    kept = state.people.setdefault(link.later, PersonState(state.at_us))
    if not kept.worn:
        kept.worn = dict(earlier.worn)
        keep_looks(kept, share)
    kept.worn_us = kept.worn_us or earlier.worn_us
    kept.reads = sorted([*earlier.reads, *kept.reads])[-MOST_READS:]
    move(state, link.earlier, link.later, share)
    if link.kind != "SPLIT":
        move(state, link.earlier, UNSEEN, 1.0)
        # Reads that arrive late may be of when the person was the earlier one.
        first_us = kept.trail[0][0] if kept.trail else state.at_us
        kept.trail = [one for one in earlier.trail if one[0] < first_us] + kept.trail
        del state.people[link.earlier]


def _unite(kept: PersonState, later: PersonState) -> None:
    """Put what was known of two people together, who are one and were seen by several cameras."""
    times = {one[0] for one in kept.trail}
    kept.trail = sorted([*kept.trail, *(one for one in later.trail if one[0] not in times)])
    kept.seen_us = max(kept.seen_us, later.seen_us)
    for shown, looks in sorted(later.worn.items()):
        kept.worn[shown] = kept.worn.get(shown, 0.0) + looks
    keep_looks(kept, MOST_LOOKS)
    for shown, count in sorted(later.looks.items()):
        kept.looks[shown] = kept.looks.get(shown, 0) + count
    looked = [one.worn_us for one in (kept, later) if one.worn_us is not None]
    kept.worn_us = max(looked) if looked else None
    kept.reads = sorted([*kept.reads, *later.reads])[-MOST_READS:]
