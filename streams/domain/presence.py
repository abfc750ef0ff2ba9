"""The people on a floor at the end of a tick."""

from collections.abc import Mapping

from schemas.records import Person
from streams.domain.view import View
from streams.domain.zone import ZoneState


def people_of(views: Mapping[str, View], zones: Mapping[str, ZoneState]) -> list[Person]:
    """List the people that the cameras of a floor see.

    Args:
        views: The view in force of each camera.
        zones: Zones of the floor, by id.

    Returns:
        By person id; each with the zones in which they count, sorted.
    """
    zone_ids: dict[str, list[str]] = {}
    for zone_id in sorted(zones):
        for person_id, stay in zones[zone_id].stays.items():
            if stay.counted:
                zone_ids.setdefault(person_id, []).append(zone_id)
    people: list[Person] = [
        {
            "person_id": person.person_id,
            "camera_ids": [view.camera_id],
            "foot_x_px": person.foot_x_px,
            "foot_y_px": person.foot_y_px,
            "x_m": person.x_m,
            "y_m": person.y_m,
            "zone_ids": zone_ids.get(person.person_id, []),
            "observed": person.observed,
            "last_observed_us": person.last_observed_us,
            "role": person.role,
            "role_confidence": 0.0,
            "staff_id": None,
            "calibration_suspect": False,
        }
        for view in views.values()
        for person in view.people
    ]
    people.sort(key=lambda person: person["person_id"])
    return people
