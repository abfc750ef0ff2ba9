"""Shifts of one day, and rosters that make sense or none."""

from typing import Any

from hypothesis import strategies as st

from tests.support.builders.domain import shift

HOUR_US = 3_600_000_000


def at(hour: float) -> int:
    """Microseconds of an hour of a day."""
    return round(hour * HOUR_US)


def of(shift_id: str, start: float, ends: float, **fields: Any) -> Any:
    """A shift from one hour to another; of `s1` in `zone` unless fields say otherwise."""
    return shift(shift_id, starts_us=at(start), ends_us=at(ends), **fields)


IDS = ["a", "b", "c", "d", "e", "f"]


@st.composite
def any_shifts(draw: st.DrawFn) -> list[Any]:
    """Rosters of three people, with everything that a shift can be, sense or no sense."""
    made = []
    for shift_id in draw(st.lists(st.sampled_from(IDS), unique=True)):
        start = draw(st.integers(0, 30))
        made.append(
            of(
                shift_id,
                start,
                start + draw(st.integers(1, 12)),
                staff_id=draw(st.sampled_from(["s1", "s2", "s3", ""])),
                kind=draw(st.sampled_from(["WORK", "WORK", "ON_CALL", "BREAK", "UNKNOWN"])),
                status=draw(st.sampled_from(["PLANNED", "PLANNED", "CANCELLED", "UNKNOWN"])),
                replaces=draw(st.sampled_from(["", "", *IDS])),
            )
        )
    return made
