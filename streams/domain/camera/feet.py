"""Where a person's feet are, also where the edge of the picture or a privacy mask cuts the box.

A detector sees a person as far as the picture goes. Where the bottom edge cuts a box, the feet are
below it; where a side cuts it, the middle of the box is not the middle of the person. A person who
was seen whole before keeps that size, and grows with the part still seen: by the square
root, since a person who comes closer also looks shorter from above, and arms make a box wide. A
person who was never seen whole is taken to be halfway, as a factor, between what is seen and the
usual shape of the camera's people.

A box that is wider than high may show somebody who lies or sits in a wheelchair, whose feet are not
far below. One never seen whole is lengthened at most by the factor by which the box is higher than
wide, or as far as a lying body's height. Somebody seen whole who has lain down or stood up since
has the sides of their size exchanged.
"""

import math
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from streams.domain.camera import picture as p
from streams.domain.camera.picture import Picture, is_hidden, size_of
from streams.domain.jit import Compiler
from streams.domain.tracking.dtypes import dtype_of
from streams.domain.tracking.tables import TrackState, TrackUpdate
from streams.domain.tracking.types import Table

SOURCES: Final = [Path(__file__), Path(p.__file__)]
"""Files that users of these functions depend on."""

_compiler: Final = Compiler("feet", SOURCES)

EDGE_SHARE: Final = 1.0 / 64.0
"""A box is cut by what hides the picture within this share of its width or height of the box."""

UPRIGHT: Final = 2.44
"""Height over width of a standing person: the usual shape until a camera shows someone whole."""

_OWN_WEIGHT: Final = 0.2
"""Weight of a new box in the averages of a person's size."""

_USUAL_WEIGHT: Final = 0.01
"""Weight of a new box in the average of the shapes of a camera's people."""

_MOST_GROWTH: Final = 4.0
"""The side of a box that is still seen counts as grown by at most this factor."""

_MOST_UNSEEN: Final = 2.0
"""A body that was never seen whole is at most so many times as long as the part seen."""

_SD_SHARE: Final = 0.25
"""Standard deviation of an estimate, as a share of its distance from the box's bottom centre."""


class Body(Protocol):
    """The size of a track's person when last seen whole.

    All fields are float64: bodies are saved as the bytes of their table.

    Attributes:
        track_id: Number of the track; 0 for the usual shape of the camera's people.
        width: Width, px; 0 while the person was never seen whole, 1 for the usual shape.
        height: Height, px; a multiple of the width for the usual shape.
    """

    track_id: float
    width: float
    height: float


BODY: Final = dtype_of(Body)


class Cuts(NamedTuple):
    """Which sides of a box are cut.

    Attributes:
        left: True when the left side is.
        top: True when the top is.
        right: True when the right side is.
        bottom: True when the bottom is.
    """

    left: bool
    top: bool
    right: bool
    bottom: bool


@_compiler.compiled
def cuts_of(track: TrackUpdate, picture: Picture) -> Cuts:
    """Which sides of a track's box are cut by an edge of the picture or by a mask."""
    width, height = size_of(picture)
    x_margin, y_margin = width * EDGE_SHARE, height * EDGE_SHARE
    x, y = (track.x_min + track.x_max) / 2.0, (track.y_min + track.y_max) / 2.0
    return Cuts(
        is_hidden(picture, track.x_min - x_margin, y),
        is_hidden(picture, x, track.y_min - y_margin),
        is_hidden(picture, track.x_max + x_margin, y),
        is_hidden(picture, x, track.y_max + y_margin),
    )


@_compiler.compiled
def is_whole(track: TrackUpdate, cuts: Cuts) -> bool:
    """Whether a frame shows a person whole."""
    cut = cuts.left or cuts.top or cuts.right or cuts.bottom
    return bool(track.observed and not cut and track.x_max > track.x_min)


@_compiler.compiled
def recall_usual(bodies: Table[Body], usual: Body) -> int:
    """Fill in the usual shape of a camera's people, and return the row of the first track."""
    usual.track_id, usual.width, usual.height = 0.0, 1.0, UPRIGHT
    if len(bodies) == 0:
        return 0
    usual.height = bodies[0].height
    return 1


