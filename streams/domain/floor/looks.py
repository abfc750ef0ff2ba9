"""What the looks of a tick show: who stands in which zone, and which classes people were given."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from schemas.topics import ZONE_EVENTS
from streams.domain.camera.view import View
from streams.domain.evidence.roles import Worn
from streams.domain.facts.fused_cameras import FusedCameras
from streams.domain.facts.snapshot import Snapshot
from streams.domain.floor.evidence import worn_in
from streams.domain.floor.fused import EVERY_CAMERA, add_view, fuse_views, set_cameras, take_scans
from streams.domain.floor.state import FloorState, zone_of
from streams.domain.identity.identities import FloorLink
from streams.domain.person import person_id
from streams.domain.settings import FloorSettings
from streams.domain.zones.membership import Happening, merge, note_seq, observe_standing
from streams.domain.zones.standing import INSIDE, AreaTable, who_stands
from streams.domain.zones.stay_ids import shuffled


class Looked(NamedTuple):
    """What the looks of a tick showed.

    Attributes:
        watched: Whether a camera of the floor looked.
        links: Links between fused people that became known.
        worn: Classes that detectors gave to people.
    """

    watched: bool
    links: list[FloorLink]
    worn: list[Worn]


def observe_views(
    floor: FloorState,
    fused: FusedCameras | None,
    end_us: int,
    happenings: dict[str, list[Happening]],
    snapshot: Snapshot,
    settings: FloorSettings,
) -> Looked:
    """Take in the views of a tick.

    Args:
        floor: State of the floor, changed in place.
        fused: Its fused cameras; None where none are.
        end_us: End of the tick, microseconds.
        happenings: What happened in each zone of the floor, by id; extended.
        snapshot: Facts in force.
        settings: Settings of the floor.
    """
    cameras = snapshot.cameras_of(floor.floor_id)
    watched = False
    worn: list[Worn] = []
    set_cameras(floor.fused, fused)
    for view in _take_views(floor, end_us):
        floor.active_us = max(floor.active_us, view.captured_us)
        if view.camera_id not in cameras:
            continue
        watched = watched or view.looked
        if fused is None or view.camera_id not in fused:
            worn += worn_in(view)
            if view.boxes is not None or view.classes or view.box_classes:
                view = replace(view, boxes=None, classes=[], box_classes=[])  # noqa: PLW2901
            floor.views[view.camera_id] = view
            floor.looked.setdefault(view.camera_id, 0)
            if view.looked:
                table = snapshot.areas_seen_by(view.camera_id, floor.floor_id)
                _observe(floor, view, view.person_ids, table, happenings, settings)
        elif view.looked and view.boxes is not None:  # not from before the camera was fused
            add_view(floor.fused, view)
    links: list[FloorLink] = []
    if fused is not None:
        for views in take_scans(floor.fused, end_us):
            joined, shown = _observe_fused(floor, fused, views, snapshot, happenings, settings)
            links += joined
            worn += shown
    return Looked(watched, links, worn)


def _take_views(floor: FloorState, end_us: int) -> list[View]:
    """The pending views of a tick, by time, then camera."""
    views = [view for view in floor.pending if view.captured_us <= end_us]
    floor.pending = [view for view in floor.pending if view.captured_us > end_us]
    views.sort(key=lambda view: (view.captured_us, view.camera_id))
    return views


def _observe(
    floor: FloorState,
    view: View,
    person_ids: Sequence[str],
    table: AreaTable,
    happenings: dict[str, list[Happening]],
    settings: FloorSettings,
) -> None:
    """Find out who of a look stands in which of the zones that count its people."""
    looked_us = floor.looked.setdefault(view.camera_id, 0)
    order = shuffled(view.people) if settings.role_only and table.areas else None
    if order is not None:
        person_ids = [person_ids[index] for index in order]
    zones = floor.zones
    for area, standing in zip(table.areas, who_stands(table, view.people), strict=True):
        zone = zones.get(area.zone_id) or zone_of(floor, area.zone_id)
        if (
            INSIDE not in standing
            and (not zone.stays or zone.stays.keys().isdisjoint(person_ids))
            and (not zone.lost or zone.lost.keys().isdisjoint(person_ids))
        ):
            continue  # nobody is in it, was in it or was lost in it
        if order is not None:
            standing = [standing[index] for index in order]  # noqa: PLW2901
        happenings[area.zone_id] += observe_standing(
            zone, area, view, person_ids, standing, looked_us, settings.hold_us, floor.shown
        )
    floor.looked[view.camera_id] = view.captured_us


def _observe_fused(
    floor: FloorState,
    fused: FusedCameras,
    views: Mapping[str, View],
    snapshot: Snapshot,
    happenings: dict[str, list[Happening]],
    settings: FloorSettings,
) -> tuple[list[FloorLink], list[Worn]]:
    """Fuse the looks of a scan, and find out who stands in which zone."""
    observed, links, worn = fuse_views(
        floor.fused, floor.floor_id, fused, views, snapshot, settings
    )
    for link in links:
        if link.kind == "MERGE":
            earlier, later = (person_id(floor.floor_id, n) for n in (link.earlier, link.later))
            for zone_id in sorted(happenings):
                zone = zone_of(floor, zone_id)
                # What this tick brought so far is sent under these seqs, and may be wrong too.
                following = zone.seqs[ZONE_EVENTS.name] + 1
                for seq, happening in enumerate(happenings[zone_id], start=following):
                    note_seq(zone, happening, seq)
                happenings[zone_id] += merge(zone, earlier, later)
    for camera_id in (*sorted(views), EVERY_CAMERA):
        if camera_id not in observed:  # no zone counts the people of this one camera
            floor.looked[camera_id] = views[camera_id].captured_us
            continue
        view, numbers = observed[camera_id]
        table = snapshot.areas_of_one(floor.floor_id, camera_id)
        ids = [person_id(floor.floor_id, number) for number in numbers]
        _observe(floor, view, ids, table, happenings, settings)
    return links, worn
