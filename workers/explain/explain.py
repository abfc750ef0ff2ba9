"""Put together why a zone's figure was what it was."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from streams.domain.staffing.requirement import windows
from workers.explain.chain import STEPS, look_up, of_tables
from workers.explain.figure import CameraLink, Explanation, Known, Link, Row
from workers.explain.question import parse_moment
from workers.explain.stored import Stored
from workers.storage.timescale.rows import to_us

_OBSERVED_WITHIN: Final = timedelta(minutes=1)
"""A track that was observed so recently before the moment names the model of its camera."""


class UnknownZone(Stop):
    """No such zone was known at the moment that was asked for."""


class Shown(NamedTuple):
    """What of an explanation may be shown; the rest is not read.

    Attributes:
        people: Whether people of a figure of a moment may be shown one by one.
        camera: Whether a camera may be shown, by its id.
    """

    people: Callable[[datetime], bool]
    camera: Callable[[str], bool]


EVERYTHING: Final = Shown(lambda _: True, lambda _: True)
"""For whoever may see all."""


def explain(
    stored: Stored,
    cluster: Cluster,
    zone_id: str,
    asked: str,
    now: datetime,
    may: Shown = EVERYTHING,
) -> Explanation:
    """Explain a zone's figure.

    Args:
        stored: The database.
        cluster: Where the topics are.
        zone_id: The zone.
        asked: The moment, as `parse_moment` reads it.
        now: Now, with a time zone.
        may: What may be shown.

    Raises:
        BadQuestion: The moment cannot be read.
        UnknownZone: No such zone was known at that moment.
        Stop: The database refuses this user.
        Retry: A store is out of reach.
    """
    time_zone = _time_zone(stored, zone_id, now)
    at = parse_moment(asked, now, time_zone)
    zone = _in_force(stored, "zones", "zone_id", zone_id, at)
    if zone is None:
        raise UnknownZone(f"zone {zone_id} was not known at {at.isoformat(timespec='seconds')}")
    floor_id = zone["floor_id"]
    floor = _in_force(stored, "floors", "floor_id", floor_id, at)
    shown = stored.known("live", zone_id, at, may.people)
    as_of = at if shown is None else shown.figure["as_of"]
    revision = stored.revision(zone_id, as_of)
    cameras = [
        each
        for each in _cameras(stored, floor_id, shown, as_of)
        if may.camera(each.camera["camera_id"])
    ]
    links: list[Link] = []
    if floor is not None:
        saw = [each.camera["camera_id"] for each in cameras if each.saw]
        links += look_up(
            cluster,
            zone_id=zone_id,
            floor_id=floor_id,
            partition=floor["partition"],
            cameras=saw or [each.camera["camera_id"] for each in cameras],
            at=as_of,
            now=now,
        )
    tables = {"zone_occupancy": zone_id, "positions": floor_id, "tracks": floor_id}
    names = [step.table for step in STEPS if step.table]
    links += of_tables(stored.retention(names), tables, as_of)
    return Explanation(
        zone=zone,
        floor_id=floor_id,
        time_zone=time_zone.key,
        at=at,
        shown=shown,
        revised=None if revision is None else stored.known("public", zone_id, at, may.people),
        revision=revision,
        shifts=_shifts(stored, zone_id, as_of),
        requirements=_requirements(stored, zone_id, as_of),
        cameras=cameras,
        links=links,
    )


def _in_force(stored: Stored, table: str, identity: str, value: str, at: datetime) -> Row | None:
    found = stored.in_force(table, identity, at, column=identity, value=value)
    return found[0] if found else None


def _time_zone(stored: Stored, zone_id: str, now: datetime) -> ZoneInfo:
    """Time zone of the zone's floor now; UTC when the zone is known no more."""
    zone = _in_force(stored, "zones", "zone_id", zone_id, now)
    floor = zone and _in_force(stored, "floors", "floor_id", zone["floor_id"], now)
    return ZoneInfo(floor["time_zone"] if floor else "UTC")


def _shifts(stored: Stored, zone_id: str, at: datetime) -> Sequence[Row]:
    rows = stored.in_force("shifts", "shift_id", at, column="zone_id", value=zone_id)
    return [row for row in rows if row["starts_at"] <= at < row["ends_at"]]


def _requirements(stored: Stored, zone_id: str, at: datetime) -> Sequence[Row]:
    rows = stored.in_force("requirements", "requirement_id", at, column="zone_id", value=zone_id)
    at_us = to_us(at)
    return [
        row
        for row in rows
        if any(start <= at_us < end for start, end in windows(row, at_us))  # type: ignore[arg-type]
    ]


def _cameras(
    stored: Stored, floor_id: str, shown: Known | None, at: datetime
) -> Sequence[CameraLink]:
    people = [] if shown is None else shown.people
    saw = {camera for row in people for camera in row["camera_ids"]}
    missing = set() if shown is None else set(shown.figure["cameras_missing"])
    models: dict[str, list[str]] = {}
    for row in stored.models(floor_id, at - _OBSERVED_WITHIN, at):
        name = f"{row['model_name']} {row['model_version']}".strip()
        models.setdefault(row["camera_id"], []).append(name)
    cameras = stored.in_force("cameras", "camera_id", at, column="floor_id", value=floor_id)
    return [
        CameraLink(
            camera=camera,
            view=_in_force(stored, "camera_views", "camera_id", camera["camera_id"], at),
            clock=_in_force(stored, "camera_clock", "camera_id", camera["camera_id"], at),
            models=models.get(camera["camera_id"], []),
            saw=camera["camera_id"] in saw,
            is_missing=camera["camera_id"] in missing,
        )
        for camera in cameras
    ]
