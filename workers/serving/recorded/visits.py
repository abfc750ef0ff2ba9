"""Visits of zones, how long they took, and who went from where to where: pure steps over stays.

Times are UTC microseconds. Who is seen again under another id is one person where links say so.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

GOES_ON_US: Final = 60_000_000
"""A stay under another id of the same person that begins within this goes on with the visit."""

WITHIN_US: Final = 600_000_000
"""After this long outside of all zones a person counts as gone."""

_NEVER_US: Final = 2**62

_zone_of: Final = itemgetter(0)
_by_entry_of_zone: Final = itemgetter(2, 0)


StayRow = tuple[str, str, int, int | None]
"""A `Stay`, or a row with the same values, which the garbage collector need not look into."""


class Stay(NamedTuple):
    """One id in one zone; `left_us` is None as long as nothing says that it left."""

    zone_id: str
    person_id: str
    entered_us: int
    left_us: int | None


class Visit(NamedTuple):
    """One person in one zone, under one id or several."""

    zone_id: str
    person_ids: tuple[str, ...]
    entered_us: int
    left_us: int | None


class Move(NamedTuple):
    """From one zone into another; None is outside of all zones."""

    from_zone_id: str | None
    to_zone_id: str | None


@dataclass(frozen=True, slots=True)
class Moves:
    """How often people went one way.

    Attributes:
        moves: How often.
        linked: How often of these a link alone says that it was one person.
    """

    moves: int
    linked: int


@dataclass(frozen=True, slots=True)
class Dwell:
    """How long visits of a zone took.

    Attributes:
        ended: Lengths of visits that ended in the time, microseconds, sorted.
        open_since: When visits began that had not ended at the end of the time, sorted.
    """

    ended: Sequence[int]
    open_since: Sequence[int]

    def quantile_us(self, share: float) -> int | None:
        """Length that a share of the ended visits does not exceed; None where none ended.

        Between two of them, in proportion to both.

        Args:
            share: Of them, 0 to 1.
        """
        if not self.ended:
            return None
        rank = (len(self.ended) - 1) * share
        low = self.ended[int(rank)]
        high = self.ended[min(int(rank) + 1, len(self.ended) - 1)]
        return round(low + (high - low) * (rank - int(rank)))


def one_person(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For each linked id, one id of all that links join with it.

    Args:
        links: Pairs of ids of one person.
    """
    parent: dict[str, str] = {}

    def top(one: str) -> str:
        while (above := parent.setdefault(one, one)) != one:
            parent[one] = parent[above]
            one = above
        return one

    for pair in links:
        first, second = sorted(map(top, pair))
        parent[second] = first
    return {one: top(one) for one in parent}


def visits_of(stays: Iterable[StayRow], links: Iterable[tuple[str, str]]) -> dict[str, list[Visit]]:
    """Visits of each person, by one id of theirs, sorted by entry.

    Args:
        stays: In any order.
        links: Pairs of ids of one person.
    """
    identities = one_person(links)

    def person_of(stay: StayRow) -> str:
        return identities.get(stay[1], stay[1])

    # Sorted and cut, for lists of lists of so many stays cost more than all that follows.
    in_order = sorted(stays, key=lambda stay: (person_of(stay), stay[0], stay[2], stay[1]))
    found: dict[str, list[Visit]] = {}
    for person, of_person in groupby(in_order, person_of):
        visits = found[person] = []
        for _, of_zone in groupby(of_person, _zone_of):
            visits += _joined([*of_zone])
        if len(visits) > 1:
            visits.sort(key=_by_entry_of_zone)
    return found


def _joined(stays: Sequence[StayRow]) -> Iterator[Visit]:
    """Visits of one person in one zone, from all stays there, sorted by entry.

    Stays under other ids may lie within each other: a visit goes on until the last of them ended.
    An id that comes again after it was the last to leave has been outside meanwhile.
    """
    if len(stays) == 1:
        yield _visit(stays)
        return
    run: list[StayRow] = []
    furthest_us = 0
    left_us: dict[str, int] = {}
    for stay in stays:
        _, person_id, entered_us, stay_left_us = stay
        is_late = entered_us > furthest_us + GOES_ON_US
        comes_again = left_us.get(person_id) == furthest_us
        if run and (is_late or comes_again):
            yield _visit(run)
            run = []
        run.append(stay)
        left_us[person_id] = _NEVER_US if stay_left_us is None else stay_left_us
        furthest_us = max(furthest_us, left_us[person_id])
    yield _visit(run)


