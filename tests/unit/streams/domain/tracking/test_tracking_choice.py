"""Which of two tracks gets a box, and how far away a lost person may come back."""

from typing import Any

import numpy as np
import pytest

from streams.domain.settings import TrackerSettings
from streams.domain.tracking.arrays import advance_boxes
from streams.domain.tracking.parameters import parameters_of
from streams.domain.tracking.state import TrackerState
from streams.domain.tracking.tables import TRACK_UPDATE
from tests.support.builders.domain import MS, T0


def person(x: float) -> list[float]:
    """A box of 40 x 100 px whose middle is at `x`."""
    return [x - 20.0, 300.0, x + 20.0, 400.0, 0.9]


def seen_last(frames: Any, settings: TrackerSettings) -> list[int]:
    """Ids of the tracks that the last frame shows."""
    state, out = TrackerState(), np.empty(0, TRACK_UPDATE)
    for number, people in enumerate(frames):
        boxes = np.array([person(x) for x in people]).reshape(-1, 5)
        out = advance_boxes(state, T0 + number * 100 * MS, boxes, parameters_of(settings))
    return [int(row["track_id"]) for row in out if row["observed"]]


@pytest.mark.parametrize(
    ("unseen_yield", "winner"), [pytest.param(0.0, 2, id="none"), pytest.param(0.3, 1, id="some")]
)
def test_who_was_hidden_leaves_the_box_to_who_was_seen(unseen_yield: float, winner: int) -> None:
    """One box between two people side by side, a little nearer to the hidden one."""
    frames = [[100.0, 130.0]] * 10 + [[100.0]] * 2 + [[115.7]]

    assert seen_last(frames, TrackerSettings(unseen_yield=unseen_yield)) == [winner]


def test_two_boxes_go_to_two_tracks_whichever_was_hidden() -> None:
    frames = [[100.0, 130.0]] * 10 + [[100.0]] * 2 + [[102.0, 128.0]]

    assert seen_last(frames, TrackerSettings()) == [1, 2]


@pytest.mark.parametrize(
    ("growth", "track_id"), [pytest.param(0.0, 2, id="none"), pytest.param(1.0, 1, id="some")]
)
def test_who_was_hidden_longer_is_found_further_away(growth: float, track_id: int) -> None:
    frames = [[300.0]] * 10 + [[]] * 9 + [[355.0]]

    assert seen_last(frames, TrackerSettings(rescue_growth=growth)) == [track_id]


def test_a_track_takes_no_box_that_is_far_away_in_the_next_frame() -> None:
    assert seen_last([[300.0]] * 10 + [[355.0]], TrackerSettings()) == [2]
