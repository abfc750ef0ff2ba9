"""Where the tracks of a frame stand: a table of floor positions and a table of people.

This is the one place where a box becomes a foot point: `feet` estimates the feet that the picture
does not show. One call makes both tables, because a call into compiled code costs as much as ten
tracks.

A camera's homography `H` (row by row) maps pixels of the captured frame to metres on the floor:
`[x, y, 1] ~ H [u, v, 1]` with u right and v down. The uncertainty follows by the first derivative.
"""

from pathlib import Path
from typing import Final, Protocol

import numpy as np

from streams.domain.camera import feet
from streams.domain.camera.feet import (
    BODY,
    Body,
    cuts_of,
    feet_of,
    is_whole,
    recall,
    recall_usual,
    remember,
)
from streams.domain.camera.picture import Picture, nearest_shown
from streams.domain.jit import Compiler
from streams.domain.tracking import dtypes, tables
from streams.domain.tracking.dtypes import dtype_of
from streams.domain.tracking.tables import TrackState, TrackUpdate
from streams.domain.tracking.types import Structured, Table, Vector

_compiler: Final = Compiler(
    "people",
    [Path(__file__), *feet.SOURCES, Path(tables.__file__), Path(dtypes.__file__)],
)


class FloorPosition(Protocol):
    """Where a track stands on the floor; not a number where that is not known.

    Attributes:
        x_m: Position, m, in steps of 1/1000.
        y_m: Position, m, in steps of 1/1000.
        position_sd_m: Standard deviation, m, root mean square over both axes, in steps of 1/1000.
    """

    x_m: float
    y_m: float
    position_sd_m: float


class Person(Protocol):
    """A confirmed track in a camera's view.

    All fields are float64, ids and times too: a view is saved as the bytes of its table.

    Attributes:
        id: Number of the track within the camera.
        foot_x_px: Foot point, px, in steps of 1/16; the end of what is seen if it is out of view.
        foot_y_px: Foot point, px, in steps of 1/16; the end of what is seen if it is out of view.
        x_m: Position on the floor, m; not a number without calibration.
        y_m: Position on the floor, m; not a number without calibration.
        observed: 1 when the frame holds a matched detection, 0 while the track coasts.
        last_observed_us: Event time of the last matched detection, microseconds.
    """

    id: float
    foot_x_px: float
    foot_y_px: float
    x_m: float
    y_m: float
    observed: float
    last_observed_us: float


FLOOR_POSITION: Final = dtype_of(FloorPosition)
PERSON: Final = dtype_of(Person)

NOWHERE: Final = np.zeros(0)
"""The homography of a camera without one."""

_MIN_DEPTH: Final = 1e-9

_NEAREST_DEPTH: Final = 0.25
"""Estimated feet are mapped to the floor if the depth there is at least this share of the depth at
the end of what is seen. Else they are near the horizon or beyond it, and that end is mapped."""


@_compiler.compiled
def _depth(homography: Vector, u: float, v: float) -> float:
    return float(homography[6] * u + homography[7] * v + homography[8])


@_compiler.compiled
def _put_on_floor(
    position: FloorPosition, homography: Vector, u: float, v: float, variance: float
) -> None:
    """Put a pixel on the floor, with its uncertainty."""
    depth = _depth(homography, u, v)
    if abs(depth) < _MIN_DEPTH:  # on the horizon
        return
    x = (homography[0] * u + homography[1] * v + homography[2]) / depth
    y = (homography[3] * u + homography[4] * v + homography[5]) / depth
    xu = (homography[0] - x * homography[6]) / depth
    xv = (homography[1] - x * homography[7]) / depth
    yu = (homography[3] - y * homography[6]) / depth
    yv = (homography[4] - y * homography[7]) / depth
    sd = np.sqrt(variance * (xu * xu + xv * xv + yu * yu + yv * yv) / 2.0)
    if np.isfinite(x) and np.isfinite(y) and np.isfinite(sd):
        # The added zero takes the sign off a negative one.
        position.x_m = np.rint(x * 1000.0) / 1000.0 + 0.0
        position.y_m = np.rint(y * 1000.0) / 1000.0 + 0.0
        position.position_sd_m = np.rint(sd * 1000.0) / 1000.0 + 0.0


@_compiler.entry
def locate(
    out: Table[TrackUpdate], homography: Vector, picture: Picture, bodies: Table[Body]
) -> tuple[Structured, Structured, Structured, int]:
    """Put the tracks of a frame on the floor, list the people among them, and count the links.

    Args:
        out: The tracker's output, shape `(M,)` of `TRACK_UPDATE`, by id.
        homography: Nine numbers from pixels to metres, or `NOWHERE`.
        picture: What the camera shows.
        bodies: Sizes of people after the frame before, shape `(B,)` of `BODY`, by track id; empty
            before the first.

    Returns:
        Positions, shape `(M,)` of `FLOOR_POSITION`; people, shape `(P,)` of `PERSON`, in the order
        of `out`; the sizes after this frame; and how many tracks continue an ended one.
    """
    count = len(out)
    positions = np.empty(count, FLOOR_POSITION)
    people = np.empty(count, PERSON)
    after = np.zeros(count + 1, BODY)
    usual = after[0]
    at = recall_usual(bodies, usual)
    found = links = 0
    known = 1
    for row in range(count):
        track, position = out[row], positions[row]
        position.x_m = position.y_m = position.position_sd_m = np.nan
        if track.link_from > 0:
            links += 1
        if track.state == TrackState.ENDED:  # where it stands is no longer known
            continue
        body = after[known]
        at = recall(bodies, at, track, body)
        cuts = cuts_of(track, picture)
        if is_whole(track, cuts):
            remember(body, usual, track)
        if body.width > 0.0:
            known += 1
        u, v, variance = feet_of(track, cuts, body, usual)
        # The end of what the picture shows, on the way to the feet.
        end_u = min(max(u, track.x_min), track.x_max)
        end_u, end_v = nearest_shown(picture, end_u, track.y_max)
        if len(homography) == 9:
            end_depth = _depth(homography, end_u, end_v)
            if _depth(homography, u, v) * end_depth < _NEAREST_DEPTH * end_depth * end_depth:
                u, v = end_u, end_v
            _put_on_floor(position, homography, u, v, variance)
        if track.state == TrackState.CONFIRMED:
            person = people[found]
            person.id = track.track_id
            # On the published step.
            person.foot_x_px = np.rint(end_u * 16.0) / 16.0 + 0.0
            person.foot_y_px = np.rint(end_v * 16.0) / 16.0 + 0.0
            person.x_m = position.x_m
            person.y_m = position.y_m
            person.observed = track.observed
            person.last_observed_us = track.last_observed_us
            found += 1
    return positions, people[:found].copy(), after[:known].copy(), links
