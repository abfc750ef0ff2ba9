"""Which detection belongs to which track, and which starts one.

After ByteTrack (Zhang et al. 2022, arXiv:2110.06864): detections of high score are associated
first, with known tracks; those of low score then keep known tracks alive through occlusion and
blur. What is left over, down to the score of a hidden person, is associated with tentative tracks,
then, in a wider reach, with whatever is still unmatched (the second round of C-BIoU), and starts
tracks at last.
"""

from typing import Final, NamedTuple

import numpy as np

from streams.domain.tracking import lifecycle
from streams.domain.tracking.assignment import NOBODY, assign, room_for_pairs
from streams.domain.tracking.camera_motion import follow_camera
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.ordering import order_of
from streams.domain.tracking.parameters import Parameters
from streams.domain.tracking.similarity import (
    Frame,
    Reach,
    compare,
    hidden_share,
    is_duplicate,
    measurements_of,
)
from streams.domain.tracking.tables import Measurement, Summary, Track, TrackState
from streams.domain.tracking.types import Flags, Indices, Matrix, Table

# Sets of track states: bit `s` stands for state `s`.
_TENTATIVE: Final = 1 << TrackState.TENTATIVE
_KNOWN: Final = 1 << TrackState.CONFIRMED | 1 << TrackState.LOST
_ALIVE: Final = _TENTATIVE | _KNOWN


class Association(NamedTuple):
    """Which detections are given to which tracks so far.

    Attributes:
        matches: Shape `(T,)`: the detection of each live track, or `NOBODY`.
        taken: Shape `(N,)`: whether a detection has a track.
    """

    matches: Indices
    taken: Flags


@compiled
def match(
    summary: Summary,
    tracks: Table[Track],
    captured_us: int,
    before_us: int,
    boxes: Matrix,
    matches: Indices,
    starters: Indices,
    params: Parameters,
) -> int:
    """Give detections to tracks and start tracks.

    Args:
        summary: Of the state; new tracks take their ids from it.
        tracks: Live tracks, predicted for now, then room for new ones; changed in place.
        captured_us: Event time of this frame, microseconds.
        before_us: Event time of the look before, microseconds; 0 for none.
        boxes: Shape `(N, BOX)`.
        matches: Shape `(T,)`, all `NOBODY`, filled: the detection given to each live track.
        starters: Shape `(N,)`, filled: the detections that started tracks, in the order of ids.
        params: Settings.

    Returns:
        Number of new tracks.
    """
    known = len(matches)
    order = order_of(boxes, True)
    measurements = measurements_of(boxes)
    high_end, birth_end, low_end = 0, 0, 0
    for j in order:
        if measurements[j].score >= params.high_score:
            high_end += 1
        if measurements[j].score >= min(params.birth_score, params.hidden_birth_score):
            birth_end += 1
        if measurements[j].score >= params.low_score:
            low_end += 1
    high, low = order[:high_end], order[high_end:low_end]
    likely = order[: max(high_end, birth_end)]  # those that may start a track, or did lately
    frame = Frame(tracks, measurements, order_of(boxes, False), captured_us, before_us, params)
    if params.camera_share > 0.0:
        follow_camera(summary, frame, known, high)

    momentum = params.momentum_weight
    association = Association(matches, np.zeros(len(boxes), np.bool_))
    # First association: known tracks and high scores.
    _associate(frame, association, _KNOWN, high, Reach(0.0, 0.0, params.match_iou, momentum))
    # Second association: known tracks still unmatched and low scores.
    _associate(frame, association, _KNOWN, low, Reach(0.0, 0.0, params.low_match_iou, momentum))
    # Tentative tracks and what may have started them.
    _associate(
        frame, association, _TENTATIVE, likely, Reach(0.0, 0.0, params.tentative_iou, momentum)
    )
    # Whatever is left, in a wider reach.
    if params.rescue_buffer > 0.0:
        wide = Reach(params.rescue_buffer, params.rescue_growth, params.rescue_iou, momentum)
        _associate(frame, association, _ALIVE, likely, wide)

    for i in range(known):
        if matches[i] != NOBODY:
            lifecycle.hit(tracks[i], captured_us, before_us, measurements[matches[i]], params)
        else:
            lifecycle.miss(tracks[i], captured_us, params)
    new = 0
    for j in likely:
        if association.taken[j] or not _may_start(tracks, known + new, measurements[j], params):
            continue
        if is_duplicate(tracks, known + new, measurements[j], params):
            continue
        lifecycle.start(
            tracks[known + new], summary.next_id, captured_us, before_us, measurements[j], params
        )
        summary.next_id += 1
        starters[new] = j
        new += 1
    return new


@compiled
def _may_start(
    tracks: Table[Track], count: int, measurement: Measurement, params: Parameters
) -> bool:
    """Tell whether a detection's score is enough to start a track.

    Half a person scores less than a whole one: the bar sinks from `birth_score` to
    `hidden_birth_score` for a detection of which somebody nearer covers half or more.
    """
    if measurement.score >= params.birth_score:
        return True
    if measurement.score < params.hidden_birth_score:
        return False
    hidden = min(1.0, 2.0 * hidden_share(tracks, count, measurement))
    bar = params.birth_score - hidden * (params.birth_score - params.hidden_birth_score)
    return bool(measurement.score >= bar)


@compiled
def _associate(
    frame: Frame, association: Association, states: int, detections: Indices, reach: Reach
) -> None:
    """Match the unmatched tracks of some states with the detections that are not taken.

    What a round leaves unmatched goes into the next: `association` carries it on.

    Args:
        frame: The frame.
        association: Of the rounds before; added to.
        states: Set of track states that take part.
        detections: Detections that take part.
        reach: How far a track may be from its detection.
    """
    matches, taken = association
    tracks = np.empty(len(matches), np.int64)
    count = 0
    for i in range(len(matches)):
        # No set holds ENDED: a track that ended in this frame takes no detection.
        if matches[i] == NOBODY and (states >> frame.tracks[i].state) & 1:
            tracks[count] = i
            count += 1
    free = np.empty(len(detections), np.int64)
    width = 0
    for j in detections:
        if not taken[j]:
            free[width] = j
            width += 1
    if count == 0 or width == 0:
        return
    pairs = room_for_pairs(count, width)
    compare(frame, tracks[:count], free[:width], reach, pairs)
    chosen = np.empty(count, np.int64)
    assign(pairs, width, chosen)
    for row in range(count):
        if chosen[row] != NOBODY:
            matches[tracks[row]] = free[chosen[row]]
            taken[free[chosen[row]]] = True
