"""What a tick of a floor has emitted, as rules of alerts look at it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from schemas.records.presence import Link
from schemas.records.zones import ZoneEvent, ZoneOccupancy


class Seen(NamedTuple):
    """A person in a presence record.

    Attributes:
        person_id: Who, as shown.
        zone_ids: Zones in which the person counts.
        role: The role by evidence; empty when unknown.
        role_confidence: How likely it is, 0 to 1; 0 when unknown.
        duty_status: What the shifts say.
        calibration_suspect: Whether the position may be wrong.
    """

    person_id: str
    zone_ids: Sequence[str]
    role: str
    role_confidence: float
    duty_status: str
    calibration_suspect: bool


class Emitted(NamedTuple):
    """The records of one tick of a floor that rules look at.

    Attributes:
        as_of_us: End of the tick, microseconds.
        events: Zone events, in order.
        occupancies: Occupancy of zones that have a record.
        people: People in it; None where there is none, or where no rule asks.
        cameras_missing: Cameras in it that had not reported; None where there is none.
        is_periodic: Whether a record is due that only says which alerts are open.
        links: Links that say of a badge that it was in two positions at once, in order.
    """

    as_of_us: int
    events: Sequence[ZoneEvent] = ()
    occupancies: Sequence[ZoneOccupancy] = ()
    people: Sequence[Seen] | None = None
    cameras_missing: Sequence[str] | None = None
    is_periodic: bool = False
    links: Sequence[Link] = ()


def seen_in(people: Sequence[Mapping[str, Any]]) -> list[Seen]:
    """The people of a presence record."""
    return [
        Seen(
            person["person_id"],
            person["zone_ids"],
            person["role"],
            person["role_confidence"],
            person["duty_status"],
            person["calibration_suspect"],
        )
        for person in people
    ]
