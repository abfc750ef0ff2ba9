"""What rules remember of the records of a tick: who stays, what is not seen, how sure it is."""

from collections.abc import Mapping, Sequence

from schemas.records.zones import ZoneOccupancy
from streams.domain.alerts.emitted import Emitted, Seen
from streams.domain.alerts.floor_rules import FloorRules
from streams.domain.alerts.following_stays import follow_stays
from streams.domain.alerts.of_badges import follow_badges
from streams.domain.alerts.of_occupancy import disagreement_of, is_watched
from streams.domain.alerts.state import AlertsState, Sureness


def take_in(state: AlertsState, emitted: Emitted, rules: FloorRules) -> None:
    """Take in the records of a tick.

    Stays are followed whatever the rules are, so that a new rule knows who has been there for
    long. All else starts with the first rule.

    Args:
        state: What is remembered, changed in place.
        emitted: The records.
        rules: Rules in force.
    """
    follow_stays(state.stays, emitted.events, emitted.occupancies)
    if not rules.rules:
        state.missing, state.unwatched = [], []
        state.disagreeing, state.sureness, state.twice = {}, {}, {}
        return
    occupancies = [one for one in emitted.occupancies if one["zone_id"] in rules.zones]
    state.missing = _missing(state.missing, emitted, occupancies, rules)
    unwatched = rules.zones.keys() & state.unwatched
    for one in occupancies:
        if is_watched(one):
            unwatched.discard(one["zone_id"])
        else:
            unwatched.add(one["zone_id"])
    state.unwatched = sorted(unwatched)
    apart = state.disagreeing | {one["zone_id"]: disagreement_of(one) for one in occupancies}
    state.disagreeing = {
        zone_id: apart[zone_id]
        for zone_id in sorted(apart.keys() & rules.zones.keys())
        if apart[zone_id]
    }
    at_us = emitted.as_of_us
    state.twice = follow_badges(state.twice, emitted.links, at_us) if rules.asks_badges else {}
    if emitted.people is not None:
        state.sureness = _sureness(by_zone(emitted.people), rules)


def by_zone(people: Sequence[Seen]) -> Mapping[str, list[Seen]]:
    """The people of a floor by the zones in which they count."""
    found: dict[str, list[Seen]] = {}
    for one in people:
        for zone_id in one.zone_ids:
            found.setdefault(zone_id, []).append(one)
    return found


def _missing(
    before: Sequence[str],
    emitted: Emitted,
    occupancies: Sequence[ZoneOccupancy],
    rules: FloorRules,
) -> list[str]:
    """Cameras that do not report, sorted: a zone of one camera speaks of that one alone."""
    if emitted.cameras_missing is not None:
        return sorted(emitted.cameras_missing)
    missing = {*before}
    for one in occupancies:
        own = rules.zones[one["zone_id"]]
        if own is None:
            missing = {*one["cameras_missing"]}
        else:
            missing = (missing - {own}) | {*one["cameras_missing"]}
    return sorted(missing)


def _sureness(people: Mapping[str, Sequence[Seen]], rules: FloorRules) -> dict[str, Sureness]:
    """How sure it is who is in each zone; zones in which everything is sure are left out."""
    found: dict[str, Sureness] = {}
    for zone_id in sorted(people.keys() & rules.zones.keys()):
        here = people[zone_id]
        confidence = min((one.role_confidence for one in here if one.role), default=1.0)
        is_suspect = any(one.calibration_suspect for one in here)
        if confidence < 1.0 or is_suspect:
            found[zone_id] = Sureness(confidence, is_suspect)
    return found
