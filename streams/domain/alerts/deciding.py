"""Which alerts are opened, changed and closed, given the breaches that are open.

Breaches of one deduplication key in one place are one alert, led by the rule of the highest tier;
a rule that is on trial (silent, or a pilot) shares its alerts with no other. An alert is repeated
when another rule leads it, when its rule was edited, and when its figure is worse than any that
was decided, another role is short or other doubts hold it back, for `repeat_after_s` without a
break.
"""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from schemas.records.rules import AlertAction, AlertCause, AlertDoubt, Rule, ZoneAlert
from streams.domain.alerts.condition import Condition
from streams.domain.alerts.floor_rules import FloorRules
from streams.domain.alerts.rule import is_over, opens_at
from streams.domain.alerts.state import SURE, AlertsState, Ended, OpenAlert, Sureness
from streams.domain.staffing.shift import FOREVER_US

_SECOND_US: Final = 1_000_000
_URGENCY: Final[Mapping[str, int]] = {"UNKNOWN": 0, "NOTICE": 1, "WARNING": 2, "PAGE": 3}


_COUNTING: Final = frozenset({"COVERAGE_GAP", "OVER_CAPACITY"})
"""Kinds whose figure is wrong where people are counted wrongly."""


class _Leading(NamedTuple):
    """The breach that leads an alert.

    Attributes:
        condition: The breach.
        rule: Its rule.
        is_new: Whether one of the alert's breaches was opened in this tick.
    """

    condition: Condition
    rule: Rule
    is_new: bool


def alert_id_of(rule: Rule, condition: Condition, floor_id: str) -> str:
    """Id of the alert that a breach belongs to: deduplication key and place."""
    key = rule["deduplication_key"] or rule["rule_id"]
    if rule["stage"] != "EVERYWHERE":
        key = f"{key}@{rule['rule_id']}"
    subject = f"zone/{condition.zone_id}" if condition.zone_id else f"floor/{floor_id}"
    person = f"/person/{condition.person_id}" if condition.person_id else ""
    return f"{key}/{subject}{person}"


def decide(
    state: AlertsState, rules: FloorRules, opened: Collection[str], at_us: int
) -> list[ZoneAlert]:
    """Decide about the alerts of a floor.

    Args:
        state: What is remembered, with the breaches as of now; its alerts change in place.
        rules: Rules in force.
        opened: Keys of breaches that were opened in this tick.
        at_us: End of the tick, microseconds.

    Returns:
        Decisions by alert id.
    """
    leading = _leading(state, rules, opened, at_us)
    decided: list[ZoneAlert] = []
    for alert_id in sorted({*leading, *state.alerts}):
        lead, alert = leading.get(alert_id), state.alerts.get(alert_id)
        if lead is None and alert is not None:
            decided.append(_close(state, alert_id, alert, rules, at_us))
        elif lead is not None and alert is not None:
            decided += _change(state, alert, lead, at_us)
        elif lead is not None:
            decided += _open(state, alert_id, lead, at_us)
    state.ended = {
        alert_id: ended for alert_id, ended in state.ended.items() if at_us < ended.until_us
    }
    return decided


def next_decision_us(state: AlertsState, rules: FloorRules, closed_us: int) -> int:
    """Event time at which time alone changes an alert, later than `closed_us`, microseconds."""
    due: list[int] = [ended.until_us for ended in state.ended.values()]
    for alert in state.alerts.values():
        rule = rules.rules.get(alert.shown["rule_id"])
        if alert.differs_us is not None and rule is not None:
            due.append(alert.differs_us + rule["repeat_after_s"] * _SECOND_US)
    due += [
        rules.in_force(condition.rule_id, closed_us).until_us
        for condition in state.conditions.values()
        if condition.is_open and condition.rule_id in rules.rules
    ]
    return min((one for one in due if one > closed_us), default=FOREVER_US)


def _leading(
    state: AlertsState, rules: FloorRules, opened: Collection[str], at_us: int
) -> dict[str, _Leading]:
    found: dict[str, _Leading] = {}
    for key, condition in state.conditions.items():
        rule = rules.rules[condition.rule_id]
        if not condition.is_open or not rules.in_force(condition.rule_id, at_us).holds:
            continue
        alert_id = alert_id_of(rule, condition, rules.floor_id)
        is_new = key in opened
        before = found.get(alert_id)
        if before is None:
            found[alert_id] = _Leading(condition, rule, is_new)
            continue
        best = max(
            (before, _Leading(condition, rule, is_new)),
            key=lambda one: (_URGENCY[one.rule["tier"]], one.rule["rule_id"]),
        )
        found[alert_id] = best._replace(is_new=before.is_new or is_new)
    return found


def _open(state: AlertsState, alert_id: str, lead: _Leading, at_us: int) -> list[ZoneAlert]:
    ended = state.ended.get(alert_id)
    if ended is not None and at_us < ended.until_us:
        state.ended[alert_id] = ended._replace(suppressed=ended.suppressed + lead.is_new)
        return []
    suppressed = 0 if ended is None else ended.suppressed
    shown = _shown(state, alert_id, lead, "OPENED", "BREACH", at_us, at_us, suppressed)
    state.alerts[alert_id] = OpenAlert(shown, _figure(lead))
    return [shown]