@_compiler.compiled
def recall(bodies: Table[Body], first: int, track: TrackUpdate, body: Body) -> int:
    """Fill in the size of a track's person as far as it is known.

    Args:
        bodies: Known sizes, by track id.
        first: First row that may be the track's.
        track: The track.
        body: Filled.

    Returns:
        First row that may be the next track's.
    """
    while first < len(bodies) and bodies[first].track_id < track.track_id:
        first += 1
    body.track_id, body.width, body.height = track.track_id, 0.0, 0.0
    if first < len(bodies) and bodies[first].track_id == track.track_id:
        body.width, body.height = bodies[first].width, bodies[first].height
    return first


@_compiler.compiled
def remember(body: Body, usual: Body, track: TrackUpdate) -> None:
    """Average sizes and shapes with those of a person whom a frame shows whole."""
    wide, high = track.x_max - track.x_min, track.y_max - track.y_min
    if body.width == 0.0:
        body.width, body.height = wide, high
    else:
        body.width += _OWN_WEIGHT * (wide - body.width)
        body.height += _OWN_WEIGHT * (high - body.height)
    if track.state == TrackState.CONFIRMED:
        usual.height += _USUAL_WEIGHT * (high / wide - usual.height)


@_compiler.compiled
def _whole(seen: float, before: float, growth: float, usual: float, most: float) -> float:
    """The whole of a side of a box of which a part is seen.

    Args:
        seen: That part, px.
        before: The side when the person was seen whole, px; 0 for never.
        growth: Factor by which the other side has grown since.
        usual: The side by the other one and the usual shape, px.
        most: The longest that the side may be when the person was never seen whole, px.
    """
    if before > 0.0:
        return float(max(seen, before * math.sqrt(min(max(growth, 1.0), _MOST_GROWTH))))
    return float(max(seen, min(math.sqrt(seen * usual), most, _MOST_UNSEEN * seen)))


@_compiler.compiled
def _size_now(wide: float, high: float, body: Body) -> tuple[float, float]:
    """A person's width and height when seen whole, px, exchanged if they lie now or stand now.

    The side of the box that is longer now was the shorter one, and is nearer to the longer one.
    """
    turned = (wide > high) != (body.width > body.height)
    longer = max(wide, high)
    if turned and longer * longer > body.width * body.height:
        return body.height, body.width
    return body.width, body.height


@_compiler.compiled
def feet_of(track: TrackUpdate, cuts: Cuts, body: Body, usual: Body) -> tuple[float, float, float]:
    """Where a person's feet are.

    Args:
        track: The track after the frame.
        cuts: Sides of its box that are cut.
        body: The person's size when seen whole.
        usual: Usual shape of the camera's people.

    Returns:
        Foot point (px), which may be outside the picture, and its variance (px^2). It is the bottom
        centre of a box that is not cut, or of which too little is known: a body that fills the
        picture from top to bottom goes on to an unknown length.
    """
    x, y = (track.x_min + track.x_max) / 2.0, track.y_max
    wide, high = track.x_max - track.x_min, track.y_max - track.y_min
    below, beside = 0.0, 0.0
    body_wide, body_high = _size_now(wide, high, body)
    if cuts.bottom and not cuts.top:
        growth = wide / body_wide if body_wide > 0.0 else 1.0
        lying = wide * min(usual.height, 1.0 / usual.height)
        most = max(high * high / wide, math.sqrt(high * lying))
        below = _whole(high, body_high, growth, wide * usual.height, most) - high
    if cuts.left != cuts.right:
        long = high + below
        growth = long / body_high if body_high > 0.0 else 1.0
        beside = _whole(wide, body_wide, growth, long / usual.height, _MOST_UNSEEN * wide) - wide
        beside *= -0.5 if cuts.left else 0.5
    moved_var = _SD_SHARE * _SD_SHARE * (below * below + beside * beside)
    return x + beside, y + below, track.foot_var + moved_var
