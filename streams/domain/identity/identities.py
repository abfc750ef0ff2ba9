"""Who continues whom among the fused people of a floor, and which two turn out to be one.

Fusion numbers people as it first reports them. Here their histories are compared: two who were
reported in one place, of whom one is given up, were one person all along (merge); one who was
reported beside another and then goes a way of their own is a person more (split); one who appears
where another was lost continues them (re-identification), and one who comes out of a passage
continues whoever went into it (hand-over). Only a merge changes a number: the older one is kept.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from streams.domain.fusion.fusion import FusedPerson
from streams.domain.identity.passage import Passage

TWINS_M: Final = 1.2
"""Two people of whom the later is first reported this near to the other may be one, m."""

APART_M: Final = 1.5
"""Two people who were this far from each other are two, m."""

SECOND_US: Final = 1_000_000

ABSENT_US: Final = 2 * SECOND_US
"""A person who is not reported for this long is gone, microseconds, also if some hypothesis still
has them."""

SPLIT_AFTER_US: Final = 2 * SECOND_US
"""Who appears beside somebody known for less than this came with them, microseconds."""

SEEN_AGAIN_US: Final = 20 * SECOND_US
"""A person who was lost in view may be seen again for this long, microseconds."""

_WALK_M_S: Final = 1.4
_REACH_M: Final = 0.5
_FARTHEST_M: Final = 3.0
_MUCH_NEARER: Final = 2.0
"""Another candidate that is less than this many times as far leaves open who is seen again."""

Kind = Literal["MERGE", "SPLIT", "REIDENTIFICATION", "HAND_OVER"]


@dataclass(slots=True)
class Known:
    """A fused person who is reported now, or was a moment ago.

    Attributes:
        number: Number under which the person is published.
        core: Number that fusion has for the person.
        first_us: Event time of the first evidence, microseconds.
        reported_us: Event time of the newest report, microseconds.
        seen_us: Event time of the newest detection, microseconds.
        x_m: Position at the newest report, m.
        y_m: Position at the newest report, m.
        position_sd_m: Standard deviation of the position, m.
        height_m: Height, m.
        cameras: Cameras of the newest detections, sorted.
        twin: Number of the person with whom this one may be one; 0 for nobody.
        farthest_m: Farthest from that person so far, m.
    """

    number: int
    core: int
    first_us: int
    reported_us: int
    seen_us: int
    x_m: float
    y_m: float
    position_sd_m: float
    height_m: float
    cameras: list[str]
    twin: int = 0
    farthest_m: float = 0.0


@dataclass(slots=True)
class Left:
    """A fused person who is gone.

    Attributes:
        number: Number of the person.
        seen_us: Event time of the last detection, microseconds.
        x_m: Last position, m.
        y_m: Last position, m.
        in_view: Whether that place is in view from head to feet.
        cameras: Cameras of the last detections, sorted.
        core: Number that fusion has for the person.
        first_us: Event time of the first evidence, microseconds.
        twin: Number of the person with whom this one may be one; 0 for nobody.
        farthest_m: Farthest from that person, m.
    """

    number: int
    seen_us: int
    x_m: float
    y_m: float
    in_view: bool
    cameras: list[str]
    core: int = 0
    first_us: int = 0
    twin: int = 0
    farthest_m: float = 0.0


class FloorLink(NamedTuple):
    """A link between two fused people, before it has a seq.

    Attributes:
        kind: Kind of link.
        earlier: Number of the earlier person.
        later: Number of the later one.
        at_us: First evidence of the later one, microseconds.
        score: How well the two fit, 0 to 1, in steps of 1/1000.
        gap_us: From the last detection of the earlier one to the first of the later, microseconds;
            None where the two were there together.
        distance_m: Between these two places, or the farthest that the two were apart, m.
        passage: Name of the passage; empty without one.
        camera_id: A camera that sees the later person; empty where none did yet.
    """

    kind: Kind
    earlier: int
    later: int
    at_us: int
    score: float
    gap_us: int | None
    distance_m: float
    passage: str = ""
    camera_id: str = ""


@dataclass(slots=True)
class Identities:
    """The people of a floor and what is remembered of them.

    Attributes:
        people: People by number.
        names: Published number by the number of fusion, where a merge made them differ.
        left: People who are gone and may be continued, in the order in which they were given up.
    """

    people: dict[int, Known] = field(default_factory=dict)
    names: dict[int, int] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)


def follow(
    identities: Identities,
    time_us: int,
    reported: Sequence[FusedPerson],
    believed: Collection[int],
    passages: Sequence[Passage],
    is_in_view: Callable[[float, float, float], bool],
) -> list[FloorLink]:
    """Take in the people that fusion reports for a tick.

    Args:
        identities: What is remembered, changed in place; afterwards its `people` with `reported_us`
            at `time_us` are those on the floor.
        time_us: Event time, microseconds; rises.
        reported: People on the floor now, by number.
        believed: Numbers of fusion that some hypothesis still has.
        passages: Ways that no camera sees.
        is_in_view: Whether some picture holds a person of `(x_m, y_m, height_m)` from head to feet.

    Returns:
        Links, in order of the numbers of the later people.
    """
    _forget(identities, time_us, passages)
    new = [_report(identities, time_us, person) for person in reported]
    links: list[FloorLink] = []
    for known in new:
        if known is not None:
            link = _continued(identities, known, passages, is_in_view)
            if link is None:
                _find_twin(identities, known, time_us)
            else:
                links.append(link)
    for number in sorted(identities.people):
        link = _step_apart(identities, identities.people[number], time_us)
        if link is not None:
            links.append(link)
    absent = [
        known
        for _, known in sorted(identities.people.items())
        if known.reported_us < time_us
        and (known.core not in believed or time_us - known.reported_us > ABSENT_US)
    ]
    for known in absent:
        _give_up(identities, known, is_in_view)
    links += _merges(identities, time_us, believed)
    for core in sorted(identities.names):
        if core not in believed:
            del identities.names[core]
    return [
        link._replace(camera_id=_camera_of(identities, link))
        for link in sorted(links, key=lambda link: (link.later, link.earlier))
    ]


def _camera_of(identities: Identities, link: FloorLink) -> str:
    """A camera that sees the later person, who has the earlier one's number after a merge."""
    for number in (link.later, link.earlier):
        known = identities.people.get(number)
        if known is not None and known.cameras:
            return known.cameras[0]
    return ""


