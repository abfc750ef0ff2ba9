"""Whether a version of a fact can be used; the fold and every import ask this one function."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from schemas.topics import CAMERAS, REQUIREMENTS, ZONES
from streams.domain.camera.projection import check_homography, pinhole_of
from streams.domain.staffing.requirement import check_requirement
from streams.domain.zones.area import ZoneArea, zone_area

_STAY: Final = {CAMERAS.name: "camera", ZONES.name: "zone"}
"""What stays on its floor: its `seq` is counted in the floor's partition."""


def check_fact(
    topic_name: str, record: Mapping[str, Any], floors: Collection[str] = ()
) -> ZoneArea | None:
    """Check one version of a fact.

    Args:
        topic_name: Its topic.
        record: Its decoded record.
        floors: Floors of its earlier versions that were not removals.

    Returns:
        The area of a zone; None for every other fact.

    Raises:
        ValueError: A polygon, homography, projection, lens, time zone or time in it cannot be used,
            or it would move to another floor.
        OverflowError: A number in it is too large to be counted with.
    """
    if record["removed"]:
        return None
    area = None
    if topic_name == ZONES.name:
        area = zone_area(record)
    elif topic_name == REQUIREMENTS.name:
        check_requirement(record)
    elif topic_name == CAMERAS.name:
        check_homography(record["homography"])
        pinhole_of(record)
    for known in floors if topic_name in _STAY else ():
        if known != record["floor_id"]:
            raise ValueError(
                f"a {_STAY[topic_name]} stays on its floor: {known!r}, not "
                f"{record['floor_id']!r}; register it under a new id"
            )
    return area
