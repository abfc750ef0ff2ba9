"""The newest count of the people to care for in a zone, and until when it is believed."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from schemas.records.staffing import CensusCount
from streams.domain.staffing.ratio import Census
from streams.domain.staffing.shift import FOREVER_US


class Counted(NamedTuple):
    """A census of one zone.

    Attributes:
        census: The newest count; None where there is none yet.
        until_us: The answer holds until this event time, exclusive, microseconds.
    """

    census: Census | None
    until_us: int


def check_census(count: Mapping[str, Any]) -> None:
    """Refuse an invalid count.

    Raises:
        ValueError: Fewer people than nobody.
    """
    if count["people"] < 0:
        raise ValueError(f"people is {count['people']}, below 0")


def census_at(counts: Sequence[CensusCount], at_us: int, max_age_us: int) -> Counted:
    """The census at `at_us`: the newest count that holds; of two of one time, the greater.

    Args:
        counts: Counts of one zone that are in force, in any order.
        at_us: Event time, microseconds.
        max_age_us: A count that is older is too old to be believed alone, microseconds.
    """
    until_us = min(
        (count["starts_us"] for count in counts if count["starts_us"] > at_us), default=FOREVER_US
    )
    held = [(count["starts_us"], count["people"]) for count in counts]
    held = [one for one in held if one[0] <= at_us]
    if not held:
        return Counted(None, until_us)
    from_us, people = max(held)
    old_from_us = from_us + max_age_us
    if at_us < old_from_us:
        return Counted(Census(people, from_us), min(until_us, old_from_us))
    return Counted(Census(people, from_us, is_old=True), until_us)
