"""Whether a rule is broken somewhere, followed through flicker.

A breach that is over for less than `close_after_s` is the same one afterwards, and is open once it
has lasted for `open_after_s`. What nobody knows (a zone that is not watched) opens nothing and
closes nothing.
"""

from typing import Final, Literal, NamedTuple

from schemas.records.rules import AlertEvidence, Rule
from streams.domain.alerts.rule import Meaning, is_breach, is_over
from streams.domain.staffing.shift import FOREVER_US

_SECOND_US: Final = 1_000_000

Level = Literal["BREACH", "BETWEEN", "UNKNOWN", "OVER"]
"""`BETWEEN`: no breach, but it does not end one that is open."""


class Figures(NamedTuple):
    """What was measured for a rule.

    Attributes:
        low: Least that the figure may be.
        high: Most that it may be.
        since_us: Since when, where a record says so, microseconds; else None.
        role: The role that is short; empty in all.
        person_ids: People who are meant, sorted.
        camera_ids: Cameras that are meant, sorted.
        confidence: Of the identification that is least sure among those that it rests on; None
            where that of the zone counts.
        evidence: Records that it rests on.
    """

    low: int
    high: int
    since_us: int | None = None
    role: str = ""
    person_ids: tuple[str, ...] = ()
    camera_ids: tuple[str, ...] = ()
    confidence: float | None = None
    evidence: tuple[AlertEvidence, ...] = ()


class Condition(NamedTuple):
    """A breach of one rule that is open, or may become so.

    Attributes:
        rule_id: The rule.
        rule_version: Its version.
        meaning: What it measures.
        zone_id: Where; empty for a whole floor.
        person_id: Whose, where each person is a breach of their own; else empty.
        figures: As they were measured last.
        since_us: Since when it is a breach, microseconds.
        away_us: Since when it is none, microseconds; None while it is, or while nobody knows
            whether one that is open still is.
        is_open: Whether it has lasted long enough.
    """

    rule_id: str
    rule_version: int
    meaning: Meaning
    zone_id: str
    person_id: str
    figures: Figures
    since_us: int
    away_us: int | None = None
    is_open: bool = False


def level_of(rule: Rule, figures: Figures, *, is_watched: bool) -> Level:
    """What figures mean under a rule.

    Args:
        rule: The rule.
        figures: The figures.
        is_watched: Whether cameras that report see the place.
    """
    figure = figures.high if rule["bound"] == "POSSIBLE" else figures.low
    if is_breach(rule, figure):
        return "BREACH"
    if not is_watched:
        return "UNKNOWN"
    return "OVER" if is_over(rule, figure) else "BETWEEN"


def measured(condition: Condition, figures: Figures, level: Level, at_us: int) -> Condition:
    """Take in what was measured.

    Args:
        condition: The breach so far.
        figures: What was measured.
        level: What that means.
        at_us: Event time, microseconds; rises.
    """
    if level == "BREACH":
        since_us = condition.since_us
        if figures.since_us is not None:
            since_us = min(since_us, figures.since_us)
        return condition._replace(figures=figures, since_us=since_us, away_us=None)
    if level == "BETWEEN" and condition.is_open:
        return condition._replace(figures=figures, away_us=None)
    if level == "UNKNOWN" and condition.is_open:
        return condition._replace(away_us=None)
    # Its figures stay those of the breach: an alert says what was wrong.
    return condition._replace(away_us=at_us) if condition.away_us is None else condition


def ripened(condition: Condition, rule: Rule, at_us: int) -> Condition | None:
    """Open or end a breach as time passes; None for one that is over.

    Args:
        condition: The breach.
        rule: Its rule.
        at_us: Event time, microseconds.
    """
    if condition.away_us is not None:
        over_us = condition.away_us + rule["close_after_s"] * _SECOND_US
        return None if at_us >= over_us else condition
    if not condition.is_open and at_us >= _opens_us(condition, rule):
        return condition._replace(is_open=True)
    return condition


def next_ripe_us(condition: Condition, rule: Rule) -> int:
    """Event time at which `ripened` may change a breach, microseconds."""
    if condition.away_us is not None:
        return condition.away_us + rule["close_after_s"] * _SECOND_US
    return FOREVER_US if condition.is_open else _opens_us(condition, rule)


def _opens_us(condition: Condition, rule: Rule) -> int:
    return condition.since_us + rule["open_after_s"] * _SECOND_US
