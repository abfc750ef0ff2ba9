"""Births beside and behind other people, and tracks that coast where a frame does not show them."""

from typing import Any

import numpy as np
import pytest

from streams.domain.settings import MovingTrackerSettings, TrackerSettings
from streams.domain.tracking.arrays import advance_boxes
from streams.domain.tracking.parameters import parameters_of
from streams.domain.tracking.state import TrackerState
from streams.domain.tracking.tables import TRACK_UPDATE, TrackState
from tests.support.builders.domain import MS, T0

Box = list[float]
FPS = 10


def person(x: float, foot: float = 400.0, height: float = 100.0, score: float = 0.9) -> Box:
    """A box whose feet stand at `(x, foot)`, 0.4 times as wide as high."""
    return [x - 0.2 * height, foot - height, x + 0.2 * height, foot, score]


def states(frames: list[list[Box]], settings: TrackerSettings) -> list[list[tuple[int, str]]]:
    """Id and state of every track after each frame."""
    state, found = TrackerState(), []
    for number, boxes in enumerate(frames):
        out: Any = np.empty(0, TRACK_UPDATE)
        given = np.array(boxes, dtype=np.float64).reshape(-1, 5)
        at_us = T0 + number * 1000 * MS // FPS
        out = advance_boxes(state, at_us, given, parameters_of(settings))
        found.append([(int(t["track_id"]), TrackState(t["state"]).name) for t in out])
    return found


def confirmed(frames: list[list[Box]], settings: TrackerSettings) -> list[int]:
    """Tracks that are confirmed after the last frame."""
    return [number for number, state in states(frames, settings)[-1] if state == "CONFIRMED"]


NEARER = person(100.0, foot=420.0)
BEHIND = person(127.0, foot=400.0, height=95.0, score=0.45)


def test_a_person_half_hidden_starts_a_track_at_a_low_score() -> None:
    """The one in front covers a third of the other, whose box scores less for it."""
    assert confirmed([[NEARER, BEHIND]] * 8, TrackerSettings()) == [1, 2]


@pytest.mark.parametrize(("score", "found"), [(0.2, [1, 2]), (0.12, [1])])
def test_a_person_mostly_hidden_starts_a_track_at_a_score_of_one_fifth(
    score: float, found: list[int]
) -> None:
    covered = person(116.0, foot=400.0, height=95.0, score=score)

    assert confirmed([[NEARER, covered]] * 8, TrackerSettings()) == found


def test_the_same_score_in_the_open_starts_no_track() -> None:
    alone = person(300.0, foot=400.0, height=95.0, score=0.45)

    assert confirmed([[NEARER, alone]] * 8, TrackerSettings()) == [1]


def test_who_stands_nearer_is_not_hidden_by_the_one_behind() -> None:
    before = person(127.0, foot=440.0, height=95.0, score=0.45)

    assert confirmed([[NEARER, before]] * 8, TrackerSettings()) == [1]


def test_before_a_moving_camera_nobody_half_hidden_starts_a_track() -> None:
    assert confirmed([[NEARER, BEHIND]] * 8, MovingTrackerSettings()) == [1]


def test_a_track_of_low_scores_needs_more_of_them() -> None:
    settings = TrackerSettings(birth_score=0.3, confirm_evidence=1.0)
    faint = [person(300.0, score=0.35)]

    assert confirmed([faint] * 2, settings) == []
    assert confirmed([faint] * 3, settings) == [1]


STEADY = [[person(100.0)]] * 12
FLICKER = [[person(100.0)], [person(100.0)], [], []] * 3 + [[person(100.0)]]


def test_who_was_seen_steadily_coasts_for_three_tenths_of_a_second() -> None:
    after = [row[0][1] for row in states([*STEADY, *[[]] * 5], TrackerSettings())[12:]]

    assert after == ["CONFIRMED", "CONFIRMED", "CONFIRMED", "LOST", "LOST"]


def test_who_flickers_is_lost_at_once() -> None:
    before, after = states([*FLICKER, []], TrackerSettings())[-2:]

    assert (before, after) == ([(1, "CONFIRMED")], [(1, "LOST")])


@pytest.mark.parametrize("frames", [STEADY, FLICKER])
def test_before_a_moving_camera_no_track_coasts(frames: list[list[Box]]) -> None:
    assert states([*frames, []], MovingTrackerSettings())[-1] == [(1, "LOST")]


def test_who_coasts_is_the_same_track_when_seen_again() -> None:
    assert confirmed([*STEADY, [], [], [person(100.0)]], TrackerSettings()) == [1]
