"""Everything that rules of alerts remember about a floor."""

from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.records.rules import ZoneAlert
from streams.domain.alerts.condition import Condition


class Stay(NamedTuple):
    """Somebody in a zone.

    Attributes:
        entered_us: Since when, microseconds.
        as_of_us: Time of the zone event that says so, microseconds; 0 where none does.
    """

    entered_us: int
    as_of_us: int


class TwicePlaced(NamedTuple):
    """A badge that was in two positions at once.

    Attributes:
        since_us: Event time of the first read that contradicts another, microseconds.
        as_of_us: Time of the newest link that says so, microseconds.
    """

    since_us: int
    as_of_us: int


class Sureness(NamedTuple):
    """How sure it is who the people in a zone are.

    Attributes:
        confidence: Of the role that is least sure, 0 to 1.
        is_suspect: Whether a position may be wrong.
    """

    confidence: float
    is_suspect: bool


SURE = Sureness(1.0, False)


@dataclass(slots=True)
class OpenAlert:
    """An alert that is open.

    Attributes:
        shown: As it was decided last.
        worst: The greatest figure that was decided.
        differs_us: Since when it differs from that, microseconds; None while it does not.
    """

    shown: ZoneAlert
    worst: int
    differs_us: int | None = None


class Ended(NamedTuple):
    """An alert that was closed a short while ago.

    Attributes:
        until_us: It is not opened again before this event time, microseconds.
        suppressed: How many breaches there were since.
    """

    until_us: int
    suppressed: int


@dataclass(slots=True)
class AlertsState:
    """What rules of alerts remember about a floor.

    Attributes:
        stays: People in each zone, by zone and person.
        missing: Cameras that do not report.
        unwatched: Zones that cameras which report do not see.
        disagreeing: By zone, people between the counts that are farthest apart, where they are.
        sureness: By zone, where not everybody is sure.
        conditions: Breaches that are open or may become so, by rule and subject.
        alerts: Alerts that are open, by id.
        ended: Alerts that may not be opened again yet, by id.
        twice: Badges that were in two positions a short while ago.
    """

    stays: dict[str, dict[str, Stay]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unwatched: list[str] = field(default_factory=list)
    disagreeing: dict[str, int] = field(default_factory=dict)
    sureness: dict[str, Sureness] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(default_factory=dict)
    alerts: dict[str, OpenAlert] = field(default_factory=dict)
    ended: dict[str, Ended] = field(default_factory=dict)
    twice: dict[str, TwicePlaced] = field(default_factory=dict)
