"""The rules that concern one floor, and what they must know of it."""

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from schemas.records.rules import Rule
from streams.domain.alerts.rule import OF_BADGES, OF_PEOPLE, ON_FLOORS, Meaning, meaning_of
from streams.domain.alerts.schedule import InForce, in_force
from streams.domain.staffing.status import NOT_STAFF

_KNOWN: Final = frozenset(
    {"COVERAGE_GAP", "OVER_CAPACITY", "DWELL", *OF_BADGES, *OF_PEOPLE, *ON_FLOORS}
)


class FloorRules:
    """The rules that concern a floor over an interval of event time.

    Args:
        floor_id: The floor.
        rules: Rules in force, by id. One of a kind that this release does not know has no effect.
        zones: Zones of the floor, by id, each with its own camera; None for one of all cameras.
        time_zone: IANA name of the site's time zone.
        suspect: Cameras of the floor whose view is under suspicion.
        not_staff: Roles that are no staff's.

    Attributes:
        rules: Those that concern the floor, by id in sorted order.
        zones: As given.
        suspect: As given.
        not_staff: As given.
        asks_who: Whether a rule asks who people are, or how sure their places are.
        asks_badges: Whether a rule asks which badges of the floor were in two positions at once.
        elsewhere: Rules in force that do not concern the floor.
        limits_us: How long stays may be, by each rule that asks, microseconds.
    """

    def __init__(
        self,
        floor_id: str,
        rules: Mapping[str, Rule],
        zones: Mapping[str, str | None],
        time_zone: str = "UTC",
        suspect: frozenset[str] = frozenset(),
        not_staff: frozenset[str] = NOT_STAFF,
    ) -> None:
        self.floor_id = floor_id
        self.zones = zones
        self.suspect = suspect
        self.not_staff = not_staff
        self.rules = {
            rule_id: rules[rule_id]
            for rule_id in sorted(rules)
            if rules[rule_id]["kind"] in _KNOWN and self._concerns(rules[rule_id])
        }
        self.elsewhere = frozenset(rules.keys() - self.rules.keys())
        self.asks_who = any(rule["kind"] not in ON_FLOORS for rule in self.rules.values())
        self.asks_badges = any(
            rule["kind"] in OF_BADGES and self.covers(rule_id, "")
            for rule_id, rule in self.rules.items()
        )
        self.limits_us = {
            rule_id: rule["threshold"] * 1_000_000
            for rule_id, rule in self.rules.items()
            if rule["kind"] == "DWELL"
        }
        self._meanings = {rule_id: meaning_of(rule) for rule_id, rule in self.rules.items()}
        self._time_zone = time_zone
        self._in_force: dict[str, InForce] = {}

    def covers(self, rule_id: str, zone_id: str) -> bool:
        """Whether a rule is about a zone; `zone_id` is empty for the floor as a whole."""
        rule = self.rules.get(rule_id)
        if rule is None:
            return False
        if not zone_id:
            return rule["kind"] in ON_FLOORS or (
                rule["kind"] in OF_BADGES and self._is_of_floor(rule)
            )
        if rule["kind"] in ON_FLOORS or zone_id not in self.zones:
            return False
        named = rule["zone_ids"] or rule["floor_ids"]
        return not named or zone_id in rule["zone_ids"] or self.floor_id in rule["floor_ids"]

    def meaning(self, rule_id: str) -> Meaning:
        """What a rule measures."""
        return self._meanings[rule_id]

    def in_force(self, rule_id: str, at_us: int) -> InForce:
        """Whether a rule's schedule lets it hold at an event time, microseconds, and until when."""
        found = self._in_force.get(rule_id)
        if found is None or not found.from_us <= at_us < found.until_us:
            rule = self.rules[rule_id]
            zone = _zone_of(rule["time_zone"] or self._time_zone)
            found = self._in_force[rule_id] = in_force(rule["schedule"], zone, at_us)
        return found

    def _is_of_floor(self, rule: Rule) -> bool:
        """Whether a rule is about the whole floor, and not about some of its zones alone."""
        if self.floor_id in rule["floor_ids"]:
            return True
        return not rule["zone_ids"] and not rule["floor_ids"]

    def _concerns(self, rule: Rule) -> bool:
        if not rule["zone_ids"] and not rule["floor_ids"]:
            return True
        return self.floor_id in rule["floor_ids"] or not self.zones.keys().isdisjoint(
            rule["zone_ids"]
        )


def _zone_of(name: str) -> ZoneInfo:
    """A time zone; UTC for a name that nobody knows, which only a floor may have."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


NO_RULES: Final = FloorRules("", {}, {})
"""The rules of a floor that has none."""
