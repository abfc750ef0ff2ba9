"""A zone's figure at a moment, with all that it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Row = Mapping[str, Any]
"""A row of a table or view, by name of its columns."""

State = Literal["there", "expired", "not found", "not looked for"]


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link of the chain from the picture to the figure.

    Attributes:
        what: What it is, in words.
        store: Topic or table that holds it.
        key: Key of the record there: a zone, floor or camera.
        state: Whether it is still there.
        kept: For how long its store keeps it, in words.
        since: Since when it is no longer there; None while it is.
        partition: Partition of the record in its topic; None for a table.
        offset: Its offset; None when it is not there.
        at: Event time of the record.
        appended: When the broker took it.
        note: What else there is to say.
    """

    what: str
    store: str
    key: str
    state: State
    kept: str
    since: datetime | None = None
    partition: int | None = None
    offset: int | None = None
    at: datetime | None = None
    appended: datetime | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Known:
    """A zone's figure by one way of knowing.

    Attributes:
        figure: Row of `zone_occupancy`.
        roles: Rows of `coverage`, by role.
        people: Row of `positions` of each person in the zone, newest before the moment.
    """

    figure: Row
    roles: Sequence[Row]
    people: Sequence[Row]


@dataclass(frozen=True, kw_only=True)
class CameraLink:
    """A camera of the floor as it was.

    Attributes:
        camera: The version of it in force.
        view: Row of `camera_views` in force; None when nobody found it moved.
        clock: Row of `camera_clock` in force; None when its clock was not followed.
        models: Models that its tracks rest on then, as `name version`.
        saw: Whether it saw one of the people.
        is_missing: Whether it had not reported when the figure was made.
    """

    camera: Row
    view: Row | None
    clock: Row | None
    models: Sequence[str]
    saw: bool
    is_missing: bool


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a zone's figure was what it was.

    Attributes:
        zone: The version of the zone in force.
        floor_id: Its floor.
        time_zone: Name of the floor's time zone.
        at: The moment that was asked for.
        shown: The figure as it was shown then; None when nothing was known.
        revised: The figure as it is known now; None when no revision changed it.
        revision: Number of that revision; None when none covers the moment.
        shifts: Shifts in the zone that cover the moment, as known then.
        requirements: Requirements of the zone whose hours cover the moment, as known then.
        cameras: Cameras of the floor.
        links: The chain, from the figure back to the picture.
    """

    zone: Row
    floor_id: str
    time_zone: str
    at: datetime
    shown: Known | None
    revised: Known | None
    revision: int | None
    shifts: Sequence[Row]
    requirements: Sequence[Row]
    cameras: Sequence[CameraLink]
    links: Sequence[Link]
