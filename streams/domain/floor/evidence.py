"""Who the people of a floor are, as far as evidence goes: at some ticks, and kept in between.

A floor remembers no positions before its first read, so one without readers costs nothing. From
then on, evidence is taken in at ticks with a read or a link, and else once a second while somebody
looks. All other ticks leave it as it is, so that it makes no difference which of them are closed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import isnan
from typing import Final, NamedTuple

from schemas.records.evidence import BadgeRead
from schemas.records.presence import Link
from schemas.records.staffing import Staff
from streams.domain.camera.view import View
from streams.domain.evidence.classes import NO_CLASSES, Classes
from streams.domain.evidence.naming import identities
from streams.domain.evidence.people import People
from streams.domain.evidence.queue import (
    ReadQueue,
    badges_of,
    due,
    forget_holders,
    in_order,
    offer,
)
from streams.domain.evidence.readers import Read, Reader
from streams.domain.evidence.roles import Worn, note_looks
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import EvidenceState
from streams.domain.evidence.step import Joined, Moment, advance
from streams.domain.evidence.travel import TwoPositions
from streams.domain.floor.name import Name, Names, nobody_twice
from streams.domain.floor.presence import PeopleOnFloor
from streams.domain.identity.identities import FloorLink
from streams.domain.person import person_id
from streams.domain.zones.membership import ZoneState

UNFUSED_SD_M: Final = 0.3
"""Standard deviation of the position of a person whom one calibrated camera sees, m."""


NAMED_US: Final = 1_000_000
"""Names are found this long after they were found last, microseconds, once a read or link came."""

FADED_US: Final = 2_000_000
"""They are found this long after it, microseconds, where nothing came: names fade."""


@dataclass(slots=True)
class FloorEvidence:
    """What the fold remembers of a floor's evidence; a floor without reads has none.

    Attributes:
        read_us: End of the last tick that took in a read or weighed a class, microseconds.
        named_us: End of the last tick at which names were found, microseconds.
        is_stale: Whether a read or link came since then.
        state: Who carries which badge.
        queue: Reads that were just taken in, and whose badges they are; nothing waits in it.
        names: People of whom something is known, as of `named_us`.
        in_zones: Badges in each zone and how many of them are doubted, as of `named_us`.
    """

    read_us: int = 0
    named_us: int = 0
    is_stale: bool = False
    state: EvidenceState = field(default_factory=EvidenceState)
    queue: ReadQueue = field(default_factory=ReadQueue)
    names: dict[str, Name] = field(default_factory=dict)
    in_zones: dict[str, tuple[int, int]] = field(default_factory=dict)


class TakenIn(NamedTuple):
    """What a tick made of its reads.

    Attributes:
        evidence: The floor's evidence; None when there is none any more.
        late: Reads that came too late to be weighed, in order.
        twice: Badges that were in two positions at once, in order.
        astray: Reads of zones that the floor does not have, in order.
    """

    evidence: FloorEvidence | None
    late: Sequence[BadgeRead] = ()
    twice: Sequence[TwoPositions] = ()
    astray: Sequence[BadgeRead] = ()


def take_in(
    known: FloorEvidence | None,
    records: Sequence[BadgeRead],
    people: PeopleOnFloor,
    joined: Sequence[Joined],
    staff: Mapping[str, Staff],
    *,
    zone_ids: Collection[str],
    end_us: int,
    looked: bool,
    settings: EvidenceSettings,
    linked: bool = False,
    worn: Sequence[Worn] = (),
    classes: Classes = NO_CLASSES,
) -> TakenIn:
    """Take in one tick.

    A read of a zone that the floor does not have weighs nobody: where it was made is not known.

    Args:
        known: The floor's evidence, changed in place.
        records: Reads that fall due in the tick, in any order.
        people: People at its end.
        joined: Links of the tick, at least those of people who are remembered.
        staff: Staff in force, by id.
        zone_ids: Zones of the floor that are in force.
        end_us: End of the tick, microseconds.
        looked: Whether a camera looked in the tick.
        settings: Rates.
        linked: Whether the tick has links besides.
        worn: Classes that a detector gave to people in the tick, in any order.
        classes: What these classes say.
    """
    linked = linked or bool(joined)
    if worn:
        here = frozenset(people.person_ids)
        worn = [one for one in worn if one.shown in classes and one.person_id in here]
    if known is None and not records and not worn:
        return TakenIn(None)
    astray: list[BadgeRead] = []
    if records:
        placed = {"", *zone_ids}
        astray = in_order(one for one in records if one["zone_id"] not in placed)
        records = [one for one in records if one["zone_id"] in placed]
    evidence = FloorEvidence(read_us=end_us) if known is None else known
    reads: list[Read] = []
    readers: dict[str, Reader] = {}
    late: list[BadgeRead] = []
    if records:
        offer(evidence.queue, *records)
        reads, readers, late = due(evidence.queue, end_us, settings)
    if known is None and not reads and not worn:
        return TakenIn(None, late, (), astray)
    passed_us = end_us - evidence.state.at_us
    if not (reads or linked or (looked and passed_us >= settings.trail_step_us)):
        note_looks(evidence.state, worn, end_us)
        return TakenIn(evidence, late, (), astray)
    holders: dict[str, list[str]] = {}
    if reads:
        holders = {one: holding for one, (_, holding) in evidence.queue.holders.items()}
    moment = Moment(end_us, seen(people), reads, joined, worn, holders)
    twice = advance(evidence.state, moment, readers, settings)
    if reads or worn:
        evidence.read_us = end_us
    elif end_us - evidence.read_us > settings.forget_us:
        return TakenIn(None, late, twice, astray)
    forget_holders(evidence.queue, evidence.state.badges)
    evidence.is_stale = evidence.is_stale or linked or bool(reads)
    if end_us - evidence.named_us >= (NAMED_US if evidence.is_stale else FADED_US):
        evidence.named_us, evidence.is_stale = end_us, False
        names = _named(evidence, people.person_ids, staff, settings, classes)
        # Who is as before is the same object: what was found of it is found again.
        evidence.names = {
            one: before if (before := evidence.names.get(one)) == name else name
            for one, name in names.items()
        }
    return TakenIn(evidence, late, twice, astray)


def seen(people: PeopleOnFloor) -> People:
    """People as evidence sees them."""
    sizes_m = people.sizes["position_sd_m"].tolist()
    return People(
        people.person_ids,
        people.table["x_m"].tolist(),
        people.table["y_m"].tolist(),
        [UNFUSED_SD_M if isnan(sd_m) else sd_m for sd_m in sizes_m],
        people.zone_ids,
    )


def forget_badges(evidence: FloorEvidence) -> None:
    """Forget who carries which badge; what people wear stays."""
    evidence.state.badges = {}
    evidence.queue = ReadQueue()


def worn_in(view: View) -> list[Worn]:
    """Classes that a detector gave to the people whom one camera sees."""
    if not (view.looked and any(view.classes)):
        return []
    return [
        Worn(name, shown)
        for name, shown in zip(view.person_ids, view.classes, strict=True)
        if shown
    ]


def joined_of(
    floor_id: str,
    tracks: Sequence[Link],
    people: Iterable[FloorLink],
    known: Collection[str] = (),
) -> list[Joined]:
    """Links as evidence sees them; none of camera tracks where all of them are unknown to it.

    Args:
        floor_id: The floor.
        tracks: Links of camera tracks.
        people: Links of fused people.
        known: People who are remembered.
    """
    if not any(one["from_person_id"] in known for one in tracks):
        tracks = ()
    return [
        *(
            Joined("REIDENTIFICATION", one["from_person_id"], one["to_person_id"], one["score"])
            for one in tracks
        ),
        *(
            Joined(
                one.kind,
                person_id(floor_id, one.earlier),
                person_id(floor_id, one.later),
                one.score,
            )
            for one in people
        ),
    ]


def give_roles(zones: Mapping[str, ZoneState], names: Names) -> None:
    """Note in every stay which role the person has."""
    roles = {name: one.role for name, one in names.items() if one.role}
    role_of = roles.get
    for zone in zones.values():
        for name, stay in zone.stays.items():
            stay.role = role_of(name, "")


def _named(
    evidence: FloorEvidence,
    people: Sequence[str],
    staff: Mapping[str, Staff],
    settings: EvidenceSettings,
    classes: Classes,
) -> dict[str, Name]:
    """Who people are: those of whom a role or a name is known, in order of their ids.

    Somebody who is no staff in force may still hold a badge, and is never named.
    """
    known = evidence.state.people
    worn = {one for one in people if one in known and known[one].worn}
    if not (evidence.state.badges or worn):
        return {}
    holders = {one for _, holding in evidence.queue.holders.values() for one in holding}
    roles = {one: staff[one]["role"] for one in sorted(holders) if one in staff}
    badges = badges_of(evidence.queue, roles)
    carriers = {*chain.from_iterable(one.carriers for one in evidence.state.badges.values())}
    # No badge and no class says anything of the others.
    near = [one for one in people if one in carriers or one in worn]
    found: dict[str, Name] = {}
    for one in identities(evidence.state, near, badges, settings, classes):
        candidates = tuple([(who, share) for who, share in one.candidates if who in staff])
        if one.role or candidates:
            found[one.person_id] = Name(
                one.role,
                round(one.role_confidence, 3) if one.role else 0.0,
                one.staff_id if one.staff_id in staff else None,
                candidates,
                one.kinds,
            )
    return nobody_twice(found)
