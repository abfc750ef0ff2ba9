"""When and where a person is on duty, by all of their shifts.

The rules, each on its own and in any order of the shifts:

- A shift that is cancelled, or of a kind that this release does not know, counts nobody.
- A shift that another one replaces loses the time of that one, which is how a swap or a half that
  somebody takes over is written; it keeps the rest. Where the other one is cancelled, nothing
  was taken over.
- A break is cut out of the work of its person, wherever that is. Outside of work it means nothing.
- Overlapping work is the same time once. Who is on call is on duty when they come.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from schemas.records.staffing import Shift
from streams.domain.staffing.intervals import (
    Interval,
    Intervals,
    difference,
    intersection,
    union,
)

EXCHANGEABLE: Final = frozenset({"WORK", "ON_CALL"})
"""Kinds of shift that can take the place of another one, and be replaced."""


class Placed(NamedTuple):
    """A stretch of work, or of being on call.

    Attributes:
        starts_us: UTC microseconds.
        ends_us: UTC microseconds, exclusive.
        zone_id: Where.
        shift_id: The shift that it is of.
    """

    starts_us: int
    ends_us: int
    zone_id: str
    shift_id: str


@dataclass(frozen=True, slots=True)
class Roster:
    """What one person is rostered for.

    Attributes:
        work: Stretches of work without breaks, by start; those of two shifts may overlap.
        on_call: Stretches in which the person comes when called, by start.
        breaks: Breaks, as far as they are in working time.
        shifts: Working time, breaks included.
    """

    work: tuple[Placed, ...] = ()
    on_call: tuple[Placed, ...] = ()
    breaks: Intervals = ()
    shifts: Intervals = ()

    @property
    def working(self) -> Intervals:
        """Working time without breaks, overlaps once."""
        return union((one.starts_us, one.ends_us) for one in self.work)


def is_planned(shift: Shift) -> bool:
    """Whether a shift takes place."""
    return shift["status"] != "CANCELLED"


def taken_over(shifts: Iterable[Shift]) -> dict[str, list[Interval]]:
    """The time that each shift loses to those that replace it, by its id."""
    found: dict[str, list[Interval]] = {}
    for shift in shifts:
        if shift["replaces"] and shift["kind"] in EXCHANGEABLE and is_planned(shift):
            found.setdefault(shift["replaces"], []).append((shift["starts_us"], shift["ends_us"]))
    return found


def rosters(shifts: Iterable[Shift]) -> dict[str, Roster]:
    """The roster of every person who has a shift.

    Args:
        shifts: Shifts in force, each once, in any order; those that nobody is named in count for
            what they replace alone.

    Returns:
        Rosters by staff id, sorted.
    """
    everything = list(shifts)
    lost = taken_over(everything)
    by_staff: dict[str, list[Shift]] = {}
    for shift in everything:
        if shift["staff_id"]:
            by_staff.setdefault(shift["staff_id"], []).append(shift)
    return {staff_id: roster(by_staff[staff_id], lost) for staff_id in sorted(by_staff)}


def roster(shifts: Sequence[Shift], lost: Mapping[str, Sequence[Interval]]) -> Roster:
    """The roster of one person.

    Args:
        shifts: All shifts of the person that are in force, in any order.
        lost: `taken_over` of all shifts in force, whoever's they are.
    """
    planned = [shift for shift in shifts if is_planned(shift)]
    pauses = [_span(shift) for shift in planned if shift["kind"] == "BREAK"]
    work = [shift for shift in planned if shift["kind"] == "WORK"]
    kept = [
        span
        for shift in work
        for span in difference([_span(shift)], lost.get(shift["shift_id"], ()))
    ]
    return Roster(
        work=_placed(work, lost, pauses),
        on_call=_placed([one for one in planned if one["kind"] == "ON_CALL"], lost, ()),
        breaks=intersection(kept, pauses),
        shifts=union(kept),
    )


def _placed(
    shifts: Iterable[Shift], lost: Mapping[str, Sequence[Interval]], pauses: Sequence[Interval]
) -> tuple[Placed, ...]:
    return tuple(
        sorted(
            Placed(*span, shift["zone_id"], shift["shift_id"])
            for shift in shifts
            for span in difference([_span(shift)], [*lost.get(shift["shift_id"], ()), *pauses])
        )
    )


def _span(shift: Shift) -> Interval:
    return shift["starts_us"], shift["ends_us"]
