"""The messages about a zone's coverage, for the board and the API alike."""

from typing import Literal, NamedTuple

from workers.serving.live.records import Occupancy, ZoneCensus

CoverageState = Literal["short", "unclear", "covered", "none_required", "no_data"]


class Coverage(NamedTuple):
    """What a charge nurse needs to know about one zone.

    Attributes:
        state: `short` only when staff are missing even if every unidentified person is staff;
            `unclear` when it depends on who they are.
        sentence: The state as a short message, such as `2 to 4 short`.
        because: The numbers behind the state.
    """

    state: CoverageState
    sentence: str
    because: str


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun.

    >>> counted(1, "person", "people"), counted(0, "person", "people")
    ('1 person', '0 people')
    """
    return f"{number} {one if number == 1 else many}"


def interval(low: int, high: int) -> str:
    """An interval of whole numbers.

    >>> interval(2, 2), interval(2, 4)
    ('2', '2 to 4')
    """
    return str(low) if low == high else f"{low} to {high}"


def _doubt(census: ZoneCensus | None) -> str:
    """Why what is required may be wrong; empty where the census is believed, or not asked for."""
    if census is None or census.is_believed:
        return ""
    return "; no census yet" if census.people is None else "; the census is too old"


def coverage(occupancy: Occupancy | None) -> Coverage:
    """Judge a zone by its gap interval.

    A role that is short makes the zone short, whatever the totals are: a porter cannot replace a
    nurse.

    Args:
        occupancy: The zone's latest value; None when there is none.
    """
    if occupancy is None:
        return Coverage("no_data", "No data", "nothing was measured here yet")
    people = counted(occupancy.people, "person", "people")
    staff = f"{people}, {occupancy.identified} identified staff{_doubt(occupancy.census)}"
    if occupancy.required <= 0:
        return Coverage("none_required", "None required", staff)
    least = max([occupancy.gap_min, *(role.gap_min for role in occupancy.roles)])
    most = max([occupancy.gap_max, *(role.gap_max for role in occupancy.roles)])
    if least > 0:
        return Coverage("short", f"{interval(least, max(least, most))} short", staff)
    if most > 0 and not occupancy.is_watched:
        unseen = "Cannot tell: no camera that reports sees all of it"
        return Coverage("unclear", unseen, f"0 to {most} short; {staff}")
    if most > 0:
        unknown = max(0, occupancy.people - occupancy.identified)
        return Coverage(
            "unclear",
            f"Cannot tell: {unknown} unidentified",
            f"0 to {most} short; {staff}",
        )
    return Coverage("covered", "Covered", staff)
