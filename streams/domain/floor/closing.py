"""The records of one tick of a floor, as of its end, and the next tick that can have any."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from schemas.records.evidence import BadgeRead
from schemas.records.presence import Link
from schemas.records.staffing import FloorCoverage
from schemas.records.zones import ZoneEvent
from schemas.topics import OCCUPANCY, OCCUPANCY_LATEST, PRESENCE, ZONE_EVENTS
from streams.domain.evidence.classes import classes_of
from streams.domain.evidence.roles import Worn
from streams.domain.evidence.settings import rates_of
from streams.domain.evidence.step import Joined
from streams.domain.evidence.waiting import NO_READS, Reads
from streams.domain.facts.snapshot import CameraVersions, Snapshot
from streams.domain.floor.alerts import decide_alerts, next_alert_us
from streams.domain.floor.covering import cover_floor, figures_of, watches_of
from streams.domain.floor.evidence import TakenIn, forget_badges, give_roles, joined_of, take_in
from streams.domain.floor.fused import EVERY_CAMERA
from streams.domain.floor.links import badge_link_records, fused_link_records, number_links
from streams.domain.floor.looks import observe_views
from streams.domain.floor.name import NOBODY, Names
from streams.domain.floor.presence import (
    FloorPresence,
    PeopleOnFloor,
    doubts_of,
    people_of,
    who_they_are,
)
from streams.domain.floor.role_only import by_stay, roles_alone, shown_as, without_positions
from streams.domain.floor.state import FloorState, has_closed_a_tick, missing_at, zone_of
from streams.domain.floor.tick import TICK_US, next_boundary, tick_end
from streams.domain.identity.identities import FloorLink
from streams.domain.output import Output
from streams.domain.settings import FloorSettings
from streams.domain.staffing.coverage import Plan
from streams.domain.staffing.open_gaps import next_over_us
from streams.domain.staffing.status import tolerance_of
from streams.domain.zones.area import ZoneArea
from streams.domain.zones.badges import badges_in
from streams.domain.zones.counting import Flow, crossed, unseen
from streams.domain.zones.earlier import forget_crossings, forget_unseen
from streams.domain.zones.membership import (
    REMEMBERED_US,
    Happening,
    ZoneState,
    clear,
    expire,
    forget,
    forget_lost,
    next_change_us,
    note_seq,
)
from streams.domain.zones.occupancy import Watch, find, measure
from streams.domain.zones.stay_ids import ids_of, stay_ids

_WITH_DWELL: Final = ("LEFT", "DWELL_EXCEEDED")


class Moment(NamedTuple):
    """What the records of one tick have in common: its time and its cameras.

    Attributes:
        as_of_us: End of the tick, microseconds.
        inputs_through_us: Event time up to which every reporting camera's input is in.
        cameras: Cameras of the floor, sorted.
        missing: Cameras that had not reported, sorted.
        suspect: Cameras whose calibration may be wrong.
        camera_versions: Those cameras with their versions.
        periodic: True when occupancy is due even without a change.
        role_only: True when people have no ids of their own.
    """

    as_of_us: int
    inputs_through_us: int
    cameras: list[str]
    missing: list[str]
    suspect: frozenset[str]
    camera_versions: CameraVersions
    periodic: bool
    role_only: bool


def next_due(
    floor: FloorState, snapshot: Snapshot, settings: FloorSettings, reads: Reads = NO_READS
) -> int:
    """End of the next tick in which something can happen, microseconds.

    Every reason why closing a tick gives a record or changes the state is listed here, so that a
    jump to this tick equals closing tick by tick.
    """
    closed_us = floor.closed_us
    first_us = closed_us + TICK_US
    due_us = min((tick_end(view.captured_us) for view in floor.pending), default=snapshot.until_us)
    for link in floor.linked:  # also of a frame that was late, and so left no view
        due_us = min(due_us, tick_end(link["as_of_us"]))
    if settings.takes_reads:
        read_us = reads.next_us(floor.floor_id, _read_through_us(floor))
        due_us = min(due_us, tick_end(read_us))
    if due_us <= first_us or snapshot.from_us > closed_us:
        return first_us
    # A camera goes missing in the tick after its last view, whose own tick was due.
    if missing_at(floor, first_us, snapshot) != floor.missing:
        return first_us
    if floor.fused.waiting:
        return first_us
    for view in floor.views.values():
        due_us = min(due_us, tick_end(view.captured_us + settings.hold_us + 1))
    if floor.fused.people(closed_us, settings):
        due_us = min(due_us, tick_end(floor.fused.scanned_us + settings.hold_us + 1))
    for area in snapshot.zones_of(floor.floor_id):
        zone = floor.zones.get(area.zone_id)
        plan = snapshot.plan(area.zone_id, first_us, settings.census_max_age_us)
        if zone is None or plan.from_us > closed_us:
            return first_us
        change_us = next_change_us(zone, area, floor.looked, settings.hold_us)
        due_us = min(due_us, tick_end(plan.until_us), tick_end(change_us))
    due_us = min(due_us, tick_end(next_over_us(floor.gaps)))
    if settings.decides_alerts:
        due_us = min(due_us, tick_end(next_alert_us(floor, snapshot, settings.silence_us)))
    period_us = next_boundary(closed_us, settings.occupancy_period_us)
    if period_us - floor.active_us <= settings.silence_us:
        due_us = min(due_us, period_us)
    return max(due_us, first_us)


def _read_through_us(floor: FloorState) -> int:
    """Event time up to which a floor has taken in reads; 0 before its first tick."""
    return floor.closed_us if has_closed_a_tick(floor) else 0


def close_tick(
    floor: FloorState,
    end_us: int,
    snapshot: Snapshot,
    settings: FloorSettings,
    reads: Reads = NO_READS,
) -> list[Output]:
    """Close one tick.

    Args:
        floor: State of the floor, changed in place; nothing was due in the ticks skipped since its
            last closed one.
        end_us: End of the tick, microseconds.
        snapshot: Facts in force at `end_us`.
        settings: Settings of the floor.
        reads: Reads of badges; those that fall due in the tick are taken from it.

    Returns:
        Links, presence, the events and the occupancy of each zone, then decisions about alerts.
    """
    read_through_us = _read_through_us(floor)
    cameras = snapshot.cameras_of(floor.floor_id)
    areas = snapshot.zones_of(floor.floor_id)
    happenings: dict[str, list[Happening]] = {area.zone_id: [] for area in areas}
    fused = snapshot.fused(floor.floor_id, settings.fusion) if settings.fuses_cameras else None
    watched, links, worn = observe_views(floor, fused, end_us, happenings, snapshot, settings)
    _forget(floor, cameras, end_us, settings)
    for area in areas:
        zone = zone_of(floor, area.zone_id)
        ended = expire(zone, area, end_us, floor.looked, settings.hold_us)
        happenings[area.zone_id] += by_stay(ended) if settings.role_only else ended
        forget(zone, end_us if fused is None else end_us - REMEMBERED_US)
    floor.missing = missing_at(floor, end_us, snapshot)
    floor.closed_us = end_us
    moment = Moment(
        as_of_us=end_us,
        inputs_through_us=min(
            (floor.heard[name] for name in cameras if name not in floor.missing),
            default=floor.newest_us,
        ),
        cameras=cameras,
        missing=floor.missing,
        suspect=frozenset(filter(snapshot.is_suspect, cameras)),
        camera_versions=snapshot.camera_versions(floor.floor_id),
        periodic=end_us % settings.occupancy_period_us == 0
        and end_us - floor.active_us <= settings.silence_us,
        role_only=settings.role_only,
    )
    tracks = [link for link in floor.linked if link["as_of_us"] <= end_us]
    floor.linked = [link for link in floor.linked if link["as_of_us"] > end_us]
    outputs = _links(floor, tracks, links, moment)
    removed = sorted(
        name for name in floor.zones if name not in happenings and floor.zones[name].shown
    )
    for zone_id in removed:
        outputs += _remove(floor, zone_id, moment, settings)
    fused_people = floor.fused.people(end_us, settings)
    people = people_of(
        floor.views, floor.zones, floor.floor_id, fused_people, floor.fused.scanned_us
    )
    inside = dict(zip(people.person_ids, people.zone_ids, strict=True))
    named = _names(floor)
    due = reads.take(floor.floor_id, read_through_us, end_us) if settings.takes_reads else []
    joined: list[Joined] = []
    if floor.evidence is not None or due or worn:
        remembered = () if floor.evidence is None else floor.evidence.state.people
        joined = joined_of(floor.floor_id, tracks, links, remembered)
    outputs += _take_in(
        floor,
        moment,
        people,
        inside,
        joined,
        due,
        worn,
        watched,
        snapshot,
        settings,
        linked=bool(tracks),
    )
    changed = named is not _names(floor) and dict(named) != dict(_names(floor))
    watches = watches_of(floor, snapshot)
    covered = cover_floor(floor, end_us, watches, snapshot, settings)
    changed = changed or figures_of(covered) != floor.covered
    # Due when a camera looked, even at an empty floor, or people changed.
    if watched or changed or inside != floor.shown:
        outputs += _presence(floor, moment, people, inside, covered, snapshot, settings)
    for area in areas:
        watch = watches[area.zone_id]
        outputs += _zone(floor, area, happenings[area.zone_id], watch, moment, snapshot, settings)
    if settings.decides_alerts:
        through_us = moment.inputs_through_us
        outputs += decide_alerts(floor, outputs, snapshot, through_us, settings)
    if not settings.follows_gaps:
        forget_crossings(floor.zones.values())
    elif not settings.widens_flow:
        forget_unseen(floor.zones.values())
    return outputs


def _zone(
    floor: FloorState,
    area: ZoneArea,
    happenings: list[Happening],
    watch: Watch,
    moment: Moment,
    snapshot: Snapshot,
    settings: FloorSettings,
) -> list[Output]:
    """Events and occupancy of a zone."""
    zone = floor.zones[area.zone_id]
    forget_lost(zone, floor.shown)
    outputs = _events(floor, zone, area.zone_id, happenings, moment) if happenings else []
    plan = snapshot.plan(area.zone_id, moment.as_of_us, settings.census_max_age_us)
    return outputs + _occupancy(floor, zone, area.zone_id, plan, watch, moment, settings)


def _forget(floor: FloorState, cameras: list[str], end_us: int, settings: FloorSettings) -> None:
    """Drop views of cameras silent for too long, and views and looks of cameras off the floor."""
    for camera_id in sorted(floor.views):
        if (
            camera_id not in cameras
            or end_us - floor.views[camera_id].captured_us > settings.hold_us
        ):
            del floor.views[camera_id]
    for camera_id in sorted(floor.looked):
        if camera_id not in cameras and not (camera_id == EVERY_CAMERA and floor.fused.cameras):
            del floor.looked[camera_id]
    for camera_id in floor.fused.cameras:
        floor.views.pop(camera_id, None)


def _links(
    floor: FloorState,
    tracks: Sequence[Link],
    people: Sequence[FloorLink],
    moment: Moment,
) -> list[Output]:
    """The links of a tick; none where roles only are shown, since each would join two ids."""
    if moment.role_only:
        return []
    return [
        *number_links(floor.seqs, tracks),
        *fused_link_records(
            floor.floor_id, floor.seqs, people, moment.as_of_us, moment.inputs_through_us
        ),
    ]


def _names(floor: FloorState) -> Names:
    """The people of whom something is known, as of the last tick."""
    return NOBODY if floor.evidence is None else floor.evidence.names


def _take_in(
    floor: FloorState,
    moment: Moment,
    people: PeopleOnFloor,
    inside: Mapping[str, list[str]],
    joined: Sequence[Joined],
    due: Sequence[BadgeRead],
    worn: Sequence[Worn],
    watched: bool,
    snapshot: Snapshot,
    settings: FloorSettings,
    *,
    linked: bool,
) -> list[Output]:
    """Let evidence say who people are; gives links of what it can say of nobody."""
    known = floor.evidence
    if known is None and not due and not worn:
        return []
    taken = TakenIn(None)
    classes = classes_of(settings.classes)
    if known is not None and not settings.takes_reads:
        forget_badges(known)
    if settings.takes_reads or classes.shown:
        taken = take_in(
            known,
            due,
            people,
            joined,
            snapshot.staff,
            zone_ids={area.zone_id for area in snapshot.zones_of(floor.floor_id) if due},
            end_us=moment.as_of_us,
            looked=watched,
            settings=rates_of(settings.badges),
            linked=linked,
            worn=worn,
            classes=classes,
        )
    floor.evidence = taken.evidence
    give_roles(floor.zones, _names(floor))
    if taken.evidence is not None and (
        taken.evidence.named_us == moment.as_of_us
        or (settings.widens_flow and taken.evidence.state.badges and floor.shown != inside)
    ):
        taken.evidence.in_zones = badges_in(
            taken.evidence.state,
            snapshot.zones_of(floor.floor_id),
            partial(snapshot.zones_around, floor.floor_id),
            inside,
            moment.as_of_us,
        )
    if settings.role_only:  # they name badges
        return []
    return badge_link_records(
        floor.floor_id,
        floor.seqs,
        taken.twice,
        taken.late,
        taken.astray,
        moment.as_of_us,
        moment.inputs_through_us,
    )


def _presence(
    floor: FloorState,
    moment: Moment,
    people: PeopleOnFloor,
    inside: dict[str, list[str]],
    covered: FloorCoverage | None,
    snapshot: Snapshot,
    settings: FloorSettings,
) -> list[Output]:
    """The presence record."""
    floor.seqs[PRESENCE.name] += 1
    people, names = _as_shown(floor, moment, people, inside)
    tolerance = tolerance_of(settings.shifts, snapshot.roles.not_staff)
    rosters = snapshot.rosters(tolerance) if names else None
    record = FloorPresence(
        floor_id=floor.floor_id,
        seq=floor.seqs[PRESENCE.name],
        as_of_us=moment.as_of_us,
        inputs_through_us=moment.inputs_through_us,
        cameras_missing=list(moment.missing),
        people=people,
        who=who_they_are(people, names, rosters, moment.as_of_us),
        doubts=doubts_of(people, moment.suspect),
        camera_versions=moment.camera_versions,
        coverage=covered,
    )
    floor.covered = figures_of(covered)
    return [Output(PRESENCE, floor.floor_id, record)]


def _as_shown(
    floor: FloorState, moment: Moment, people: PeopleOnFloor, shown: dict[str, list[str]]
) -> tuple[PeopleOnFloor, Names]:
    """People and who they are, as the next presence record shows them."""
    names, before, floor.shown = _names(floor), floor.shown, shown
    if not moment.role_only:
        floor.shown_as = {}
        return people, names
    seq = floor.seqs[PRESENCE.name]
    floor.shown_as = shown_as(people, floor.shown_as, before, floor.floor_id, seq)
    return without_positions(people, floor.shown_as), roles_alone(names, floor.shown_as)


def _events(
    floor: FloorState,
    zone: ZoneState,
    zone_id: str,
    happenings: list[Happening],
    moment: Moment,
) -> list[Output]:
    outputs: list[Output] = []
    ids = [happening.person_id for happening in happenings]
    if moment.role_only:
        ids = ids_of(zone_id, happenings, zone.seqs[ZONE_EVENTS.name] + 1)
    for happening, shown_id in zip(happenings, ids, strict=True):
        zone.seqs[ZONE_EVENTS.name] += 1
        dwell_us = happening.at_us - happening.entered_us
        record: ZoneEvent = {
            "zone_id": zone_id,
            "seq": zone.seqs[ZONE_EVENTS.name],
            "at_us": happening.at_us,
            "kind": happening.kind,
            "person_id": shown_id,
            "floor_id": floor.floor_id,
            "camera_id": happening.camera_id,
            "entered_us": happening.entered_us,
            "dwell_us": dwell_us if happening.kind in _WITH_DWELL else None,
            "as_of_us": moment.as_of_us,
            "inputs_through_us": moment.inputs_through_us,
            "corrects": happening.corrects,
        }
        note_seq(zone, happening, record["seq"])
        zone.flow = crossed(zone.flow, happening.flow)
        zone.flow = unseen(zone.flow, happening.appeared, happening.lost)
        outputs.append(Output(ZONE_EVENTS, zone_id, record))
    return outputs


def _occupancy(
    floor: FloorState,
    zone: ZoneState,
    zone_id: str,
    plan: Plan,
    watch: Watch,
    moment: Moment,
    settings: FloorSettings,
) -> list[Output]:
    badges = None
    if floor.evidence is not None:
        badges = floor.evidence.in_zones.get(zone_id, (0, 0))
    found = find(
        zone,
        plan,
        watch,
        badges,
        moment.as_of_us,
        follows_gaps=settings.follows_gaps,
        widens_flow=settings.widens_flow,
        finds_longest=settings.finds_longest,
    )
    if moment.role_only:
        stays = [zone.stays[person_id] for person_id in found.person_ids]
        found = found._replace(person_ids=stay_ids(zone_id, stays))
    record = measure(
        zone,
        found,
        watch,
        zone_id=zone_id,
        floor_id=floor.floor_id,
        as_of_us=moment.as_of_us,
        inputs_through_us=moment.inputs_through_us,
        periodic=moment.periodic,
    )
    if record is None:
        return []
    return [Output(OCCUPANCY, zone_id, record), Output(OCCUPANCY_LATEST, zone_id, record)]


def _remove(
    floor: FloorState, zone_id: str, moment: Moment, settings: FloorSettings
) -> list[Output]:
    """End a zone that has left the floor: publish it with nobody present and nobody required."""
    zone = floor.zones[zone_id]
    ended = by_stay(clear(zone)) if moment.role_only else clear(zone)
    outputs = _events(floor, zone, zone_id, ended, moment)
    nothing = Plan(from_us=moment.as_of_us, until_us=moment.as_of_us)
    watch = Watch(moment.missing, True, floor.looked)
    outputs += _occupancy(floor, zone, zone_id, nothing, watch, moment, settings)
    zone.shown, zone.gaps, zone.flow = None, {}, Flow()
    return outputs
