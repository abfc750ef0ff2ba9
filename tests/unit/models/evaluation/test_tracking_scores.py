"""HOTA, CLEAR MOT and identity scores on tracks that can be counted by hand."""

import numpy as np
import pytest

from models.datasets.motchallenge import BoxTable, table
from models.evaluation.records import detections_table, tracks_table
from models.evaluation.tracking import evaluate_tracks
from schemas.records.frames import Detection
from schemas.records.tracks import Track, TrackState


def walk(rows: list[tuple[int, int, int]]) -> BoxTable:
    """Boxes of `(frame, id, lane)`; different lanes do not touch."""
    frames, ids, lanes = np.array(rows, dtype=int).reshape(-1, 3).T
    corners = np.column_stack([lanes * 50, frames, lanes * 50 + 20, frames + 40])
    return table(frames, ids, corners, np.ones(len(rows)))


ONE_PERSON = walk([(frame, 1, 0) for frame in range(1, 11)])


def test_true_tracks_score_one_whatever_their_ids() -> None:
    truth = walk([(frame, person, person) for frame in range(1, 11) for person in (1, 2)])
    named_anew = walk([(f, 70 + lane, lane) for f in range(1, 11) for lane in (1, 2)])

    scores = evaluate_tracks(truth, named_anew)

    assert scores.hota == scores.idf1 == scores.mota == pytest.approx(1)
    assert (scores.id_switches, scores.fragments, scores.mostly_tracked) == (0, 0, 2)


def test_a_track_that_changes_its_id_half_way() -> None:
    changed = walk([(frame, 1 if frame <= 5 else 2, 0) for frame in range(1, 11)])

    scores = evaluate_tracks(ONE_PERSON, changed)

    assert scores.id_switches == 1
    assert scores.fragments == 0
    assert scores.mota == pytest.approx(0.9)
    assert scores.idf1 == pytest.approx(0.5)
    assert scores.deta == pytest.approx(1)
    assert scores.assa == pytest.approx(0.5)
    assert scores.hota == pytest.approx(0.5**0.5)


def test_a_person_lost_for_a_while_is_a_fragment_and_no_switch() -> None:
    lost = walk([(frame, 1, 0) for frame in (1, 2, 3, 4, 8, 9, 10)])
    others = [(frame, 2, 3) for frame in range(1, 11)]
    truth = walk([*((frame, 1, 0) for frame in range(1, 11)), *others])
    both = table(
        np.concatenate([lost.frames, walk(others).frames]),
        np.concatenate([lost.ids, walk(others).ids]),
        np.concatenate([lost.boxes, walk(others).boxes]),
        np.ones(17),
    )

    scores = evaluate_tracks(truth, both)

    assert (scores.fragments, scores.id_switches, scores.false_negatives) == (1, 0, 3)
    assert scores.mota == pytest.approx(17 / 20)


def test_two_people_who_swap_tracks_are_two_switches() -> None:
    truth = walk([(frame, person, person) for frame in range(1, 11) for person in (1, 2)])
    swapped = walk(
        [(f, lane if f <= 5 else 3 - lane, lane) for f in range(1, 11) for lane in (1, 2)]
    )

    scores = evaluate_tracks(truth, swapped)

    assert scores.id_switches == 2
    assert scores.idf1 == pytest.approx(0.5)


def test_a_false_track_costs_accuracy() -> None:
    ghost = walk([(frame, track, track * 3) for frame in range(1, 11) for track in (0, 1)])

    scores = evaluate_tracks(ONE_PERSON, ghost)

    assert scores.mota == pytest.approx(0)
    assert scores.false_positives == 10
    assert scores.deta == pytest.approx(0.5)
    assert scores.idf1 == pytest.approx(2 / 3)


def test_a_person_seen_in_a_tenth_of_their_frames_is_mostly_lost() -> None:
    scores = evaluate_tracks(ONE_PERSON, walk([(4, 1, 0)]))

    assert (scores.mostly_tracked, scores.mostly_lost) == (0, 1)


def test_an_id_twice_in_a_frame_is_refused() -> None:
    twice = walk([(3, 5, 0), (3, 5, 1)])

    with pytest.raises(ValueError, match="results: id 5 is twice in frame 3"):
        evaluate_tracks(ONE_PERSON, twice)


def test_confirmed_tracks_are_scored_whether_they_are_seen_or_coast() -> None:
    def track(number: int, state: TrackState, *, observed: bool) -> Track:
        return Track(
            track_id=number,
            state=state,
            x_min=1.0,
            y_min=2.0,
            x_max=3.0,
            y_max=4.0,
            velocity_x=0.0,
            velocity_y=0.0,
            score=0.5,
            observed=observed,
            started_us=0,
            last_observed_us=0,
            x_m=None,
            y_m=None,
            position_sd_m=None,
        )

    some = [
        track(1, "TENTATIVE", observed=True),
        track(2, "CONFIRMED", observed=True),
        track(3, "LOST", observed=False),
        track(4, "CONFIRMED", observed=False),
    ]

    scored = tracks_table([(7, some), (8, [])])

    assert (scored.frames.tolist(), scored.ids.tolist()) == ([7, 7], [2, 4])
    assert scored.boxes.tolist() == [[1, 2, 3, 4]] * 2


def test_detections_become_a_table_frame_by_frame() -> None:
    found = Detection(
        x_min=1.0, y_min=2.0, x_max=3.0, y_max=4.0, score=0.25, label="person", raw_score=0.2
    )

    scored = detections_table([(1, []), (2, [found])])

    assert (scored.frames.tolist(), scored.ids.tolist()) == ([2], [-1])
    assert scored.scores.tolist() == [0.25]
