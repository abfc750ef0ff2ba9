"""How well detections fit tracks: the overlap of buffered boxes, refined by what is known.

Buffered IoU (Yang et al. 2023, C-BIoU, arXiv:2211.14317): both boxes are widened in proportion, so
that a person who has moved by more than their width since the last frame still overlaps.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from streams.domain.tracking import tables as t
from streams.domain.tracking.assignment import Pairs
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.parameters import Parameters
from streams.domain.tracking.tables import MEASUREMENT, Measurement, Track
from streams.domain.tracking.types import Indices, Matrix, Table, Vector

_US: Final = 1_000_000.0
_STANDING: Final = 0.1
"""A way of this many heights is as good as none: boxes tremble by about as much."""


class Frame(NamedTuple):
    """One frame as association sees it.

    Attributes:
        tracks: Live tracks, predicted for now, then room for new ones.
        measurements: Shape `(N,)` of `MEASUREMENT`: the detections.
        by_left: Shape `(N,)`: the detections by their left edges.
        at_us: Event time of this frame, microseconds.
        before_us: Event time of the look before, microseconds; 0 for none.
        params: Settings.
    """

    tracks: Table[Track]
    measurements: Table[Measurement]
    by_left: Indices
    at_us: int
    before_us: int
    params: Parameters


class Reach(NamedTuple):
    """How far a comparison looks.

    Attributes:
        buffer: Part of its size by which each side of a box is moved out.
        growth: The same for each second that a track was not seen, 1/s.
        gate: Least similarity of a pair, 0 to 1.
        momentum: Weight of agreement with a track's direction, 0 to 1.
    """

    buffer: float
    growth: float
    gate: float
    momentum: float


@compiled
def measurements_of(boxes: Matrix) -> Table[Measurement]:
    """The detections as centre and size.

    Args:
        boxes: Shape `(N, BOX)`.

    Returns:
        Shape `(N,)` of `MEASUREMENT`.
    """
    count = len(boxes)
    measurements: Table[Measurement] = np.empty(count, MEASUREMENT)
    for j in range(count):
        measurement = measurements[j]
        measurement.x = (boxes[j, t.X_MIN] + boxes[j, t.X_MAX]) * 0.5
        measurement.y = (boxes[j, t.Y_MIN] + boxes[j, t.Y_MAX]) * 0.5
        measurement.w = boxes[j, t.X_MAX] - boxes[j, t.X_MIN]
        measurement.h = boxes[j, t.Y_MAX] - boxes[j, t.Y_MIN]
        measurement.score = boxes[j, t.SCORE]
    return measurements


@compiled
def compare(frame: Frame, tracks: Indices, detections: Indices, reach: Reach, pairs: Pairs) -> None:
    """Find the detections near each prediction, and how similar they are.

    Detections are walked by their left edges, so those that cannot overlap are never looked at.

    Args:
        frame: The frame.
        tracks: `T` tracks to compare.
        detections: `D` detections to compare.
        reach: How far to look.
        pairs: Filled: row `r` is `tracks[r]`, column `c` is `detections[c]`; the score is the
            similarity beyond the gate, less what a track not seen in the frame before has to
            yield, above 0. There is room for `T * D`.
    """
    measurements, params = frame.measurements, frame.params
    height_weight = params.height_weight
    order = _by_left_of(detections, frame.by_left)
    widest = 0.0
    lefts = np.empty(len(order))
    for k in range(len(order)):
        measurement = measurements[detections[order[k]]]
        lefts[k] = measurement.x - measurement.w * 0.5
        widest = max(widest, measurement.w)
    found = 0
    for row in range(len(tracks)):
        track = frame.tracks[tracks[row]]
        pairs.starts[row] = found
        buffer = reach.buffer + reach.growth * (frame.at_us - track.last_seen_us) / _US
        wider = 1.0 + 2.0 * buffer
        x, y = track.x, track.y
        w, h = track.w * wider, track.h * wider
        area = w * h
        speed = math.sqrt(track.vx * track.vx + track.vy * track.vy)
        # One who stands has no direction: a velocity counts by its length over its deviation.
        heading = 0.0
        if speed > 0.0:
            certainty = speed / (speed + math.sqrt(track.velocity_var))
            heading = reach.momentum * certainty / speed
        claim = 1.0 if track.last_seen_us >= frame.before_us else 1.0 - params.unseen_yield
        end = x + w * 0.5 + buffer * widest
        for k in range(_first_above(lefts, x - w * 0.5 - (1.0 + buffer) * widest), len(order)):
            if lefts[k] >= end:
                break
            column = order[k]
            measurement = measurements[detections[column]]
            wide = measurement.w * wider
            overlap_x = min((w + wide) * 0.5 - abs(measurement.x - x), w, wide)
            high = measurement.h * wider
            overlap_y = min((h + high) * 0.5 - abs(measurement.y - y), h, high)
            # One test of both: either alone is a branch that no processor predicts.
            if min(overlap_x, overlap_y) <= 0.0:
                continue
            intersection = overlap_x * overlap_y
            similarity = intersection / (area + wide * high - intersection)
            if height_weight > 0.0:
                # The overlap of heights, as in Hybrid-SORT (Yang et al. 2024, arXiv:2308.00783),
                # squared: in a crowd it tells those who stand nearer from those behind them.
                alike = 1.0 - height_weight * (1.0 - overlap_y / (h + high - overlap_y))
                similarity *= alike * alike
            if heading > 0.0:
                similarity += heading * _momentum(track, measurement)
            if similarity > reach.gate:
                pairs.columns[found] = column
                pairs.scores[found] = (similarity - reach.gate) * claim
                found += 1
    pairs.starts[len(tracks)] = found


@compiled
def _by_left_of(detections: Indices, by_left: Indices) -> Indices:
    """Positions in `detections`, by the left edges of those.

    Args:
        detections: `D` of `N` detections.
        by_left: Shape `(N,)`: all detections by their left edges.
    """
    position_of = np.full(len(by_left), -1)
    for position in range(len(detections)):
        position_of[detections[position]] = position
    order = np.empty(len(detections), np.int64)
    count = 0
    for j in by_left:
        if position_of[j] >= 0:
            order[count] = position_of[j]
            count += 1
    return order


@compiled
def _first_above(values: Vector, bound: float) -> int:
    """Index of the first of rising values that is above a bound, found without branches."""
    first, left = 0, len(values)
    while left > 0:
        half = (left + 1) // 2
        first += half * (values[first + half - 1] <= bound)
        left -= half
    return first


@compiled
def _momentum(track: Track, measurement: Measurement) -> float:
    """Velocity along the way from a track's last detection to this one, px/s; less for short ways.

    Observation-centric momentum (Cao et al. 2023, OC-SORT, arXiv:2203.14360).
    """
    dx = measurement.x - track.last_x
    dy = measurement.y - track.last_y
    length = math.sqrt(dx * dx + dy * dy)
    return float((dx * track.vx + dy * track.vy) / (length + _STANDING * track.h))


@compiled
def is_duplicate(
    tracks: Table[Track], count: int, measurement: Measurement, params: Parameters
) -> bool:
    """Whether a detection is a second box of a person seen in this frame.

    It is one if its overlap (IoU) with a track seen in this frame is above `birth_iou`, or if more
    than `birth_cover` of it lies in that track's box, as the box of a head and shoulders does.
    """
    w, h = measurement.w, measurement.h
    for i in range(count):
        track = tracks[i]
        if not track.observed:
            continue
        overlap_x = min((track.w + w) * 0.5 - abs(measurement.x - track.x), track.w, w)
        overlap_y = min((track.h + h) * 0.5 - abs(measurement.y - track.y), track.h, h)
        if overlap_x <= 0.0 or overlap_y <= 0.0:
            continue
        intersection = overlap_x * overlap_y
        union = track.w * track.h + w * h - intersection
        if intersection > params.birth_iou * union or intersection > params.birth_cover * w * h:
            return True
    return False


@compiled
def hidden_share(tracks: Table[Track], count: int, measurement: Measurement) -> float:
    """Largest share of a detection that a person seen in this frame, who stands nearer, covers.

    Nearer is whose feet are lower in the picture.
    """
    w, h = measurement.w, measurement.h
    foot = measurement.y + h * 0.5
    share = 0.0
    for i in range(count):
        track = tracks[i]
        if not track.observed or track.y + track.h * 0.5 <= foot:
            continue
        overlap_x = min((track.w + w) * 0.5 - abs(measurement.x - track.x), track.w, w)
        overlap_y = min((track.h + h) * 0.5 - abs(measurement.y - track.y), track.h, h)
        if overlap_x > 0.0 and overlap_y > 0.0:
            share = max(share, overlap_x * overlap_y / (w * h))
    return share
