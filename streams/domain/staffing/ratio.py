"""Staff required as a ratio: to an imported census, or to the people who are not identified staff.

A census is a number that somebody counted. Without one, those in a zone who are not identified as
staff may be the people to care for; each of them who is not identified at all may be staff too, so
what is required is an interval, like the gap. A census that is too old may still be right, so the
interval then holds both: the census, and what the people who are present allow.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

Basis: TypeAlias = Literal["CENSUS", "PRESENT"]
"""The people to whom a ratio relates: an imported census, or who is present less identified
staff."""


class Ratio(NamedTuple):
    """So many staff of a role for so many people.

    Attributes:
        role: Role of the staff.
        staff: Staff for each `per` people, and for a part of them.
        per: People, 1 or more.
        at_least: Staff required however few people there are.
        basis: The people to whom it relates.
    """

    role: str
    staff: int
    per: int
    at_least: int = 0
    basis: Basis = "PRESENT"


class Census(NamedTuple):
    """The newest count of the people to care for in a zone.

    Attributes:
        people: People.
        from_us: When it was counted, UTC microseconds.
        is_old: Whether it is older than a census may be; then it is one of two bounds only.
    """

    people: int
    from_us: int
    is_old: bool = False


class Cared(NamedTuple):
    """How many people there are to care for, as an interval.

    Attributes:
        least: If every unidentified person is staff.
        most: If none is.
    """

    least: int
    most: int


def check_ratio(ratio: Ratio) -> None:
    """Refuse an invalid ratio.

    Raises:
        ValueError: No people to relate to, or a number below 0.
    """
    if ratio.per < 1:
        raise ValueError(f"per is {ratio.per}, below 1")
    for name, value in (("staff", ratio.staff), ("at_least", ratio.at_least)):
        if value < 0:
            raise ValueError(f"{name} is {value}, below 0")


def by_census(census: int) -> Cared:
    """The people of a census.

    Raises:
        ValueError: A census below 0.
    """
    if census < 0:
        raise ValueError(f"census is {census}, below 0")
    return Cared(census, census)


def by_presence(present: Sequence[str], not_staff: Collection[str] = ()) -> Cared:
    """The people in a zone less identified staff.

    Args:
        present: Role of each person in the zone, "" when unknown.
        not_staff: Roles that are no staff's, such as visitors'; they are people to care for.

    >>> by_presence(["nurse", "", "", "patient"], ["patient"])
    Cared(least=1, most=3)
    """
    others = sum(role in not_staff for role in present if role)
    return Cared(others, others + sum(not role for role in present))


def required_by(ratio: Ratio, cared: Cared) -> tuple[int, int]:
    """Staff that a ratio requires, the least and the most.

    A part of `per` people needs as much as all of them: one nurse for each 4 people is 2 for 5.

    >>> required_by(Ratio("nurse", 1, 4), Cared(4, 5))
    (1, 2)
    """
    least, most = (
        max(ratio.at_least, ratio.staff * -(-people // ratio.per))
        for people in (cared.least, cared.most)
    )
    return least, most


def cared_for(
    basis: Basis,
    census: Census | None,
    present: Sequence[str],
    not_staff: Collection[str] = (),
) -> Cared:
    """The people to whom a ratio relates.

    A census that is not too old is believed. Where there is none, those who are present hold in
    its place; beside one that is too old, they make the interval wider, and never narrower.

    Args:
        basis: What the ratio relates to.
        census: The newest count; None where there is none.
        present: Role of each person in the zone, "" when unknown.
        not_staff: Roles that are no staff's.

    >>> present = ["nurse", "", ""]
    >>> cared_for("CENSUS", Census(5, 0), present), cared_for("CENSUS", None, present)
    (Cared(least=5, most=5), Cared(least=0, most=2))
    >>> cared_for("CENSUS", Census(5, 0, is_old=True), present)
    Cared(least=0, most=5)
    """
    seen = by_presence(present, not_staff)
    if basis != "CENSUS" or census is None:
        return seen
    if not census.is_old:
        return by_census(census.people)
    return Cared(min(census.people, seen.least), max(census.people, seen.most))


def combined(
    minimum: Mapping[str, int],
    ratios: Sequence[Ratio],
    census: Census | None,
    present: Sequence[str],
    not_staff: Collection[str] = (),
) -> tuple[dict[str, int], dict[str, int]]:
    """What minima and ratios require together: of what holds for one role, the greater decides.

    Args:
        minimum: People required by role, as `required_at` counts them.
        ratios: Ratios in force, in any order.
        census: The newest count of the zone; None where there is none.
        present: Role of each person in the zone, "" when unknown.
        not_staff: Roles that are no staff's.

    Returns:
        The least and the most that may be required, by role, sorted; roles with 0 are left out.
    """
    least, most = dict(minimum), dict(minimum)
    for ratio in ratios:
        low, high = required_by(ratio, cared_for(ratio.basis, census, present, not_staff))
        least[ratio.role] = max(least.get(ratio.role, 0), low)
        most[ratio.role] = max(most.get(ratio.role, 0), high)
    return (
        {role: least[role] for role in sorted(least) if least[role]},
        {role: most[role] for role in sorted(most) if most[role]},
    )
