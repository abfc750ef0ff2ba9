"""Names of the columns of the tracker's tables, all of float64.

Ids and microseconds are whole numbers below 2^53, which float64 holds exactly (until 2255).
A table of one type keeps the call into compiled code at a fraction of a microsecond.
"""

from typing import Final

# Life of a track: the values of the column LIFE.
TENTATIVE: Final = 0
CONFIRMED: Final = 1
LOST: Final = 2
ENDED: Final = 3

LIVES: Final = ("TENTATIVE", "CONFIRMED", "LOST", "ENDED")
"""By value of the column LIFE, as records name them."""

# One live track: a row of the state.
ID: Final = 0  # number within the camera, from 1, never used again
LIFE: Final = 1
OBSERVED: Final = 2  # 1 when the newest frame holds a matched detection, else 0
HITS: Final = 3  # matched detections
STARTED_US: Final = 4  # event time of the first
SEEN_US: Final = 5  # event time of the last
SCORE: Final = 6  # of the last
X: Final = 7  # centre, px
Y: Final = 8
W: Final = 9  # size, px
H: Final = 10
VX: Final = 11  # of the centre, px/s
VY: Final = 12
POSITION_VAR: Final = 13  # of either coordinate of the centre, px^2
COVARIANCE: Final = 14  # between a coordinate and its velocity, px^2/s
VELOCITY_VAR: Final = 15  # of either velocity, (px/s)^2
SIZE_VAR: Final = 16  # of width and of height, px^2
SEEN_X: Final = 17  # box of the last matched detection: centre and size, px
SEEN_Y: Final = 18
SEEN_W: Final = 19
SEEN_H: Final = 20
FIRST_X: Final = 21  # centre of the first matched detection, px
FIRST_Y: Final = 22
ORIGIN: Final = 23  # id of the ended track of which this is the sequel; 0 for none
ROW: Final = 24
"""Columns of a live track."""

# One track that was confirmed and has ended, remembered for links.
GONE_ID: Final = 0
GONE_SEEN_US: Final = 1
GONE_X: Final = 2  # of its last matched detection, px
GONE_Y: Final = 3
GONE_H: Final = 4
GONE: Final = 5
"""Columns of a track that is gone."""
GONE_MAX: Final = 32
"""Tracks remembered after their end; the oldest makes place."""

# What a frame gives for each track: a row of the output.
OUT_ID: Final = 0
OUT_LIFE: Final = 1
OUT_EVENT: Final = 2
OUT_X_MIN: Final = 3  # box, px, in steps of 1/16
OUT_Y_MIN: Final = 4
OUT_X_MAX: Final = 5
OUT_Y_MAX: Final = 6
OUT_VX: Final = 7  # of the centre, px/s, in steps of 1/16
OUT_VY: Final = 8
OUT_SCORE: Final = 9  # of the last matched detection, in steps of 1/1000
OUT_OBSERVED: Final = 10  # 1 when this frame holds a matched detection, else 0
OUT_STARTED_US: Final = 11
OUT_SEEN_US: Final = 12
OUT_FOOT_VAR: Final = 13  # of either coordinate of the foot point, px^2
OUT_DETECTION: Final = 14  # row of the matched detection in the input; -1 for none
OUT_LINK_FROM: Final = 15  # id of the ended track that this one continues, told once; else 0
OUT_LINK_SCORE: Final = 16  # 0 to 1
OUT_LINK_GAP_S: Final = 17  # s between the last sight of one and the first of the other
OUT_LINK_DISTANCE: Final = 18  # between the same, in heights
OUT: Final = 19
"""Columns of the output."""

# What happened to a track in this frame: the values of the column OUT_EVENT.
NOTHING: Final = 0
BORN: Final = 1  # its first frame, whatever its life
WAS_CONFIRMED: Final = 2
WAS_LOST: Final = 3
WAS_FOUND: Final = 4
HAS_ENDED: Final = 5

EVENTS: Final = ("NOTHING", "BORN", "CONFIRMED", "LOST", "FOUND", "ENDED")
"""By value of the column OUT_EVENT."""

# What a state holds besides its rows.
NEXT_ID: Final = 0
AS_OF_US: Final = 1  # event time of the newest frame, 0 before the first
LIVE_COUNT: Final = 2
GONE_COUNT: Final = 3
CAMERA_COMMON: Final = 4  # what the boxes' errors have lately had in common, see `consensus`
CAMERA_ENERGY: Final = 5  # of those errors, heights^2
HEAD: Final = 6
"""Numbers in the head."""

# One detection: a row of the input.
IN_X_MIN: Final = 0
IN_Y_MIN: Final = 1
IN_X_MAX: Final = 2
IN_Y_MAX: Final = 3
IN_SCORE: Final = 4
IN: Final = 5
"""Columns of the input."""

# The same as centre and size: a row of the shapes.
AT_X: Final = 0
AT_Y: Final = 1
AT_W: Final = 2
AT_H: Final = 3
AT_SCORE: Final = 4
