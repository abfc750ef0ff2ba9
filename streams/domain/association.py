"""Which detection belongs to which track: overlap above a gate, assigned for the best sum.

Pairs below the gate are never made. Among the others the sum of overlaps beyond the gate is
greatest, as with a cost limit in ByteTrack, so that one good pair is not given up for two poor
ones. Pairs that compete with no other are made at once; only knots go to the assignment solver.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from streams.domain.geometry import Box, iou


class Association(NamedTuple):
    """Outcome of one assignment.

    Attributes:
        pairs: `(track index, detection index)`, by track index.
        tracks: Unmatched track indices, rising.
        detections: Unmatched detection indices, rising.
    """

    pairs: list[tuple[int, int]]
    tracks: list[int]
    detections: list[int]


def associate(tracks: Sequence[Box], detections: Sequence[Box], min_iou: float) -> Association:
    """Assign detections to predicted boxes.

    The order of both decides ties, so the caller brings them into an order of their own.

    Args:
        tracks: `N` predicted boxes.
        detections: `M` detected boxes.
        min_iou: Gate: a pair overlaps by more than this, 0 to 1.

    Returns:
        Every index of either side exactly once.
    """
    worth = _worth(tracks, detections, min_iou)
    pairs: list[tuple[int, int]] = []
    for rows, columns in _knots(worth, len(tracks), len(detections)):
        if len(rows) == 1 and len(columns) == 1:
            pairs.append((rows[0], columns[0]))
            continue
        matrix = np.array(
            [[worth[row].get(column, 0.0) for column in columns] for row in rows], dtype=np.float64
        )
        chosen_rows, chosen_columns = linear_sum_assignment(matrix, maximize=True)
        pairs.extend(
            (rows[row], columns[column])
            for row, column in zip(chosen_rows.tolist(), chosen_columns.tolist(), strict=True)
            if columns[column] in worth[rows[row]]
        )
    pairs.sort()
    taken_tracks = {pair[0] for pair in pairs}
    taken_detections = {pair[1] for pair in pairs}
    return Association(
        pairs,
        [index for index in range(len(tracks)) if index not in taken_tracks],
        [index for index in range(len(detections)) if index not in taken_detections],
    )


def _worth(
    tracks: Sequence[Box], detections: Sequence[Box], min_iou: float
) -> list[dict[int, float]]:
    """Overlap beyond the gate of every admissible pair, by track, then detection."""
    worth: list[dict[int, float]] = []
    for track in tracks:
        x_min, y_min, x_max, y_max = track
        row: dict[int, float] = {}
        for index, detection in enumerate(detections):
            # Most pairs lie apart: two comparisons are cheaper than a call.
            if detection[0] < x_max and detection[2] > x_min:
                if detection[1] >= y_max or detection[3] <= y_min:
                    continue
                overlap = iou(track, detection)
                if overlap > min_iou:
                    row[index] = overlap - min_iou
        worth.append(row)
    return worth


def _knots(
    worth: Sequence[dict[int, float]], tracks: int, detections: int
) -> list[tuple[list[int], list[int]]]:
    """Split the admissible pairs into connected groups of tracks and detections."""
    owners: list[list[int]] = [[] for _ in range(detections)]
    for row in range(tracks):
        for column in worth[row]:
            owners[column].append(row)
    knots: list[tuple[list[int], list[int]]] = []
    seen_rows = [False] * tracks
    seen_columns = [False] * detections
    for start in range(tracks):
        if seen_rows[start] or not worth[start]:
            continue
        seen_rows[start] = True
        rows, columns, waiting = [start], [], [start]
        while waiting:
            for column in worth[waiting.pop()]:
                if seen_columns[column]:
                    continue
                seen_columns[column] = True
                columns.append(column)
                for row in owners[column]:
                    if not seen_rows[row]:
                        seen_rows[row] = True
                        rows.append(row)
                        waiting.append(row)
        knots.append((sorted(rows), sorted(columns)))
    return knots
