import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.association import associate
from streams.domain.geometry import iou

boxes = st.lists(
    st.builds(
        lambda x, y, w, h: (float(x), float(y), float(x + w), float(y + h)),
        st.integers(0, 40),
        st.integers(0, 20),
        st.integers(10, 30),
        st.integers(10, 30),
    ),
    max_size=5,
)


def best_sum(tracks: Any, detections: Any, gate: Any) -> Any:
    """Greatest sum of overlaps beyond the gate, by trying every assignment."""
    columns = [*range(len(detections)), *[None] * len(tracks)]
    return max(
        sum(
            max(0.0, iou(tracks[row], detections[column]) - gate)
            for row, column in enumerate(chosen)
            if column is not None
        )
        for chosen in itertools.permutations(columns, len(tracks))
    )


@settings(deadline=None, max_examples=60)
@given(tracks=boxes, detections=boxes.filter(lambda found: len(found) < 5))
def test_the_sum_of_overlaps_beyond_the_gate_is_the_greatest(tracks: Any, detections: Any) -> None:
    found = associate(tracks, detections, 0.2)

    overlaps = [iou(tracks[row], detections[column]) for row, column in found.pairs]
    assert all(overlap > 0.2 for overlap in overlaps)
    assert sum(overlap - 0.2 for overlap in overlaps) == pytest.approx(
        best_sum(tracks, detections, 0.2)
    )
    rows = [row for row, _ in found.pairs]
    columns = [column for _, column in found.pairs]
    assert sorted(rows + found.tracks) == list(range(len(tracks)))
    assert sorted(columns + found.detections) == list(range(len(detections)))


def test_a_pair_at_the_gate_is_not_made() -> None:
    found = associate([(0.0, 0.0, 4.0, 4.0)], [(1.0, 1.0, 3.0, 3.0)], 0.25)

    assert found == ([], [0], [0])


def test_one_good_pair_is_not_given_up_for_two_poor_ones() -> None:
    tracks = [(0.0, 0.0, 10.0, 10.0), (6.0, 0.0, 16.0, 10.0)]
    detections = [(0.0, 0.0, 10.0, 10.0), (-6.5, 0.0, 3.5, 10.0)]

    assert associate(tracks, detections, 0.2).pairs == [(0, 0)]


def test_of_equal_choices_the_same_is_taken_every_time() -> None:
    twin = (0.0, 0.0, 10.0, 10.0)

    first = associate([twin, twin], [twin, twin], 0.2)

    assert first.pairs == [(0, 0), (1, 1)]
    assert all(associate([twin, twin], [twin, twin], 0.2) == first for _ in range(20))
