"""Rules of alerts and the records that they look at, with a plain value in every field."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from streams.domain.alerts.emitted import Emitted, Seen
from streams.domain.alerts.floor_rules import FloorRules
from streams.domain.alerts.state import AlertsState
from streams.domain.alerts.step import advance, next_due_us
from streams.domain.floor.tick import TICK_US, tick_end
from tests.support.builders.domain import T0, S, versioned


def rule(rule_id: str = "rule", **fields: Any) -> Any:
    """A rule that holds everywhere and always, and opens and closes at once."""
    return versioned(
        rule_id=rule_id,
        **{
            "name": "",
            "kind": "COVERAGE_GAP",
            "zone_ids": [],
            "floor_ids": [],
            "one_per": "ZONE",
            "roles": [],
            "shift_statuses": [],
            "bound": "SURE",
            "threshold": 1,
            "close_at": None,
            "open_after_s": 0,
            "close_after_s": 0,
            "repeat_after_s": 0,
            "suppress_s": 0,
            "deduplication_key": "",
            "schedule": [],
            "time_zone": "",
            "tier": "PAGE",
            "owner": "charge nurse",
            "next_action": "move a float",
            "escalate_after_s": None,
            "escalate_to": "",
            "stage": "EVERYWHERE",
            "pilot_unit_ids": [],
            "min_confidence": 0.0,
            **fields,
        },
    )


def rules_of(
    *rules: Any, zones: Mapping[str, str | None] | None = None, **fields: Any
) -> FloorRules:
    by_id = {one["rule_id"]: one for one in rules}
    return FloorRules("floor", by_id, {"zone": None} if zones is None else zones, **fields)


def occupancy(at_s: float = 0.0, low: int = 0, high: int | None = None, **fields: Any) -> Any:
    """Occupancy of a zone with a gap from `low` to `high`."""
    return {
        "zone_id": "zone",
        "seq": 1,
        "as_of_us": T0 + round(at_s * S),
        "inputs_through_us": 0,
        "cameras_missing": [],
        "floor_id": "floor",
        "reason": "CHANGE",
        "people": 0,
        "identified": 0,
        "scheduled": 0,
        "required": 0,
        "gap_min": low,
        "gap_max": low if high is None else high,
        "roles": [],
        "person_ids": [],
        "least_required": 0,
        "possible_since_us": None,
        "sure_since_us": None,
        "is_watched": True,
        "count": counted(0, 0),
        "census": None,
        **fields,
    }


def counted(low: int, high: int | None, disagreement: int = 0, **sources: Any) -> Any:
    """People by all ways of counting; sources as `HEADS=(low, high)`."""
    return {
        "low": low,
        "high": high,
        "disagreement": disagreement,
        "sources": [
            {"source": name, "low": least, "high": most, "is_apart": False}
            for name, (least, most) in sources.items()
        ],
    }


def event(
    kind: str, person_id: str, entered_s: float, seq: int = 1, zone_id: str = "zone", **fields: Any
) -> Any:
    return {
        "zone_id": zone_id,
        "seq": seq,
        "kind": kind,
        "person_id": person_id,
        "entered_us": T0 + round(entered_s * S),
        "as_of_us": T0 + round(entered_s * S),
        "corrects": None,
        **fields,
    }


def seen(person_id: str, role: str = "", status: str = "UNKNOWN", **fields: Any) -> Seen:
    plain = {
        "zone_ids": ["zone"],
        "role_confidence": 0.95 if role else 0.0,
        "calibration_suspect": False,
    }
    return Seen(person_id=person_id, role=role, duty_status=status, **{**plain, **fields})


def in_two_positions(at_s: float, badge_id: str = "badge") -> Any:
    """A link that says of a badge that it was in two positions at once."""
    at_us = T0 + round(at_s * S)
    return {
        "kind": "BADGE",
        "badge_id": badge_id,
        "at_us": at_us,
        "as_of_us": at_us,
        "evidence": {"gap_s": 1.0, "distance_heights": None, "distance_m": 45.0},
    }


class Line:
    """A floor whose alerts are followed, given in seconds after `T0`."""

    def __init__(self, rules: FloorRules) -> None:
        self.rules = rules
        self.state = AlertsState()
        self.closed_us = T0
        self.decided: list[Any] = []

    def at(self, at_s: float, *occupancies: Any, **records: Any) -> list[Any]:
        """Decisions at a time, with those that time alone made due before it left out."""
        at_us = T0 + round(at_s * S)
        self.until(at_us - TICK_US)
        stamped: list[Any] = [{**one, "as_of_us": at_us} for one in occupancies]
        return self._advance(Emitted(at_us, occupancies=stamped, **records))

    def until(self, at_us: int) -> None:
        """Let time alone decide what falls due."""
        while (due_us := tick_end(next_due_us(self.state, self.rules, self.closed_us))) <= at_us:
            self._advance(Emitted(max(due_us, self.closed_us + TICK_US)))

    def wait(self, until_s: float) -> list[Any]:
        """What time alone decides up to a time."""
        before = len(self.decided)
        self.until(T0 + round(until_s * S))
        return self.decided[before:]

    def change(self, rules: FloorRules, at_s: float) -> list[Any]:
        """Other rules from a time on."""
        self.until(T0 + round(at_s * S) - TICK_US)
        self.rules = rules
        return self._advance(Emitted(T0 + round(at_s * S)))

    def _advance(self, emitted: Emitted) -> list[Any]:
        decided = advance(self.state, emitted, self.rules)
        self.closed_us = emitted.as_of_us
        self.decided += decided
        return decided


def in_short(decided: Iterable[Any]) -> list[tuple[str, str, float]]:
    """Action, cause and time of decisions, seconds after `T0`."""
    return [(one["action"], one["cause"], (one["decided_us"] - T0) / S) for one in decided]


def gaps(*sizes: tuple[float, int]) -> Sequence[tuple[float, Any]]:
    """Occupancy records of gaps, by time in seconds."""
    return [(at_s, occupancy(at_s, size)) for at_s, size in sizes]
