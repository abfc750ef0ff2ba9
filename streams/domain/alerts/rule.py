"""What a rule of alerts may say, and what of it decides when two rules mean the same breach.

A figure is compared with the rule's `threshold`, by kind:

| kind | figure | breach |
|---|---|---|
| COVERAGE_GAP | staff missing: of the role in `roles` that lacks most, or in all | at least |
| OVER_CAPACITY | people in a zone | more than |
| DWELL | people whose stay in a zone is longer than `threshold` seconds | at least 1 |
| OFF_SHIFT | people in a zone whose duty status is one of `shift_statuses` | at least |
| ALONE | people in a zone with no staff beside them | at least |
| BADGE_CONTRADICTION | carriers of badges in a zone beyond the people who are seen | at least |
| BADGE_CONTRADICTION | badges of a floor that were in two positions at once | at least |
| CAMERA_MISSING, CAMERA_SUSPECT | cameras of a floor | at least |

Figures are intervals. A rule that is bound to what is SURE compares the lower end, one that is
bound to what is POSSIBLE the upper end.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from schemas.records.rules import Rule
from streams.domain.staffing.local_time import DAY_MINUTES
from streams.domain.staffing.status import DutyStatus

ON_FLOORS: Final = frozenset({"CAMERA_MISSING", "CAMERA_SUSPECT"})
"""Kinds whose breach is one of a floor; those of all others are of a zone, or a person in it."""

OF_PEOPLE: Final = frozenset({"OFF_SHIFT", "ALONE"})
"""Kinds that ask who the people in a zone are."""

OF_BADGES: Final = frozenset({"BADGE_CONTRADICTION"})
"""Kinds whose breach is one of a zone, and another one of the whole floor."""

_MORE_THAN: Final = frozenset({"OVER_CAPACITY"})
_PER_PERSON: Final = frozenset({"DWELL", "OFF_SHIFT"})
_SECONDS: Final = ("open_after_s", "close_after_s", "repeat_after_s", "suppress_s")
_MOST_S: Final = 31 * 24 * 3600

NOT_EXPECTED_HERE: Final = (DutyStatus.OFF_SHIFT, DutyStatus.NOT_EXPECTED, DutyStatus.VISITOR)
"""Duty statuses of a rule that names none."""


class Meaning(NamedTuple):
    """What a rule measures; figures of one meaning can be held against another threshold.

    Attributes:
        kind: Its kind.
        bound: Which end of the interval decides.
        one_per: Whether each person is a breach of their own.
        roles: Roles, as the kind takes them.
        shift_statuses: Duty statuses that are a breach.
        seconds: Threshold of a kind that measures how long; 0 for others.
    """

    kind: str
    bound: str
    one_per: str
    roles: tuple[str, ...]
    shift_statuses: tuple[str, ...]
    seconds: int


def meaning_of(rule: Rule) -> Meaning:
    """What a rule measures."""
    return Meaning(
        rule["kind"],
        rule["bound"],
        rule["one_per"],
        tuple(sorted(rule["roles"])),
        tuple(sorted(rule["shift_statuses"])),
        rule["threshold"] if rule["kind"] == "DWELL" else 0,
    )


def is_breach(rule: Rule, figure: int) -> bool:
    """Whether a figure breaks a rule."""
    return figure >= opens_at(rule)


def is_over(rule: Rule, figure: int) -> bool:
    """Whether a figure ends a breach: it is no breach, nor between the two thresholds."""
    closes_at = rule["close_at"]
    return figure < opens_at(rule) and (closes_at is None or figure <= closes_at)


def opens_at(rule: Rule) -> int:
    """The least figure that is a breach."""
    if rule["kind"] == "DWELL":
        return 1
    return rule["threshold"] + (rule["kind"] in _MORE_THAN)


def is_one_per_person(rule: Rule) -> bool:
    """Whether each person is a breach of their own."""
    return rule["one_per"] == "PERSON" and rule["kind"] in _PER_PERSON


def check_rule(rule: Mapping[str, Any]) -> None:
    """Refuse an invalid rule.

    Raises:
        ValueError: A field is out of range, or means nothing for the kind; the message begins with
            the field.
    """
    kind = rule["kind"]
    if rule["threshold"] < 1 - (kind in _MORE_THAN):
        raise ValueError(f"threshold is {rule['threshold']}: nothing would be below it")
    closes_at = rule["close_at"]
    if closes_at is not None and not 0 <= closes_at < opens_at(rule):  # type: ignore[arg-type]
        raise ValueError(f"close_at is {closes_at}, not 0 to less than what is a breach")
    for name in _SECONDS:
        if not 0 <= rule[name] <= _MOST_S:
            raise ValueError(f"{name} is {rule[name]}, not 0 to {_MOST_S} (31 days)")
    escalates_s = rule["escalate_after_s"]
    if escalates_s is not None and not 0 < escalates_s <= _MOST_S:
        raise ValueError(f"escalate_after_s is {escalates_s}, not 1 to {_MOST_S} (31 days)")
    if not 0.0 <= rule["min_confidence"] <= 1.0:
        raise ValueError(f"min_confidence is {rule['min_confidence']}, not 0 to 1")
    if rule["one_per"] == "PERSON" and kind not in _PER_PERSON:
        raise ValueError(f"one_per is PERSON, which means nothing for {kind}")
    if rule["zone_ids"] and kind in ON_FLOORS:
        raise ValueError(f"zone_ids are given, but {kind} is of whole floors")
    if unknown := sorted({*rule["shift_statuses"]} - {*DutyStatus}):
        raise ValueError(f"shift_statuses hold {unknown[0]!r}, which is none")
    for window in rule["schedule"]:
        _check_window(window)
    if rule["time_zone"]:
        try:
            ZoneInfo(rule["time_zone"])
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"time_zone {rule['time_zone']!r} is unknown") from error


def _check_window(window: Mapping[str, Any]) -> None:
    if not window["weekdays"] or not all(1 <= day <= 7 for day in window["weekdays"]):
        raise ValueError(f"schedule: weekdays are {window['weekdays']}, not 1 (Monday) to 7")
    for name, most in (("from_minute", DAY_MINUTES - 1), ("to_minute", DAY_MINUTES)):
        if not 0 <= window[name] <= most:
            raise ValueError(f"schedule: {name} is {window[name]}, not 0 to {most}")
