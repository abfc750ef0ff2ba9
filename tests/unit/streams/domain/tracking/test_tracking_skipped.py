"""Frames in which no people were looked for: skipped, failed, and the camera's silence."""

from typing import Final

import numpy as np
import pytest

from streams.domain.settings import MovingTrackerSettings, TrackerSettings
from streams.domain.tracking.arrays import advance_boxes
from streams.domain.tracking.parameters import parameters_of
from streams.domain.tracking.state import TrackerState
from streams.domain.tracking.tables import TrackState
from tests.support.builders.domain import MS, T0

Box = list[float]
Frame = list[Box] | None

SKIPPED: Final = None
NOBODY: Final[list[Box]] = []


def person(x: float) -> Box:
    """A box of 40 x 100 px whose middle is at `x`."""
    return [x - 20.0, 300.0, x + 20.0, 400.0, 0.9]


def fold(
    frames: list[Frame], settings: TrackerSettings, state: TrackerState, *, silent: bool = False
) -> list[str]:
    """State of the only track after each frame at 10 frames a second; empty where there is none."""
    found = []
    for boxes in frames:
        given = None if boxes is None else np.array(boxes, dtype=np.float64).reshape(-1, 5)
        at_us = max(state.as_of_us, T0 - 100 * MS) + 100 * MS
        out = advance_boxes(state, at_us, given, parameters_of(settings), silent=silent)
        found.append(", ".join(TrackState(track["state"]).name for track in out))
    return found


def seen(state: TrackerState, every: int, settings: TrackerSettings) -> None:
    """Five seconds of a person who stands still, with detection in each n-th frame."""
    frames: list[Frame] = [[person(100.0)] if k % every == 0 else SKIPPED for k in range(49)]
    fold(frames, settings, state)


@pytest.mark.parametrize("every", [1, 2, 3, 4])
def test_how_steadily_a_track_is_seen_is_a_share_of_the_frames_with_detection(every: int) -> None:
    state = TrackerState()

    seen(state, every, TrackerSettings())

    assert state.tracks["presence"][0] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_steady_track_coasts_however_many_frames_are_skipped(every: int) -> None:
    settings = TrackerSettings(lost_after_s=0.7)
    state = TrackerState()
    seen(state, every, settings)

    assert fold([*[SKIPPED] * (every - 1), NOBODY], settings, state)[-1] == "CONFIRMED"


def test_a_frame_that_is_skipped_or_silent_leaves_the_next_match_as_it_is() -> None:
    """Who was seen when people were last looked for yields nothing, and no path is bent."""
    for silent in (False, True):
        plain, skipping = TrackerState(), TrackerState()
        for settings in (TrackerSettings(unseen_yield=1.0), MovingTrackerSettings()):
            for state in (plain, skipping):
                seen(state, 1, settings)
            at_us = plain.as_of_us
            for off_ms in (30, 60) if silent else (50,):
                parameters = parameters_of(settings)
                advance_boxes(skipping, at_us + off_ms * MS, None, parameters, silent=silent)
            for state in (plain, skipping):
                advance_boxes(state, at_us + 100 * MS, np.array([person(104.0)]), parameters)
            assert skipping.tracks["presence"][0] == plain.tracks["presence"][0]
            assert skipping.tracks["x"][0] == pytest.approx(plain.tracks["x"][0], abs=0.05)


def test_nobody_is_lost_in_frames_that_were_only_skipped() -> None:
    state = TrackerState()
    seen(state, 1, TrackerSettings())

    states = fold([SKIPPED] * 21, TrackerSettings(), state)

    assert states == [*["CONFIRMED"] * 20, "ENDED"]


def test_after_skipped_frames_the_first_one_without_the_person_is_what_loses_them() -> None:
    state = TrackerState()
    seen(state, 1, TrackerSettings())

    states = fold([*[SKIPPED] * 6, NOBODY], TrackerSettings(), state)

    assert states == [*["CONFIRMED"] * 6, "LOST"]


def test_who_stands_there_after_skipped_frames_was_never_lost() -> None:
    state = TrackerState()
    seen(state, 1, TrackerSettings())

    states = fold([*[SKIPPED] * 6, [person(100.0)]], TrackerSettings(), state)

    assert states == ["CONFIRMED"] * 7


def test_a_camera_that_is_silent_loses_its_tracks_as_time_passes() -> None:
    state = TrackerState()
    seen(state, 1, TrackerSettings())

    states = fold([None] * 21, TrackerSettings(), state, silent=True)

    assert states == [*["CONFIRMED"] * 3, *["LOST"] * 17, "ENDED"]
