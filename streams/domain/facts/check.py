"""Whether a version of a fact or decision can be used; the fold and imports ask this function."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from schemas.topics import (
    CAMERA_CLOCK,
    CAMERAS,
    CENSUS,
    FLOORS,
    REQUIREMENTS,
    ROLES,
    RULES,
    ZONES,
)
from streams.domain.alerts.rule import check_rule
from streams.domain.camera.clock import check_clock
from streams.domain.camera.projection import check_homography, pinhole_of
from streams.domain.facts.location import check_location
from streams.domain.facts.versions import InvalidFact, Record
from streams.domain.identity.passage import passages_of
from streams.domain.staffing.census import check_census
from streams.domain.staffing.requirement import check_requirement
from streams.domain.staffing.roles import check_role
from streams.domain.zones.area import ZoneArea, zone_area

_STAY: Final = {CAMERAS.name: "camera", ZONES.name: "zone"}
"""What stays on its floor: its `seq` is counted in the floor's partition."""


def _check_camera(record: Mapping[str, Any]) -> None:
    check_homography(record["homography"])
    check_location(record, pinhole_of(record))


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any]], object]]] = {
    REQUIREMENTS.name: check_requirement,
    ROLES.name: check_role,
    CENSUS.name: check_census,
    RULES.name: check_rule,
    CAMERAS.name: _check_camera,
    FLOORS.name: passages_of,
    CAMERA_CLOCK.name: check_clock,
}


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
        ValueError: A polygon, homography, projection, lens, location, passage, time zone, time,
            number or correction of a clock in it cannot be used, or it would move to another floor.
        OverflowError: A number in it is too large to be counted with.
    """
    if record["removed"]:
        return None
    area = None
    if topic_name == ZONES.name:
        area = zone_area(record)
    elif topic_name in _CHECKS:
        _CHECKS[topic_name](record)
    for known in floors if topic_name in _STAY else ():
        if known != record["floor_id"]:
            raise ValueError(
                f"a {_STAY[topic_name]} stays on its floor: {known!r}, not "
                f"{record['floor_id']!r}; register it under a new id"
            )
    return area


def checked(
    topic_name: str, identity: str, record: Record, versions: Iterable[Record]
) -> ZoneArea | None:
    """Check one version of a fact among its other ones.

    Args:
        topic_name: Its topic.
        identity: Its id.
        record: Its decoded record.
        versions: Versions of the same fact that are known already.

    Returns:
        The area of a zone; None for every other fact.

    Raises:
        InvalidFact: It cannot be used; the message names it and the fault.
    """
    floors = [known["floor_id"] for known in versions if _has_floor(known)]
    try:
        return check_fact(topic_name, record, floors)
    except (ValueError, OverflowError) as error:
        raise InvalidFact(
            f"{topic_name} {identity!r} version {record['version']}: {error}"
        ) from error


def _has_floor(record: Record) -> bool:
    return not record["removed"] and "floor_id" in record
