"""What leaves a floor where roles only are shown: nobody has an id for longer than a stay.

The fold itself follows people as ever, since whoever counts them must not count them twice. What it
publishes of them has ids of its own: one for each stay in a zone, and in presence one for as long
as the same person is in the same zones. None is made from another, and no two of one person can be
joined: what would join them is left out, such as the place, the height, and when somebody was last
seen.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from streams.domain.camera.frame_tracks import FrameTracks
from streams.domain.floor.name import Name, Names
from streams.domain.floor.presence import PeopleOnFloor
from streams.domain.person import sighting_id
from streams.domain.zones.membership import Happening
from streams.domain.zones.stay_ids import shuffled

_POSITION: Final = ("foot_x_px", "foot_y_px", "x_m", "y_m")


def shown_as(
    people: PeopleOnFloor,
    before: Mapping[str, str],
    zones_before: Mapping[str, Sequence[str]],
    floor_id: str,
    seq: int,
) -> dict[str, str]:
    """The id under which each person is shown, by person id.

    Args:
        people: The people.
        before: Those ids in the record before.
        zones_before: Zones of each person in the record before.
        floor_id: The floor.
        seq: Seq of the record.
    """
    new = {
        person_id
        for person_id, zone_ids in zip(people.person_ids, people.zone_ids, strict=True)
        if person_id not in before or zones_before.get(person_id) != zone_ids
    }
    ids = {one: before[one] for one in people.person_ids if one not in new}
    order = [people.person_ids[index] for index in shuffled(people.table)] if new else []
    fresh = [person_id for person_id in order if person_id in new]
    ids |= {one: sighting_id(floor_id, seq, number) for number, one in enumerate(fresh, start=1)}
    return dict(sorted(ids.items()))


def without_positions(people: PeopleOnFloor, ids: Mapping[str, str]) -> PeopleOnFloor:
    """People under other ids, sorted by these, and nothing by which two sightings could be joined.

    Args:
        people: The people.
        ids: Their other ids, by person id.
    """
    names = [ids[person_id] for person_id in people.person_ids]
    order = sorted(range(len(names)), key=names.__getitem__)
    table, sizes = people.table[order], people.sizes[order]
    for field in _POSITION:
        table[field] = np.nan
    for field in sizes.dtype.names or ():
        sizes[field] = np.nan
    table["id"] = table["last_observed_us"] = 0
    return PeopleOnFloor(
        person_ids=[names[index] for index in order],
        camera_ids=[people.camera_ids[index] for index in order],
        zone_ids=[people.zone_ids[index] for index in order],
        table=table,
        sizes=sizes,
    )


def roles_alone(names: Names, ids: Mapping[str, str]) -> dict[str, Name]:
    """Roles of people under other ids; how sure they are in tenths, so that it tells nobody apart.

    Args:
        names: Who people are, by person id.
        ids: Their other ids, by person id.
    """
    return {
        ids[person_id]: Name(name.role, round(name.role_confidence, 1), None)
        for person_id, name in names.items()
        if person_id in ids and name.role
    }


def by_stay(happenings: list[Happening]) -> list[Happening]:
    """Ends of stays in the order in which the stays began, which no person's id decides."""
    return sorted(happenings, key=lambda happening: happening.entered_seq)


def without_tracks(tracks: FrameTracks) -> FrameTracks:
    """That a camera looked, and nothing of whom it saw."""
    return tracks._replace(out=tracks.out[:0], positions=tracks.positions[:0])
