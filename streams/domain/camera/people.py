"""Where the tracks of a frame stand: a table of places and a table of people.

One call does both, because a call into compiled code costs as much as ten tracks. The maths is
`projection.project`, written for a table; a test holds one to the other.
"""

from pathlib import Path
from typing import Final

import numpy as np

from streams.domain.jit import Compiler
from streams.domain.tracking import columns as c
from streams.domain.tracking.types import Matrix, Vector

_compiler: Final = Compiler("people", [Path(__file__), Path(c.__file__)])

# A place on the floor: a row for each track, not a number where it is not known.
X_M: Final = 0  # m, in steps of 1/1000
Y_M: Final = 1
SD_M: Final = 2  # standard deviation, m, root mean square over both axes
PLACE: Final = 3
"""Columns of a place."""

# A person in view: a row for each confirmed track.
ID: Final = 0  # number of the track within the camera
FOOT_X: Final = 1  # foot point, px, in steps of 1/16
FOOT_Y: Final = 2
AT_X_M: Final = 3  # on the floor, m; not a number without calibration
AT_Y_M: Final = 4
OBSERVED: Final = 5  # 1 when this frame holds a matched detection, 0 while the track coasts
SEEN_US: Final = 6  # event time of the last matched detection
PERSON: Final = 7
"""Columns of a person."""

NOWHERE: Final = np.zeros(0)
"""The homography of a camera without one."""

_MIN_DEPTH: Final = 1e-9


@_compiler.entry
def locate(out: Matrix, homography: Vector) -> tuple[Matrix, Matrix, int]:
    """Put the tracks of a frame on the floor, list the people among them, and count the links.

    Args:
        out: The tracker's output, shape `(M, OUT)`.
        homography: Nine numbers from pixels to metres, or `NOWHERE`.

    Returns:
        Places, shape `(M, PLACE)`; people, shape `(P, PERSON)`, in the order of `out`; and how many
        tracks continue an ended one.
    """
    count = len(out)
    places = np.full((count, PLACE), np.nan)
    people = np.empty((count, PERSON))
    found = links = 0
    for row in range(count):
        life = out[row, c.OUT_LIFE]
        if out[row, c.OUT_LINK_FROM] > 0.0:
            links += 1
        foot_x = (out[row, c.OUT_X_MIN] + out[row, c.OUT_X_MAX]) / 2.0
        foot_y = out[row, c.OUT_Y_MAX]
        if len(homography) == 9 and life != c.ENDED:  # where one ended is no longer known
            depth = homography[6] * foot_x + homography[7] * foot_y + homography[8]
            if abs(depth) >= _MIN_DEPTH:  # else on the horizon
                x = (homography[0] * foot_x + homography[1] * foot_y + homography[2]) / depth
                y = (homography[3] * foot_x + homography[4] * foot_y + homography[5]) / depth
                xu = (homography[0] - x * homography[6]) / depth
                xv = (homography[1] - x * homography[7]) / depth
                yu = (homography[3] - y * homography[6]) / depth
                yv = (homography[4] - y * homography[7]) / depth
                variance = out[row, c.OUT_FOOT_VAR] * (xu * xu + xv * xv + yu * yu + yv * yv) / 2.0
                sd = np.sqrt(variance)
                if np.isfinite(x) and np.isfinite(y) and np.isfinite(sd):
                    # The added zero takes the sign off a negative one.
                    places[row, X_M] = np.rint(x * 1000.0) / 1000.0 + 0.0
                    places[row, Y_M] = np.rint(y * 1000.0) / 1000.0 + 0.0
                    places[row, SD_M] = np.rint(sd * 1000.0) / 1000.0 + 0.0
        if life == c.CONFIRMED:
            people[found, ID] = out[row, c.OUT_ID]
            # Bottom centre of the box on the published step.
            both = out[row, c.OUT_X_MIN] + out[row, c.OUT_X_MAX]
            people[found, FOOT_X] = np.rint(both * 8.0) / 16.0 + 0.0
            people[found, FOOT_Y] = foot_y
            people[found, AT_X_M] = places[row, X_M]
            people[found, AT_Y_M] = places[row, Y_M]
            people[found, OBSERVED] = out[row, c.OUT_OBSERVED]
            people[found, SEEN_US] = out[row, c.OUT_SEEN_US]
            found += 1
    return places, people[:found].copy(), links
