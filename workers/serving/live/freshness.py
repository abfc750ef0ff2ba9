"""Freshness of a value at the time it is read: the only module that judges age.

A zone's number is sent when it changes and at least every ten seconds; in between, the floor's
ticks vouch for it. So a zone is as fresh as its floor, unless its own renewal is overdue.
"""

from typing import Final, Literal

from pydantic import BaseModel, Field

RENEWED_WITHIN_US: Final = 12_000_000
"""A zone's occupancy is renewed every 10 s of event time; this much later it is overdue, us."""

Cause = Literal["", "no_data", "old", "camera_silent", "clock_ahead"]


class Freshness(BaseModel):
    """How far a value can be trusted at the moment of the answer."""

    as_of_us: int | None = Field(description="Event time of the value, UTC microseconds.")
    through_us: int | None = Field(
        description="The value is known to hold until here, UTC microseconds."
    )
    age_s: float | None = Field(description="Now minus `through_us`, seconds.", examples=[1.4])
    stale: bool = Field(description="True when the value must not be acted on.")
    cause: Cause = Field(description="Why it is stale; empty when it is not.")


def vouched_through(as_of_us: int, floor_as_of_us: int | None) -> int:
    """Event time until which a zone's value is known to hold, microseconds.

    Args:
        as_of_us: Event time of the zone's latest occupancy, microseconds.
        floor_as_of_us: Event time of its floor's latest tick, microseconds; None without one.
    """
    if floor_as_of_us is None:
        return as_of_us
    return max(as_of_us, min(floor_as_of_us, as_of_us + RENEWED_WITHIN_US))


def judge(
    now_us: int,
    stale_after_s: float,
    *,
    as_of_us: int | None,
    through_us: int | None = None,
    camera_silent: bool = False,
) -> Freshness:
    """Judge the age of a value.

    Args:
        now_us: Wall clock of the reader, UTC microseconds.
        stale_after_s: Age from which a value is stale, seconds.
        as_of_us: Event time of the value; None when there is no value.
        through_us: Event time until which the value is known to hold, UTC microseconds, if later
            than `as_of_us`.
        camera_silent: Whether its camera was missing when the value was made.
    """
    if as_of_us is None:
        return Freshness(as_of_us=None, through_us=None, age_s=None, stale=True, cause="no_data")
    through_us = as_of_us if through_us is None else through_us
    age_s = (now_us - through_us) / 1e6
    cause: Cause = ""
    if age_s > stale_after_s:
        cause = "old"
    elif age_s < -stale_after_s:
        cause = "clock_ahead"
    elif camera_silent:
        cause = "camera_silent"
    return Freshness(
        as_of_us=as_of_us,
        through_us=through_us,
        age_s=round(age_s, 3),
        stale=bool(cause),
        cause=cause,
    )