def _report(identities: Identities, time_us: int, person: FusedPerson) -> Known | None:
    """Note a person's place; returns the person when new."""
    number = identities.names.get(person.number, person.number)
    known = identities.people.get(number)
    is_new = known is None
    if known is None:
        known = identities.people[number] = Known(
            number=number,
            core=person.number,
            first_us=person.first_us,
            reported_us=time_us,
            seen_us=time_us,
            x_m=person.x_m,
            y_m=person.y_m,
            position_sd_m=person.position_sd_m,
            height_m=person.height_m,
            cameras=sorted(person.cameras),
        )
    known.reported_us = time_us
    known.x_m, known.y_m, known.position_sd_m = person.x_m, person.y_m, person.position_sd_m
    known.height_m = person.height_m
    if person.cameras:
        known.seen_us, known.cameras = time_us, sorted(person.cameras)
    # Given up and believed again: the same person under the same number, which needs no link.
    back = [left for left in identities.left if left.number == number]
    if back:
        known.twin, known.farthest_m = back[0].twin, back[0].farthest_m
        identities.left = [left for left in identities.left if left.number != number]
        return None
    return known if is_new else None


def _continued(
    identities: Identities,
    known: Known,
    passages: Sequence[Passage],
    is_in_view: Callable[[float, float, float], bool],
) -> FloorLink | None:
    """The link from a person who is gone to a new one; the former is not continued again."""
    link = _handed_over(identities.left, known, passages)
    if link is None and is_in_view(known.x_m, known.y_m, known.height_m):
        link = _seen_again(identities.left, known)
    if link is not None:
        identities.left = [left for left in identities.left if left.number != link.earlier]
    return link


def _handed_over(
    left: Sequence[Left], known: Known, passages: Sequence[Passage]
) -> FloorLink | None:
    """Whoever went into a passage first comes out first."""
    found: list[tuple[int, int, Left, Passage]] = []
    for passage in passages:
        if _distance(known.x_m, known.y_m, passage.to_x_m, passage.to_y_m) > passage.radius_m:
            continue
        if passage.to_camera_id and passage.to_camera_id not in known.cameras:
            continue
        for one in left:
            gap_s = (known.first_us - one.seen_us) / SECOND_US
            off_m = _distance(one.x_m, one.y_m, passage.from_x_m, passage.from_y_m)
            if (
                one.number < known.number
                and passage.min_s <= gap_s <= passage.max_s
                and off_m <= passage.radius_m
                and (not passage.from_camera_id or passage.from_camera_id in one.cameras)
            ):
                found.append((one.seen_us, one.number, one, passage))
    if not found:
        return None
    seen_us, number, one, passage = min(found, key=lambda each: each[:2])
    several = len({each[1] for each in found})
    return FloorLink(
        "HAND_OVER",
        number,
        known.number,
        known.first_us,
        round(1.0 / several, 3),
        known.first_us - seen_us,
        _distance(one.x_m, one.y_m, known.x_m, known.y_m),
        passage.name,
    )


