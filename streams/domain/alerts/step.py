"""The step of alerts: what the records of a floor's tick mean under the rules in force.

A pure function of the records, the rules and what it remembers; simulation runs the same step over
records that were stored. Each rule is followed in each place as a `Condition`. Rules of one
deduplication key make one alert of a subject, led by the most urgent of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from schemas.records.rules import AlertEvidence, Rule, ZoneAlert
from schemas.topics import PRESENCE
from streams.domain.alerts import of_badges, of_occupancy, of_people, of_stays
from streams.domain.alerts.condition import (
    Condition,
    Figures,
    level_of,
    measured,
    next_ripe_us,
    ripened,
)
from streams.domain.alerts.deciding import decide, next_decision_us
from streams.domain.alerts.emitted import Emitted, Seen
from streams.domain.alerts.floor_rules import FloorRules
from streams.domain.alerts.rule import OF_BADGES, OF_PEOPLE, ON_FLOORS
from streams.domain.alerts.state import AlertsState
from streams.domain.alerts.taking_in import by_zone, take_in
from streams.domain.staffing.shift import FOREVER_US

_NOTHING = Figures(0, 0)


class _Subject(NamedTuple):
    """Where a rule was measured: in a zone or on a whole floor, of a person or of all."""

    rule_id: str
    zone_id: str
    person_id: str


def advance(state: AlertsState, emitted: Emitted, rules: FloorRules) -> list[ZoneAlert]:
    """Take in the records of a tick and decide about alerts.

    Ticks in which there is no record, and before `next_due_us`, may be left out.

    Args:
        state: What is remembered of the floor, changed in place.
        emitted: Records of the tick; its time rises.
        rules: Rules in force at that time.

    Returns:
        What was decided, by alert id: at most one decision about each.
    """
    at_us = emitted.as_of_us
    take_in(state, emitted, rules)
    if not rules.rules and not state.conditions and not state.alerts and not state.ended:
        return []
    state.conditions = dict(_under(rules, state))
    for subject, figures in _measure(state, emitted, rules):
        _follow(state, subject, figures, rules, at_us)
    opened: set[str] = set()
    followed: dict[str, Condition] = {}
    for key, condition in state.conditions.items():
        ripe = ripened(condition, rules.rules[condition.rule_id], at_us)
        if ripe is None:
            continue
        followed[key] = ripe
        if ripe.is_open and not condition.is_open:
            opened.add(key)
    state.conditions = followed
    return decide(state, rules, opened, at_us)


def next_due_us(state: AlertsState, rules: FloorRules, closed_us: int) -> int:
    """Event time of the next tick in which time alone may decide something, microseconds.

    Args:
        state: What is remembered of the floor.
        rules: Rules in force from `closed_us` on.
        closed_us: Event time up to which everything was decided, microseconds.
    """
    due_us = next_decision_us(state, rules, closed_us)
    for condition in state.conditions.values():
        rule = rules.rules.get(condition.rule_id)
        if rule is not None:
            ripe_us = next_ripe_us(condition, rule)
            due_us = min(due_us, ripe_us if ripe_us > closed_us else FOREVER_US)
    for badge in state.twice.values():
        ends_us = of_badges.ends_us(badge)
        due_us = min(due_us, ends_us if ends_us > closed_us else FOREVER_US)
    for rule_id, limit_us in rules.limits_us.items():
        for zone_id, stays in state.stays.items():
            if not rules.covers(rule_id, zone_id):
                continue
            for stay in stays.values():
                if stay.entered_us + limit_us > closed_us:
                    due_us = min(due_us, stay.entered_us + limit_us)
    return due_us


def _under(rules: FloorRules, state: AlertsState) -> Iterator[tuple[str, Condition]]:
    """The breaches that are still ones under the rules in force.

    An edited rule keeps a breach whose figures still are one, unless it measures something else.
    """
    for key, condition in state.conditions.items():
        rule = rules.rules.get(condition.rule_id)
        if rule is None or not rules.covers(condition.rule_id, condition.zone_id):
            continue
        if condition.rule_version != rule["version"]:
            if condition.meaning != rules.meaning(condition.rule_id):
                continue
            is_watched = condition.zone_id not in state.unwatched
            level = level_of(rule, condition.figures, is_watched=is_watched)
            if level != "BREACH" and not (level == "BETWEEN" and condition.is_open):
                continue
            yield key, condition._replace(rule_version=rule["version"])
        else:
            yield key, condition


def _measure(
    state: AlertsState, emitted: Emitted, rules: FloorRules
) -> Iterator[tuple[_Subject, Figures]]:
    """Figures of each rule wherever the tick, or the time, says something new."""
    people: Mapping[str, Sequence[Seen]] = {} if emitted.people is None else by_zone(emitted.people)
    presence: tuple[AlertEvidence, ...] = (
        {"topic": PRESENCE.name, "key": rules.floor_id, "as_of_us": emitted.as_of_us},
    )
    yield from _measure_floor(state, rules)
    for rule_id, rule in rules.rules.items():
        kind = rule["kind"]
        if kind in ON_FLOORS:
            continue
        if kind in of_occupancy.KINDS:
            for one in emitted.occupancies:
                if rules.covers(rule_id, one["zone_id"]):
                    figures = of_occupancy.figures_of(rule, one)
                    yield _Subject(rule_id, one["zone_id"], ""), figures
        elif kind in OF_PEOPLE:
            if emitted.people is None:
                continue
            for zone_id in rules.zones:
                if rules.covers(rule_id, zone_id):
                    here = people.get(zone_id, ())
                    found = of_people.figures_of(rule, here, rules.not_staff, presence)
                    yield from _subjects(state, rule, zone_id, found)
        else:
            for zone_id in rules.zones:
                if rules.covers(rule_id, zone_id):
                    stays = state.stays.get(zone_id, {})
                    found = of_stays.figures_of(rule, zone_id, stays, emitted.as_of_us)
                    yield from _subjects(state, rule, zone_id, found)


def _measure_floor(state: AlertsState, rules: FloorRules) -> Iterator[tuple[_Subject, Figures]]:
    """Figures of each rule that is about the floor as a whole."""
    for rule_id, rule in rules.rules.items():
        if not rules.covers(rule_id, ""):
            continue
        if rule["kind"] in OF_BADGES:
            figures = of_badges.figures_of(state.twice, rules.floor_id)
        else:
            missing = rule["kind"] == "CAMERA_MISSING"
            cameras = state.missing if missing else sorted(rules.suspect)
            figures = Figures(len(cameras), len(cameras), camera_ids=tuple(cameras))
        yield _Subject(rule_id, "", ""), figures


def _subjects(
    state: AlertsState, rule: Rule, zone_id: str, found: Mapping[str, Figures]
) -> Iterator[tuple[_Subject, Figures]]:
    """What was found of a zone, and that there is nothing any more of people who have left."""
    rule_id = rule["rule_id"]
    for person_id, figures in found.items():
        yield _Subject(rule_id, zone_id, person_id), figures
    if "" in found:  # of the zone as a whole, so of nobody who could have left
        return
    ended = [
        condition.person_id
        for condition in state.conditions.values()
        if condition.rule_id == rule_id
        and condition.zone_id == zone_id
        and condition.person_id not in found
    ]
    for person_id in ended:
        yield _Subject(rule_id, zone_id, person_id), _NOTHING


def _follow(
    state: AlertsState, subject: _Subject, figures: Figures, rules: FloorRules, at_us: int
) -> None:
    rule = rules.rules[subject.rule_id]
    level = level_of(rule, figures, is_watched=subject.zone_id not in state.unwatched)
    key = "/".join(subject)
    condition = state.conditions.get(key)
    if condition is not None:
        state.conditions[key] = measured(condition, figures, level, at_us)
    elif level == "BREACH":
        since_us = at_us if figures.since_us is None else min(at_us, figures.since_us)
        state.conditions[key] = Condition(
            rule_id=subject.rule_id,
            rule_version=rule["version"],
            meaning=rules.meaning(subject.rule_id),
            zone_id=subject.zone_id,
            person_id=subject.person_id,
            figures=figures,
            since_us=since_us,
        )
