"""Findings about badges on two floors at once, as rules of alerts ask for them.

The rules are those of the kind `BADGE_CONTRADICTION`: their owner, next action, tier, schedule,
threshold and stage count here as in the fold. No finding names a badge or a person: the readers
and the time say enough to look it up where badges are managed.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from schemas.records.rules import Rule
from streams.domain.alerts.floor_rules import FloorRules
from streams.domain.alerts.rule import OF_BADGES, is_breach
from workers.observation.badges import Crossing, by_floors
from workers.observation.finding import Finding, Tier
from workers.observation.signs import FloorSign, Signs

KIND: Final = "badges"
"""Kind of these findings."""

_URGENT: Final[tuple[Tier, ...]] = ("NOTICE", "WARNING", "PAGE")


def badges_on_two_floors(signs: Signs) -> list[Finding]:
    """One finding for each two floors on which a badge was read at once, as a rule asks for it."""
    found = []
    for floor_ids, crossings in by_floors(signs.crossings).items():
        floors = [signs.floors[one] for one in floor_ids if one in signs.floors]
        if len(floors) == len(floor_ids):  # one that was removed is no floor any more
            found += _finding(signs.rules, floors, crossings, signs.now_us)
    return found


def _finding(
    rules: Mapping[str, Rule],
    floors: Sequence[FloorSign],
    crossings: Sequence[Crossing],
    now_us: int,
) -> list[Finding]:
    badges = len({one.badge_id for one in crossings})
    since_us = min(one.since_us for one in crossings)
    leading = [
        rule
        for rule in rules.values()
        if is_breach(rule, badges)
        and now_us - since_us >= rule["open_after_s"] * 1_000_000
        and any(_applies(rule, floor, now_us) for floor in floors)
    ]
    if not leading:
        return []
    rule = max(leading, key=lambda one: (_urgency(one), one["rule_id"]))
    newest = max(crossings, key=lambda one: (one.second, one.first))
    apart_s = (newest.second.at_us - newest.first.at_us) / 1e6
    pair = "+".join(sorted(floor.floor_id for floor in floors))
    name_of = {floor.floor_id: floor.name for floor in floors}
    names = " and ".join(name_of[one.floor_id] for one in (newest.first, newest.second))
    whose = "A badge was" if badges == 1 else f"{badges} badges were"
    return [
        Finding(
            key=f"badges/floors/{pair}",
            tier=_URGENT[_urgency(rule)],
            what=f"{whose} read on {names} within {apart_s:.0f} s "
            f"(readers {newest.first.reader_id} and {newest.second.reader_id})",
            since_us=since_us,
            value=float(badges),
            threshold=float(rule["threshold"]),
            unit="badges",
            next_action=rule["next_action"],
            owner=rule["owner"],
        )
    ]


def _applies(rule: Rule, floor: FloorSign, now_us: int) -> bool:
    """Whether a rule is about a whole floor, holds there now, and calls somebody."""
    name = rule["rule_id"]
    floor_rules = FloorRules(floor.floor_id, {name: rule}, {}, floor.time_zone)
    if rule["kind"] not in OF_BADGES or not floor_rules.covers(name, ""):
        return False
    if not floor_rules.in_force(name, now_us).holds:
        return False
    is_in_pilot = not floor.units.isdisjoint(rule["pilot_unit_ids"])
    return rule["stage"] == "EVERYWHERE" or (rule["stage"] == "PILOT" and is_in_pilot)


def _urgency(rule: Rule) -> int:
    return _URGENT.index(rule["tier"]) if rule["tier"] in _URGENT else 0