def _seen_again(left: Sequence[Left], known: Known) -> FloorLink | None:
    """The one person lost in view from whose place the new one can have come."""
    found = []
    for one in left:
        gap_us = known.first_us - one.seen_us
        if not one.in_view or not 0 < gap_us <= SEEN_AGAIN_US or one.number > known.number:
            continue
        reach_m = min(_FARTHEST_M, _REACH_M + _WALK_M_S * gap_us / SECOND_US)
        distance_m = _distance(one.x_m, one.y_m, known.x_m, known.y_m)
        if distance_m <= reach_m:
            found.append((distance_m / reach_m, one.number, one, distance_m))
    found.sort(key=lambda each: each[:2])
    if not found or (len(found) > 1 and found[1][0] < _MUCH_NEARER * found[0][0]):
        return None
    share, number, one, distance_m = found[0]
    return FloorLink(
        "REIDENTIFICATION",
        number,
        known.number,
        known.first_us,
        round(1.0 - share / 2.0, 3),
        known.first_us - one.seen_us,
        distance_m,
    )


def _find_twin(identities: Identities, known: Known, time_us: int) -> None:
    """Note the nearest person beside whom a new one is reported."""
    near = [
        (_distance(known.x_m, known.y_m, other.x_m, other.y_m), other.number)
        for _, other in sorted(identities.people.items())
        if other.number < known.number and other.reported_us == time_us
    ]
    if near and min(near)[0] <= TWINS_M:
        known.farthest_m, known.twin = min(near)


def _step_apart(identities: Identities, known: Known, time_us: int) -> FloorLink | None:
    """Whether a person turns out to be another one than their twin."""
    twin = identities.people.get(known.twin)
    if twin is None or twin.reported_us != time_us or known.reported_us != time_us:
        return None
    distance_m = _distance(known.x_m, known.y_m, twin.x_m, twin.y_m)
    known.farthest_m = max(known.farthest_m, distance_m)
    if distance_m <= APART_M:
        return None
    known.twin = 0
    if known.first_us - twin.first_us < SPLIT_AFTER_US:
        return None  # they came together, and each was counted from the start
    return FloorLink(
        "SPLIT", twin.number, known.number, known.first_us, 1.0, None, known.farthest_m
    )


def _give_up(
    identities: Identities, known: Known, is_in_view: Callable[[float, float, float], bool]
) -> None:
    """Take a person off the floor."""
    del identities.people[known.number]
    identities.left.append(
        Left(
            known.number,
            known.seen_us,
            known.x_m,
            known.y_m,
            is_in_view(known.x_m, known.y_m, known.height_m),
            known.cameras,
            known.core,
            known.first_us,
            known.twin,
            known.farthest_m,
        )
    )


def _merges(identities: Identities, time_us: int, believed: Collection[int]) -> list[FloorLink]:
    """Merge those who are gone with a twin who is there: the two were one.

    Somebody whom a hypothesis still has may only be hidden, and is waited for.
    """
    links = []
    for left in list(identities.left):
        others = [
            other
            for _, other in sorted(identities.people.items())
            if other.reported_us == time_us
            and (other.number == left.twin or other.twin == left.number)
        ]
        if others and left.core and left.core not in believed:
            identities.left.remove(left)
            links.append(_merge(identities, left, others[0]))
    return links


def _merge(identities: Identities, left: Left, other: Known) -> FloorLink:
    """Make one person of one who is gone and one who is there, under the older number."""
    of_later: Known | Left = other if other.number > left.number else left
    link = FloorLink(
        "MERGE",
        min(left.number, other.number),
        of_later.number,
        of_later.first_us,
        round(max(0.0, 1.0 - of_later.farthest_m / (2.0 * APART_M)), 3),
        None,
        of_later.farthest_m,
    )
    if other.number == link.earlier:
        return link
    people = identities.people
    del people[other.number]
    for one in people.values():
        if one.twin == other.number:
            one.twin = left.number
    identities.names[other.core] = left.number
    other.number, other.first_us = left.number, min(left.first_us, other.first_us)
    other.twin, other.farthest_m = left.twin, left.farthest_m
    people[other.number] = other
    return link


def _forget(identities: Identities, time_us: int, passages: Sequence[Passage]) -> None:
    """Forget people who have been gone for too long to be continued."""
    longest_us = round(max((one.max_s for one in passages), default=0.0) * SECOND_US)
    oldest_us = time_us - max(longest_us, SEEN_AGAIN_US) - ABSENT_US
    identities.left = [left for left in identities.left if left.seen_us >= oldest_us]


def _distance(x: float, y: float, other_x: float, other_y: float) -> float:
    return math.hypot(x - other_x, y - other_y)
