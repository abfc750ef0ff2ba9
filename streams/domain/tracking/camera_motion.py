"""Movement that all boxes of a frame share: the camera's own, not the people's.

A shaken or turned camera moves every box alike, and the filter of one box cannot know it. Where
camera motion compensation (BoT-SORT, Aharon et al. 2022, arXiv:2206.14651) looks at pixels, this
looks at boxes alone: predictions and detections that are each other's best in a wide reach are
paired, and the median of their innovations (what the detections are off by) is what they share.

Before a fixed camera that median is noise, so how much of it is taken follows from how alike the
boxes' errors have lately been. Their likeness is the intraclass correlation `r`, the part of the
errors' energy that is common to all boxes of a frame (Fisher 1925): 0 for errors of their own, 1
when all boxes are off by the same. Of a mean over `n` errors, `n r / (1 + (n - 1) r)` is common
(Spearman 1910; Brown 1910), and that share of the median is taken: nothing before a fixed camera,
nearly everything in the very frame of a jolt, whose energy drowns what was before.
"""

import math
from typing import Final

import numpy as np

from streams.domain.tracking.assignment import NOBODY, Pairs, room_for_pairs
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.similarity import Frame, Reach, compare
from streams.domain.tracking.tables import Summary, TrackState
from streams.domain.tracking.types import Indices

_US: Final = 1_000_000.0
_MIN_SIMILARITY: Final = 0.1
_MAX_TRACKS: Final = 16
"""So many tracks are asked at most, the oldest: more change no median and take time."""
_MAX_ERROR: Final = 0.2
"""An error counts for no more than this many heights: it may be of a wrong pair."""
_BY_CHANCE: Final = 0.02
"""Likeness that people before a fixed camera have: some walk together."""


@compiled
def follow_camera(summary: Summary, frame: Frame, known: int, high: Indices) -> None:
    """Move all predictions by what the recent ones have in common.

    Args:
        summary: Of the state; what is known of the camera is brought up to date.
        frame: The frame; its tracks are moved.
        known: Number of live tracks.
        high: Detections of high score.
    """
    tracks, measurements = frame.tracks, frame.measurements
    recent = np.empty(_MAX_TRACKS, np.int64)
    count = 0
    for i in range(known):
        seen = tracks[i].state == TrackState.CONFIRMED and tracks[i].last_seen_us >= frame.before_us
        if seen and count < _MAX_TRACKS:
            recent[count] = i
            count += 1
    if count < 2 or len(high) < 2:
        return
    pairs = room_for_pairs(count, len(high))
    reach = Reach(frame.params.camera_buffer, 0.0, _MIN_SIMILARITY, 0.0)
    compare(frame, recent[:count], high, reach, pairs)
    mutual = np.empty(count, np.int64)
    _match_mutually(pairs, len(high), mutual)
    innovation_x = np.empty(count)
    innovation_y = np.empty(count)
    matched = 0
    sum_x, sum_y, energy = 0.0, 0.0, 0.0
    for row in range(count):
        if mutual[row] == NOBODY:
            continue
        track, measurement = tracks[recent[row]], measurements[high[mutual[row]]]
        dx, dy = measurement.x - track.x, measurement.y - track.y
        innovation_x[matched] = dx
        innovation_y[matched] = dy
        unit = max(track.h, math.sqrt(dx * dx + dy * dy) / _MAX_ERROR)
        x, y = dx / unit, dy / unit
        sum_x += x
        sum_y += y
        energy += x * x + y * y
        matched += 1
    if matched < 2:
        return
    share = _share(summary, frame, matched, sum_x * sum_x + sum_y * sum_y, energy)
    if share <= 0.0:
        return
    x = share * np.median(innovation_x[:matched])
    y = share * np.median(innovation_y[:matched])
    for i in range(known):
        track = tracks[i]
        track.x += x
        track.y += y
        track.last_x += x
        track.last_y += y


@compiled
def _share(summary: Summary, frame: Frame, n: int, square_of_sum: float, energy: float) -> float:
    """Part of the median innovation that is taken for the camera's movement, 0 to 1.

    Args:
        summary: Of the state; its running sums of what is common and of all energy are kept up.
        frame: The frame.
        n: Number of innovations.
        square_of_sum: Square of the length of their sum, heights^2.
        energy: Sum of their squared lengths, heights^2.
    """
    # |sum|^2 - energy is the sum of products of different errors: what pairs of them share.
    common = (square_of_sum - energy) / (n - 1.0)
    elapsed_s = (frame.at_us - frame.before_us) / _US
    fading = 1.0 / (1.0 + elapsed_s / frame.params.camera_memory_s)
    summary.camera_common = fading * summary.camera_common + common
    summary.camera_energy = fading * summary.camera_energy + energy
    if summary.camera_common <= _BY_CHANCE * summary.camera_energy:
        return 0.0
    r = summary.camera_common / summary.camera_energy
    r = (r - _BY_CHANCE) / (1.0 - _BY_CHANCE)
    return float(frame.params.camera_share * n * r / (1.0 + (n - 1.0) * r))


@compiled
def _match_mutually(pairs: Pairs, width: int, matches: Indices) -> None:
    """Find rows and columns that are each other's best.

    Args:
        pairs: The candidates.
        width: Number of columns.
        matches: Shape `(N,)`, filled: the column, the lowest of equals; `NOBODY` for none.
    """
    starts, columns, scores = pairs
    best_of_column = np.zeros(width)
    for pair in range(starts[len(matches)]):
        best_of_column[columns[pair]] = max(best_of_column[columns[pair]], scores[pair])
    for row in range(len(matches)):
        best, column = 0.0, NOBODY
        for pair in range(starts[row], starts[row + 1]):
            if scores[pair] > best or (scores[pair] == best and columns[pair] < column):
                best, column = scores[pair], columns[pair]
        mutual = column != NOBODY and best == best_of_column[column]
        matches[row] = column if mutual else NOBODY
