"""What the records of a floor's tick mean under the rules of alerts, as a record of the floor."""

from collections.abc import Sequence
from typing import Final, cast

from schemas.records.presence import Link
from schemas.records.rules import AlertsReason, FloorAlerts
from schemas.records.zones import ZoneEvent, ZoneOccupancy
from schemas.topics import OCCUPANCY, PRESENCE, ZONE_ALERTS, ZONE_EVENTS
from streams.domain.alerts import of_badges
from streams.domain.alerts.emitted import Emitted, Seen
from streams.domain.alerts.step import advance, next_due_us
from streams.domain.facts.snapshot import Snapshot
from streams.domain.floor.presence import FloorPresence
from streams.domain.floor.state import FloorState
from streams.domain.floor.tick import next_boundary
from streams.domain.output import Output
from streams.domain.settings import FloorSettings
from streams.domain.staffing.shift import FOREVER_US

PERIOD_US: Final = 60_000_000
"""While alerts are open a record says so this often, aligned to the epoch, microseconds."""


def next_alert_us(floor: FloorState, snapshot: Snapshot, silence_us: int) -> int:
    """Event time of the next tick in which time alone may decide about alerts, microseconds.

    Args:
        floor: The floor.
        snapshot: Facts in force.
        silence_us: Nothing periodic is sent once the floor has been silent for this long,
            microseconds.
    """
    rules = snapshot.alert_rules(floor.floor_id)
    due_us = next_due_us(floor.alerts, rules, floor.closed_us)
    if floor.alerts.alerts:
        period_us = next_boundary(floor.closed_us, PERIOD_US)
        if period_us - floor.active_us <= silence_us:
            due_us = min(due_us, period_us)
    return min(due_us, FOREVER_US)


def decide_alerts(
    floor: FloorState,
    outputs: Sequence[Output],
    snapshot: Snapshot,
    inputs_through_us: int,
    settings: FloorSettings,
) -> list[Output]:
    """Decide about the alerts of a floor, once its tick has closed.

    Args:
        floor: The floor; its alerts go on.
        outputs: All other records of the tick.
        snapshot: Facts in force.
        inputs_through_us: Event time up to which every reporting camera's input is in.
        settings: Settings of the floor.

    Returns:
        A record where something was decided, or where one is due; else none.
    """
    end_us = floor.closed_us
    rules = snapshot.alert_rules(floor.floor_id)
    emitted = _emitted(outputs, end_us, asks_who=rules.asks_who)
    if settings.doubts_badges:
        emitted = emitted._replace(links=_of_badges(outputs))
    decided = advance(floor.alerts, emitted, rules)
    reason: AlertsReason = "CHANGE"
    if not decided:
        is_due = end_us % PERIOD_US == 0 and end_us - floor.active_us <= settings.silence_us
        if not is_due or not floor.alerts.alerts:
            return []
        reason = "PERIODIC"
    floor.seqs[ZONE_ALERTS.name] += 1
    record: FloorAlerts = {
        "floor_id": floor.floor_id,
        "seq": floor.seqs[ZONE_ALERTS.name],
        "as_of_us": end_us,
        "inputs_through_us": inputs_through_us,
        "reason": reason,
        "decided": decided,
        "open": [floor.alerts.alerts[name].shown for name in sorted(floor.alerts.alerts)],
    }
    return [Output(ZONE_ALERTS, floor.floor_id, record)]


def _emitted(outputs: Sequence[Output], end_us: int, *, asks_who: bool) -> Emitted:
    """The records of a tick as rules look at them."""
    events: list[ZoneEvent] = []
    occupancies: list[ZoneOccupancy] = []
    presence: FloorPresence | None = None
    for output in outputs:
        if output.topic is ZONE_EVENTS:
            events.append(cast("ZoneEvent", output.content))
        elif output.topic is OCCUPANCY:
            occupancies.append(cast("ZoneOccupancy", output.content))
        elif output.topic is PRESENCE:
            presence = cast("FloorPresence", output.content)
    if presence is None:
        return Emitted(end_us, events, occupancies)
    return Emitted(
        end_us,
        events,
        occupancies,
        _seen(presence) if asks_who else None,
        presence.cameras_missing,
    )


def _of_badges(outputs: Sequence[Output]) -> list[Link]:
    """The links of a tick that say of a badge that it was in two positions at once."""
    links = [cast("Link", output.content) for output in outputs if output.topic is of_badges.TOPIC]
    return [link for link in links if of_badges.is_of_two_positions(link)]


def _seen(presence: FloorPresence) -> list[Seen]:
    """The people of a presence record, without making a dictionary of each."""
    people, who = presence.people, presence.who
    sureness: list[tuple[float]] = who.sureness.tolist()
    doubts: list[tuple[float]] = presence.doubts.tolist()
    return [
        Seen(person_id, zone_ids, role, sure, details.duty_status, doubt == 1.0)
        for person_id, zone_ids, role, (sure,), details, (doubt,) in zip(
            people.person_ids,
            people.zone_ids,
            who.roles,
            sureness,
            who.details,
            doubts,
            strict=True,
        )
    ]
