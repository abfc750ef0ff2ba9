"""The scores of `models.evaluation.tracking`, fast enough for tuning: one compiled pass.

Equal to TrackEval's (a test shows it): the same matching, with a port of the assignment solver
that both use (Crouse, 2016), so that ties fall alike.
"""

from dataclasses import dataclass, fields

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from models.datasets.motchallenge import BoxTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EPS = float(np.finfo(np.float64).eps)
_LEVELS = np.arange(0.05, 0.99, 0.05)


@dataclass(frozen=True, slots=True)
class Counts:
    """What the scores of one sequence are made of; sums over sequences give pooled scores.

    Attributes:
        found: Boxes matched at each of the 19 overlaps of HOTA.
        in_common: `found * AssA` at each of them.
        truth_boxes: Boxes of people.
        track_boxes: Boxes of tracks.
        idtp: Boxes of the best one-to-one pairing of people and tracks.
        matched: Boxes matched at an overlap of 0.5 (CLEAR MOT).
        switches: Of identity.
        fragments: Times that a person was found again.
    """

    found: list[float]
    in_common: list[float]
    truth_boxes: float
    track_boxes: float
    idtp: float
    matched: float
    switches: float
    fragments: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares of 1, and counts, as `models.evaluation.tracking.TrackScores`."""

    hota: float
    deta: float
    assa: float
    idf1: float
    mota: float
    recall: float
    id_switches: float
    fragments: float


@dataclass(frozen=True, slots=True)
class Truth:
    """Ground truth or results, prepared once: sorted by frame, ids counted from 0."""

    frames: Ints
    ids: Ints
    boxes: Floats
    per_id: Ints

    @classmethod
    def of(cls, table: BoxTable) -> "Truth":
        """Prepare a table."""
        _, ids, counts = np.unique(table.ids, return_inverse=True, return_counts=True)
        return cls(table.frames, ids.astype(np.int64), table.boxes, counts.astype(np.int64))


def count(truth: Truth, results: BoxTable, *, on_floor: bool = False) -> Counts:
    """Compare results with the truth of one sequence.

    Args:
        truth: The people.
        results: The tracks.
        on_floor: Both are floor points (x, y in metres first), alike by `1 - distance / 1 m`.
    """
    tracks = Truth.of(results)
    found, in_common, together, matched, switches, fragments = _count(
        truth.frames,
        truth.ids,
        truth.boxes,
        truth.per_id,
        tracks.frames,
        tracks.ids,
        tracks.boxes,
        tracks.per_id,
        _LEVELS,
        on_floor,
    )
    rows, columns = linear_sum_assignment(together, maximize=True)
    return Counts(
        found.tolist(),
        in_common.tolist(),
        len(truth.frames),
        len(tracks.frames),
        float(together[rows, columns].sum()),
        int(matched),
        int(switches),
        int(fragments),
    )


def average(counts: list[Counts]) -> Counts:
    """Draws of one sequence as one: the mean of each count."""
    return Counts(
        *(
            np.mean([getattr(one, field.name) for one in counts], axis=0).tolist()
            for field in fields(Counts)
        )
    )


def pool(counts: list[Counts]) -> Scores:
    """Scores over one or several sequences, as TrackEval combines them."""
    found = np.sum([part.found for part in counts], axis=0)
    in_common = np.sum([part.in_common for part in counts], axis=0)
    truth = sum(part.truth_boxes for part in counts)
    tracks = sum(part.track_boxes for part in counts)
    matched = sum(part.matched for part in counts)
    switches = sum(part.switches for part in counts)
    deta = found / np.maximum(1.0, truth + tracks - found)
    assa = in_common / np.maximum(1.0, found)
    return Scores(
        hota=float(np.sqrt(deta * assa).mean()),
        deta=float(deta.mean()),
        assa=float(assa.mean()),
        idf1=2 * sum(part.idtp for part in counts) / max(1, truth + tracks),
        mota=(matched - (tracks - matched) - switches) / max(1, truth),
        recall=matched / max(1, truth),
        id_switches=switches,
        fragments=sum(part.fragments for part in counts),
    )


@njit(cache=True)
def _assign(weights: Floats) -> Ints:  # noqa: PLR0912 - one algorithm
    """Assignment of greatest sum: column of each row, -1 for none (Crouse, 2016)."""
    swapped = weights.shape[1] < weights.shape[0]
    cost = -weights.T.copy() if swapped else -weights
    n_rows, n_columns = cost.shape
    u, v = np.zeros(n_rows), np.zeros(n_columns)
    shortest = np.empty(n_columns)
    path = np.full(n_columns, -1)
    column_of = np.full(n_rows, -1)
    row_of = np.full(n_columns, -1)
    seen_row, seen_column = np.zeros(n_rows, np.bool_), np.zeros(n_columns, np.bool_)
    remaining = np.empty(n_columns, np.int64)
    for start in range(n_rows):
        least = 0.0
        left = n_columns
        for it in range(n_columns):
            remaining[it] = n_columns - it - 1
        seen_row[:] = False
        seen_column[:] = False
        shortest[:] = np.inf
        sink = -1
        row = start
        while sink == -1:
            index = -1
            lowest = np.inf
            seen_row[row] = True
            for it in range(left):
                column = remaining[it]
                reduced = least + cost[row, column] - u[row] - v[column]
                if reduced < shortest[column]:
                    path[column] = row
                    shortest[column] = reduced
                if shortest[column] < lowest or (
                    shortest[column] == lowest and row_of[column] == -1
                ):
                    lowest = shortest[column]
                    index = it
            least = lowest
            column = remaining[index]
            if row_of[column] == -1:
                sink = column
            else:
                row = row_of[column]
            seen_column[column] = True
            left -= 1
            remaining[index] = remaining[left]
        u[start] += least
        for row in range(n_rows):
            if seen_row[row] and row != start:
                u[row] += least - shortest[column_of[row]]
        for column in range(n_columns):
            if seen_column[column]:
                v[column] -= least - shortest[column]
        column = sink
        while True:
            row = path[column]
            row_of[column] = row
            column, column_of[row] = column_of[row], column
            if row == start:
                break
    return row_of if swapped else column_of


@njit(cache=True)
def _overlaps(first: Floats, second: Floats) -> Floats:
    result = np.zeros((len(first), len(second)))
    for i in range(len(first)):
        for j in range(len(second)):
            width = min(first[i, 2], second[j, 2]) - max(first[i, 0], second[j, 0])
            height = min(first[i, 3], second[j, 3]) - max(first[i, 1], second[j, 1])
            if width > 0 and height > 0:
                common = width * height
                first_area = (first[i, 2] - first[i, 0]) * (first[i, 3] - first[i, 1])
                second_area = (second[j, 2] - second[j, 0]) * (second[j, 3] - second[j, 1])
                result[i, j] = common / (first_area + second_area - common)
    return result


@njit(cache=True)
def _nearness(first: Floats, second: Floats) -> Floats:
    result = np.zeros((len(first), len(second)))
    for i in range(len(first)):
        for j in range(len(second)):
            distance = np.hypot(first[i, 0] - second[j, 0], first[i, 1] - second[j, 1])
            result[i, j] = max(0.0, 1.0 - distance)
    return result


@njit(cache=True)
def _count(  # noqa: PLR0912 - three passes over the same frames
    truth_frames: Ints,
    truth_ids: Ints,
    truth_boxes: Floats,
    truth_counts: Ints,
    track_frames: Ints,
    track_ids: Ints,
    track_boxes: Floats,
    track_counts: Ints,
    levels: Floats,
    on_floor: bool,
) -> tuple[Floats, Floats, Floats, int, int, int]:
    people, tracks = len(truth_counts), len(track_counts)
    fit = np.zeros((people, tracks))
    together = np.zeros((people, tracks))
    last_track = np.full(people, -1)
    track_before = np.full(people, -1)
    times_found = np.zeros(people, np.int64)
    matched, switches = 0, 0
    for second_pass in range(2):
        if second_pass == 1:
            for p in range(people):
                for t in range(tracks):
                    fit[p, t] /= truth_counts[p] + track_counts[t] - fit[p, t]
            matches = np.zeros((len(levels), people, tracks))
        a, b = 0, 0
        while a < len(truth_frames) and b < len(track_frames):
            if truth_frames[a] < track_frames[b]:
                a += 1
                continue
            if track_frames[b] < truth_frames[a]:
                b += 1
                continue
            frame = truth_frames[a]
            a_end, b_end = a, b
            while a_end < len(truth_frames) and truth_frames[a_end] == frame:
                a_end += 1
            while b_end < len(track_frames) and track_frames[b_end] == frame:
                b_end += 1
            if on_floor:
                overlaps = _nearness(truth_boxes[a:a_end], track_boxes[b:b_end])
            else:
                overlaps = _overlaps(truth_boxes[a:a_end], track_boxes[b:b_end])
            n, m = overlaps.shape
            if second_pass == 0:
                of_track = overlaps.sum(axis=0)
                of_person = overlaps.sum(axis=1)
                weights = np.zeros((n, m))
                for i in range(n):
                    person = truth_ids[a + i]
                    for j in range(m):
                        track = track_ids[b + j]
                        either = of_track[j] + of_person[i] - overlaps[i, j]
                        if either > _EPS:
                            fit[person, track] += overlaps[i, j] / either
                        if overlaps[i, j] >= 0.5:
                            together[person, track] += 1
                        if overlaps[i, j] >= 0.5 - _EPS:
                            weights[i, j] = overlaps[i, j]
                            if track_before[person] == track:
                                weights[i, j] += 1000.0
                chosen = _assign(weights)
                now = np.full(people, -1)
                for i in range(n):
                    j = chosen[i]
                    if j >= 0 and weights[i, j] > _EPS:
                        person, track = truth_ids[a + i], track_ids[b + j]
                        if last_track[person] != -1 and last_track[person] != track:
                            switches += 1
                        if track_before[person] == -1:
                            times_found[person] += 1
                        last_track[person] = track
                        now[person] = track
                        matched += 1
                track_before = now
            else:
                weights = np.empty((n, m))
                for i in range(n):
                    for j in range(m):
                        weights[i, j] = overlaps[i, j] * fit[truth_ids[a + i], track_ids[b + j]]
                chosen = _assign(weights)
                for i in range(n):
                    j = chosen[i]
                    if j >= 0:
                        for level in range(len(levels)):
                            if overlaps[i, j] >= levels[level] - _EPS:
                                matches[level, truth_ids[a + i], track_ids[b + j]] += 1
            a, b = a_end, b_end
    found = np.zeros(len(levels))
    in_common = np.zeros(len(levels))
    for level in range(len(levels)):
        for p in range(people):
            for t in range(tracks):
                pair = matches[level, p, t]
                if pair > 0:
                    found[level] += pair
                    in_common[level] += pair * pair / (truth_counts[p] + track_counts[t] - pair)
    fragments = 0
    for p in range(people):
        fragments += max(0, times_found[p] - 1)
    return found, in_common, together, matched, switches, fragments
