"""Figures of rules about how long people stay in a zone."""

from collections.abc import Mapping

from schemas.records.rules import AlertEvidence, Rule
from schemas.topics import ZONE_EVENTS
from streams.domain.alerts.condition import Figures
from streams.domain.alerts.rule import is_one_per_person
from streams.domain.alerts.state import Stay


def figures_of(
    rule: Rule, zone_id: str, stays: Mapping[str, Stay], at_us: int
) -> Mapping[str, Figures]:
    """Whose stay is too long.

    They do not grow with time, but only with the people: a record says since when.

    Args:
        rule: A rule of the kind DWELL.
        zone_id: The zone.
        stays: Who is in it, by person.
        at_us: Event time, microseconds.

    Returns:
        Figures by person where each is a breach of their own; else one, under an empty string.
    """
    limit_us = rule["threshold"] * 1_000_000
    long = {
        person_id: stays[person_id]
        for person_id in sorted(stays)
        if at_us - stays[person_id].entered_us >= limit_us
    }
    if is_one_per_person(rule):
        return {
            person_id: _figures(zone_id, {person_id: stay}, limit_us)
            for person_id, stay in long.items()
        }
    return {"": _figures(zone_id, long, limit_us)}


def _figures(zone_id: str, stays: Mapping[str, Stay], limit_us: int) -> Figures:
    evidence: list[AlertEvidence] = [
        {"topic": ZONE_EVENTS.name, "key": zone_id, "as_of_us": as_of_us}
        for as_of_us in sorted({stay.as_of_us for stay in stays.values() if stay.as_of_us})
    ]
    return Figures(
        len(stays),
        len(stays),
        min((stay.entered_us + limit_us for stay in stays.values()), default=None),
        person_ids=tuple(stays),
        evidence=tuple(evidence),
    )
