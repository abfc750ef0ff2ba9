"""Rosters statuses of many people under the same shifts, at rising event times.

A status changes only where a stretch of the roster begins or ends, or a tolerance does. It is found
once for each time between two such moments, and kept.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

from schemas.records.staffing import Shift
from streams.domain.staffing.roster import Roster, roster, taken_over
from streams.domain.staffing.shift import FOREVER_US
from streams.domain.staffing.status import DutyStatus, Tolerance, duty_status

_MOST_KEPT: Final = 10_000
_NOBODY: Final = Roster()
_ALWAYS: Final = -FOREVER_US, FOREVER_US


class Rosters:
    """What the shifts in force say of people.

    Args:
        shifts: Shifts in force, each once, in any order.
        tolerance: What is near a shift.
    """

    def __init__(self, shifts: Iterable[Shift], tolerance: Tolerance) -> None:
        everything = list(shifts)
        self._tolerance = tolerance
        self._lost = taken_over(everything)
        self._shifts: dict[str, list[Shift]] = {}
        for shift in everything:
            if shift["staff_id"]:
                self._shifts.setdefault(shift["staff_id"], []).append(shift)
        self._rosters: dict[str, tuple[Roster, list[int]]] = {}
        self._known: dict[tuple[str, int, tuple[str, ...]], DutyStatus] = {}
        self._found: dict[str, tuple[object, Sequence[str], Any]] = {}
        self._from_us, self._until_us = _ALWAYS

    def found_at(self, at_us: int) -> dict[str, tuple[object, Sequence[str], Any]]:
        """What a caller found of people by `status` and `in_order`, and keeps here.

        It is forgotten as soon as one of the answers may be another one.

        Args:
            at_us: Event time, microseconds.

        Returns:
            By person id: what was known of the person, their zones, and what was found.
        """
        if not self._from_us <= at_us < self._until_us or len(self._found) >= _MOST_KEPT:
            self._found.clear()
            self._from_us, self._until_us = _ALWAYS
        return self._found

    def status(
        self, staff_id: str | None, role: str, zone_ids: Collection[str], at_us: int
    ) -> DutyStatus:
        """The duty status of a person; see `duty_status`.

        Args:
            staff_id: Who it is by evidence; None when unknown.
            role: The role by evidence; empty when unknown.
            zone_ids: Zones in which the person counts.
            at_us: Event time, microseconds.
        """
        if staff_id is None:
            return DutyStatus.VISITOR if role in self._tolerance.not_staff else DutyStatus.UNKNOWN
        found = self._rosters.get(staff_id)
        if found is None:
            shifts = self._shifts.get(staff_id)
            made = roster(shifts, self._lost) if shifts else _NOBODY
            found = self._rosters[staff_id] = made, changes_us(made, self._tolerance)
        planned, changes = found
        at = bisect_right(changes, at_us)
        if at and changes[at - 1] > self._from_us:
            self._from_us = changes[at - 1]
        if at < len(changes) and changes[at] < self._until_us:
            self._until_us = changes[at]
        key = staff_id, at, tuple(zone_ids)
        status = self._known.get(key)
        if status is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            status = self._known[key] = duty_status(
                staff_id=staff_id,
                role=role,
                zone_ids=zone_ids,
                at_us=at_us,
                roster=planned,
                tolerance=self._tolerance,
            )
        return status

    def in_order(
        self, candidates: Sequence[tuple[str, float]], zone_ids: Collection[str], at_us: int
    ) -> tuple[tuple[str, float], ...]:
        """Candidates for display: the likeliest first, of those as likely who is on shift there.

        The shifts change neither who is a candidate nor how likely they are.

        Args:
            candidates: Members of staff, each with the probability, 0 to 1, the likeliest first.
            zone_ids: Zones in which the person counts.
            at_us: Event time, microseconds.
        """
        if len(candidates) < 2 or all(one[1] > other[1] for one, other in pairwise(candidates)):
            return tuple(candidates)
        return tuple(
            sorted(
                candidates,
                key=lambda one: (
                    -one[1],
                    self.status(one[0], "", zone_ids, at_us) is not DutyStatus.ON_SHIFT,
                    one[0],
                ),
            )
        )


def changes_us(planned: Roster, tolerance: Tolerance) -> list[int]:
    """Event times at which a duty status may change, microseconds, rising.

    Args:
        planned: The roster of the person.
        tolerance: What is near a shift.
    """
    found: set[int] = set()
    for one in (*planned.work, *planned.on_call):
        found |= {one.starts_us, one.ends_us}
    for span in planned.breaks:
        found |= {*span}
    for starts_us, ends_us in planned.shifts:
        found |= {starts_us, starts_us - tolerance.early_us, ends_us, ends_us + tolerance.late_us}
    for (_, ended_us), (starts_us, _) in pairwise(planned.shifts):
        found.add((ended_us + starts_us) // 2 + 1)  # nearer to the next shift from here on
    return sorted(found)
