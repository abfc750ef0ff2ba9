"""Since when each person has been in a zone, by its events and its occupancy.

Occupancy says who is there and has a record whenever that changes, so corrections of events need
not be applied one by one: an event says since when, whatever it corrects, of whoever is there.
"""

from collections.abc import Sequence

from schemas.records.zones import ZoneEvent, ZoneOccupancy
from streams.domain.alerts.state import Stay


def follow_stays(
    stays: dict[str, dict[str, Stay]],
    events: Sequence[ZoneEvent],
    occupancies: Sequence[ZoneOccupancy],
) -> None:
    """Take in the events and the occupancy of zones at a tick.

    Args:
        stays: Who is in each zone, by zone and person; changed in place. Whoever is there without
            an event, as after a start amid a log, has been there since the first record.
        events: Zone events, in order.
        occupancies: Occupancy of zones that have a record.
    """
    stated: dict[tuple[str, str], Stay] = {}
    for event in events:
        zone_id, person_id = event["zone_id"], event["person_id"]
        stay = Stay(event["entered_us"], event["as_of_us"])
        if event["kind"] == "ENTERED":
            stays.setdefault(zone_id, {})[person_id] = stay
        elif event["kind"] == "LEFT":
            stays.get(zone_id, {}).pop(person_id, None)
        else:
            stated[zone_id, person_id] = stay
    for measured in occupancies:
        zone_id = measured["zone_id"]
        before = stays.get(zone_id, {})
        first = Stay(measured["as_of_us"], 0)
        stays[zone_id] = {
            person_id: before.get(person_id) or stated.get((zone_id, person_id), first)
            for person_id in measured["person_ids"]
        }
    for zone_id in [zone_id for zone_id, here in stays.items() if not here]:
        del stays[zone_id]