def _change(state: AlertsState, alert: OpenAlert, lead: _Leading, at_us: int) -> list[ZoneAlert]:
    shown, rule = alert.shown, lead.rule
    is_worse = _figure(lead) > alert.worst
    is_urgent = True
    cause: AlertCause
    if shown["rule_id"] != rule["rule_id"]:
        cause = "OTHER_RULE"
    elif shown["rule_version"] != rule["version"]:
        cause = "RULE_EDITED"
    else:
        is_urgent = False
        has_other_role = lead.condition.figures.role != shown["role"]
        cause = "WORSE" if is_worse else "OTHER_ROLE" if has_other_role else "OTHER_DOUBTS"
        if cause == "OTHER_DOUBTS" and _doubts(state, lead) == shown["held_back_by"]:
            alert.differs_us = None
            return []
    if alert.differs_us is None:
        alert.differs_us = at_us
    if not is_urgent and at_us < alert.differs_us + rule["repeat_after_s"] * _SECOND_US:
        return []
    alert.worst = _figure(lead) if is_urgent else max(alert.worst, _figure(lead))
    alert.differs_us = None
    alert.shown = _shown(
        state,
        shown["alert_id"],
        lead,
        "CHANGED",
        cause,
        shown["opened_us"],
        at_us,
        shown["suppressed"],
    )
    return [alert.shown]


def _close(
    state: AlertsState, alert_id: str, alert: OpenAlert, rules: FloorRules, at_us: int
) -> ZoneAlert:
    shown = alert.shown
    rule = rules.rules.get(shown["rule_id"])
    cause: AlertCause
    if rule is None:
        cause = "OUT_OF_SCOPE" if shown["rule_id"] in rules.elsewhere else "RULE_REMOVED"
    elif not rules.covers(shown["rule_id"], shown["zone_id"]):
        cause = "OUT_OF_SCOPE"
    elif rule["version"] != shown["rule_version"]:
        cause = "RULE_EDITED"
    elif not rules.in_force(shown["rule_id"], at_us).holds:
        cause = "OUT_OF_SCHEDULE"
    else:
        cause = "CLEARED"
        if rule["suppress_s"]:
            state.ended[alert_id] = Ended(at_us + rule["suppress_s"] * _SECOND_US, 0)
    del state.alerts[alert_id]
    return {**shown, "action": "CLOSED", "cause": cause, "decided_us": at_us}


def _figure(lead: _Leading) -> int:
    figures = lead.condition.figures
    return figures.high if lead.rule["bound"] == "POSSIBLE" else figures.low


def _sureness(state: AlertsState, lead: _Leading) -> Sureness:
    """How sure it is who the people are; of those who are meant, where the rule says who."""
    of_zone = state.sureness.get(lead.condition.zone_id, SURE)
    own = lead.condition.figures.confidence
    return of_zone if own is None else Sureness(own, of_zone.is_suspect)


def _doubts(state: AlertsState, lead: _Leading) -> list[AlertDoubt]:
    """Why an alert stays on the board."""
    condition, rule = lead.condition, lead.rule
    low, zone_id = condition.figures.low, condition.zone_id
    confidence, is_suspect = _sureness(state, lead)
    apart = state.disagreeing.get(zone_id, 0) if rule["kind"] in _COUNTING else 0
    doubts: list[tuple[bool, AlertDoubt]] = [
        (rule["stage"] not in ("PILOT", "EVERYWHERE"), "SILENT_RULE"),
        (rule["bound"] == "POSSIBLE" and is_over(rule, low), "NOT_SURE"),
        (zone_id in state.unwatched, "STALE"),
        (confidence < rule["min_confidence"], "LOW_CONFIDENCE"),
        (low - apart < opens_at(rule) <= low, "COUNTS_DISAGREE"),
        (is_suspect, "CALIBRATION_SUSPECT"),
    ]
    return [doubt for holds, doubt in doubts if holds]


def _shown(
    state: AlertsState,
    alert_id: str,
    lead: _Leading,
    action: AlertAction,
    cause: AlertCause,
    opened_us: int,
    at_us: int,
    suppressed: int,
) -> ZoneAlert:
    condition, rule = lead.condition, lead.rule
    figures = condition.figures
    doubts = _doubts(state, lead)
    return {
        "alert_id": alert_id,
        "opened_us": opened_us,
        "action": action,
        "cause": cause,
        "decided_us": at_us,
        "since_us": condition.since_us,
        "rule_id": rule["rule_id"],
        "rule_version": rule["version"],
        "rule_name": rule["name"],
        "kind": rule["kind"],
        "tier": rule["tier"],
        "owner": rule["owner"],
        "next_action": rule["next_action"],
        "escalate_after_s": rule["escalate_after_s"],
        "escalate_to": rule["escalate_to"],
        "stage": rule["stage"],
        "pilot_unit_ids": list(rule["pilot_unit_ids"]),
        "zone_id": condition.zone_id,
        "role": figures.role,
        "person_ids": list(figures.person_ids),
        "camera_ids": list(figures.camera_ids),
        "figure_min": figures.low,
        "figure_max": figures.high,
        "threshold": rule["threshold"],
        "confidence": round(_sureness(state, lead).confidence, 3),
        "is_stale": "STALE" in doubts,
        "pages": not doubts,
        "held_back_by": doubts,
        "suppressed": suppressed,
        "evidence": list(figures.evidence),
    }