def _visit(run: Sequence[StayRow]) -> Visit:
    if len(run) == 1:
        [(zone_id, person_id, entered_us, left_us)] = run
        return Visit(zone_id, (person_id,), entered_us, left_us)
    ends = [left_us for *_, left_us in run if left_us is not None]
    return Visit(
        zone_id=run[0][0],
        person_ids=tuple(person_id for _, person_id, *_ in run),
        entered_us=run[0][2],
        left_us=max(ends) if len(ends) == len(run) else None,
    )


def dwell_of(
    visits: Mapping[str, Sequence[Visit]], since_us: int, until_us: int
) -> dict[str, Dwell]:
    """How long visits took that ended in a time, and which were open at its end, by zone."""
    ended: dict[str, list[int]] = {}
    open_since: dict[str, list[int]] = {}
    for of_person in visits.values():
        for visit in of_person:
            if visit.left_us is not None and visit.left_us < until_us:
                if visit.left_us >= since_us:
                    ended.setdefault(visit.zone_id, []).append(visit.left_us - visit.entered_us)
            elif visit.entered_us < until_us:
                open_since.setdefault(visit.zone_id, []).append(visit.entered_us)
    return {
        zone_id: Dwell(sorted(ended.get(zone_id, ())), sorted(open_since.get(zone_id, ())))
        for zone_id in ended.keys() | open_since.keys()
    }


def moves_of(
    visits: Mapping[str, Sequence[Visit]], since_us: int, until_us: int, known_us: int
) -> dict[Move, Moves]:
    """How often people went which way in a time.

    Who is in several zones is in the one that was entered last. Who is in none for at most
    `WITHIN_US` went from the one zone to the next; who came back to the same one did not move.

    Args:
        visits: Of each person, sorted by entry; those before the time and after it included.
        since_us: Start of the time.
        until_us: End of the time.
        known_us: Through when visits are known: who left shortly before may still come back.
    """
    counted: Counter[Move] = Counter()
    linked: Counter[Move] = Counter()
    for of_person in visits.values():
        for at_us, before, after in _steps(of_person, known_us):
            if since_us <= at_us < until_us:
                move = Move(before and before.zone_id, after and after.zone_id)
                counted[move] += 1
                if before and after and set(before.person_ids).isdisjoint(after.person_ids):
                    linked[move] += 1
    return {move: Moves(number, linked[move]) for move, number in counted.items()}


def _steps(
    visits: Sequence[Visit], known_us: int
) -> Iterator[tuple[int, Visit | None, Visit | None]]:
    """When somebody went from which visit to which."""
    was: Visit | None = None  # where somebody is, or was last
    left_us: int | None = None  # since when that is over
    for at_us, now in _whereabouts(visits):
        if now is None:
            left_us = at_us
            continue
        if was is None or (left_us is not None and at_us - left_us > WITHIN_US):
            if was is not None and left_us is not None:
                yield left_us, was, None
            yield at_us, None, now
        elif was.zone_id != now.zone_id:
            yield at_us, was, now
        was, left_us = now, None
    if was is not None and left_us is not None and left_us + WITHIN_US < known_us:
        yield left_us, was, None


def _whereabouts(visits: Sequence[Visit]) -> Iterator[tuple[int, Visit | None]]:
    """Where somebody is from each moment on at which a visit began or ended."""
    first = 0
    while first < len(visits):
        ends_us = visits[first].left_us
        following = first + 1
        while following < len(visits) and (
            ends_us is None or visits[following].entered_us < ends_us
        ):
            left_us = visits[following].left_us
            ends_us = None if ends_us is None or left_us is None else max(ends_us, left_us)
            following += 1
        if following == first + 1:  # as nearly always
            if visits[first].entered_us != ends_us:
                yield visits[first].entered_us, visits[first]
        else:
            yield from _within(visits[first:following])
        goes_on = following < len(visits) and visits[following].entered_us == ends_us
        if ends_us is not None and not goes_on:
            yield ends_us, None
        first = following


def _within(visits: Sequence[Visit]) -> Iterator[tuple[int, Visit]]:
    """The same of visits that overlap, but for the end of the last."""
    moments = {visit.entered_us for visit in visits}
    moments |= {visit.left_us for visit in visits if visit.left_us is not None}
    inside: list[Visit] = []
    following = iter(visits)
    coming = next(following, None)
    for at_us in sorted(moments):
        while coming is not None and coming.entered_us <= at_us:
            inside.append(coming)
            coming = next(following, None)
        inside = [one for one in inside if one.left_us is None or one.left_us > at_us]
        if inside:
            yield at_us, inside[-1]
