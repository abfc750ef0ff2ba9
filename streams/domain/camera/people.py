"""Where the tracks of a frame stand: a table of floor positions and a table of people.

One call makes both, because a call into compiled code costs as much as ten tracks.

A camera's homography `H` (row by row) maps pixels of the captured frame to metres on the floor:
`[x, y, 1] ~ H [u, v, 1]` with u right and v down. The uncertainty follows by the first derivative.
"""

from pathlib import Path
from typing import Final, Protocol

import numpy as np

from streams.domain.jit import Compiler
from streams.domain.tracking import dtypes, tables
from streams.domain.tracking.dtypes import dtype_of
from streams.domain.tracking.tables import TrackState, TrackUpdate
from streams.domain.tracking.types import Structured, Table, Vector

_compiler: Final = Compiler(
    "people", [Path(__file__), Path(tables.__file__), Path(dtypes.__file__)]
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
        foot_x_px: Foot point, px, in steps of 1/16.
        foot_y_px: Foot point, px, in steps of 1/16.
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


@_compiler.entry
def locate(out: Table[TrackUpdate], homography: Vector) -> tuple[Structured, Structured, int]:
    """Put the tracks of a frame on the floor, list the people among them, and count the links.

    Args:
        out: The tracker's output, shape `(M,)` of `TRACK_UPDATE`.
        homography: Nine numbers from pixels to metres, or `NOWHERE`.

    Returns:
        Positions, shape `(M,)` of `FLOOR_POSITION`; people, shape `(P,)` of `PERSON`, in the order
        of `out`; and how many tracks continue an ended one.
    """
    count = len(out)
    positions = np.empty(count, FLOOR_POSITION)
    people = np.empty(count, PERSON)
    found = links = 0
    for row in range(count):
        track, position = out[row], positions[row]
        position.x_m = position.y_m = position.position_sd_m = np.nan
        if track.link_from > 0:
            links += 1
        u = (track.x_min + track.x_max) / 2.0
        v = track.y_max
        # Where a track that ended stands is no longer known.
        if len(homography) == 9 and track.state != TrackState.ENDED:
            depth = homography[6] * u + homography[7] * v + homography[8]
            if abs(depth) >= _MIN_DEPTH:  # else on the horizon
                x = (homography[0] * u + homography[1] * v + homography[2]) / depth
                y = (homography[3] * u + homography[4] * v + homography[5]) / depth
                xu = (homography[0] - x * homography[6]) / depth
                xv = (homography[1] - x * homography[7]) / depth
                yu = (homography[3] - y * homography[6]) / depth
                yv = (homography[4] - y * homography[7]) / depth
                variance = track.foot_var * (xu * xu + xv * xv + yu * yu + yv * yv) / 2.0
                sd = np.sqrt(variance)
                if np.isfinite(x) and np.isfinite(y) and np.isfinite(sd):
                    # The added zero takes the sign off a negative one.
                    position.x_m = np.rint(x * 1000.0) / 1000.0 + 0.0
                    position.y_m = np.rint(y * 1000.0) / 1000.0 + 0.0
                    position.position_sd_m = np.rint(sd * 1000.0) / 1000.0 + 0.0
        if track.state == TrackState.CONFIRMED:
            person = people[found]
            person.id = track.track_id
            # Bottom centre of the box on the published step.
            person.foot_x_px = np.rint((track.x_min + track.x_max) * 8.0) / 16.0 + 0.0
            person.foot_y_px = track.y_max
            person.x_m = position.x_m
            person.y_m = position.y_m
            person.observed = track.observed
            person.last_observed_us = track.last_observed_us
            found += 1
    return positions, people[:found].copy(), links
