"""The tracking core as the stream processor calls it: arrays in, arrays out, state as bytes."""

import json
import math
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.recfunctions import structured_to_unstructured

from streams.domain.settings import MotionNoise, TrackerSettings
from streams.domain.tracking.arrays import advance_boxes
from streams.domain.tracking.checks import UnusableOutcome
from streams.domain.tracking.parameters import parameters_of
from streams.domain.tracking.state import TrackerState, UnreadableState
from streams.domain.tracking.tables import (
    SCORE,
    STORED_ENDED_TRACK,
    STORED_SUMMARY,
    STORED_TRACK,
    TrackEvent,
    TrackState,
)
from tests.support.builders.domain import MS, T0, S
from tests.support.paths import ROOT
from tests.unit.streams.domain.tracking.tracking_scene import crowd

OLD_TRACK = [n for n in STORED_TRACK.names or () if n not in ("evidence", "presence")]
GOLDEN = ROOT / "tests" / "golden" / "tracker.json"

PARAMETERS = parameters_of(TrackerSettings())

seeds = st.integers(0, 10_000)


def run(scene: Any, state: TrackerState | None = None) -> Any:
    state = TrackerState() if state is None else state
    return [advance_boxes(state, at_us, boxes, PARAMETERS) for at_us, boxes in scene]


def person(x: float, y: float, score: float = 0.9, height: float = 100.0) -> list[float]:
    """A box whose feet are at a point."""
    return [x - height / 5, y - height, x + height / 5, y, score]


def standing(from_us: int, until_us: int, *people: list[float]) -> Any:
    return [(at_us, np.array(people)) for at_us in range(from_us, until_us, 100 * MS)]


def events(outs: Any, track_id: int) -> list[str]:
    """Events of a track, without the frames in which nothing happened."""
    happened = [
        TrackEvent(row["event"]).name for out in outs for row in out if row["track_id"] == track_id
    ]
    return [event for event in happened if event != "NONE"]


@settings(deadline=None, max_examples=30)
@given(seed=seeds, data=st.data())
def test_the_order_of_boxes_changes_no_byte_but_their_own_numbers(seed: int, data: Any) -> None:
    scene = crowd(seed, frames=20)
    turned, rows = [], []
    for at_us, boxes in scene:
        order = data.draw(st.permutations(range(len(boxes))))
        turned.append((at_us, boxes[order]))
        rows.append([*order, -1])

    for first, second, row in zip(run(scene), run(turned), rows, strict=True):
        back = second.copy()
        back["detection"] = [row[int(k)] for k in second["detection"]]
        assert flat(first).tobytes() == flat(back).tobytes()


@settings(deadline=None, max_examples=30)
@given(seed=seeds, at=st.integers(0, 40))
def test_a_run_split_anywhere_with_a_saved_state_gives_the_same_bytes(seed: int, at: int) -> None:
    scene = crowd(seed, frames=40)
    whole = TrackerState()
    expected = [flat(out).tobytes() for out in run(scene, whole)]

    before = TrackerState()
    outs = run(scene[:at], before)
    after = TrackerState.unpack(before.pack())
    outs += run(scene[at:], after)

    assert [flat(out).tobytes() for out in outs] == expected
    assert after.pack() == whole.pack()


@settings(deadline=None, max_examples=20)
@given(seed=seeds, dx=st.integers(-2000, 2000), dy=st.integers(-2000, 2000))
def test_a_scene_moved_in_the_picture_gives_the_same_tracks_moved(
    seed: int, dx: int, dy: int
) -> None:
    scene = crowd(seed, frames=30)
    off = np.array([dx, dy, dx, dy, 0.0])

    for here, there in zip(
        run(scene), run([(at, boxes + off) for at, boxes in scene]), strict=True
    ):
        back = there.copy()
        for edge, by in zip(("x_min", "y_min", "x_max", "y_max"), off, strict=False):
            back[edge] -= by
        assert flat(here) == pytest.approx(flat(back), abs=1 / 16, rel=1e-9)


@settings(deadline=None, max_examples=20)
@given(seed=seeds, factor=st.sampled_from([0.25, 0.5, 2.0, 8.0]))
def test_a_scene_of_another_resolution_gives_the_same_tracks_at_its_scale(
    seed: int, factor: float
) -> None:
    scene = crowd(seed, frames=30)
    scale = np.array([factor] * 4 + [1.0])

    for here, there in zip(
        run(scene), run([(at, boxes * scale) for at, boxes in scene]), strict=True
    ):
        same = ["track_id", "state", "event", "detection"]
        assert here[same].tolist() == there[same].tolist()
        for edge in ("x_min", "y_min", "x_max", "y_max", "velocity_x", "velocity_y"):
            scaled = there[edge] / factor
            assert here[edge] == pytest.approx(scaled, abs=(1 + 1 / factor) / 32)


@pytest.mark.parametrize("step_us", [0, -100 * MS])
def test_a_duplicate_or_older_frame_is_refused_and_changes_nothing(step_us: int) -> None:
    state = TrackerState()
    scene = crowd(3, frames=10)
    run(scene, state)
    before = state.pack()

    with pytest.raises(ValueError, match="a frame of"):
        advance_boxes(state, scene[-1][0] + step_us, scene[-1][1], PARAMETERS)

    assert state.pack() == before


@pytest.mark.parametrize(
    ("box", "message"),
    [
        pytest.param([math.nan, 0, 10, 10, 0.9], "box 1: x_min is nan", id="nan"),
        pytest.param([0, -math.inf, 10, 10, 0.9], "box 1: y_min is -inf", id="inf"),
        pytest.param([0, 0, 1e30, 10, 0.9], "box 1: x_max is 1e\\+30", id="beyond-any-frame"),
        pytest.param([10, 0, 0, 10, 0.9], "box 1: x_max 0.0 is not right of", id="negative"),
        pytest.param([0, 10, 10, 10, 0.9], "box 1: y_max 10.0 is not below", id="flat"),
        pytest.param([0, 0, 10, 10, math.nan], "box 1: score is nan", id="score-nan"),
        pytest.param([0, 0, 10, 10, -0.1], "box 1: score is -0.1", id="score-below-0"),
    ],
)
def test_a_box_that_cannot_be_is_refused_and_changes_nothing(box: Any, message: str) -> None:
    state = TrackerState()
    run(crowd(3, frames=10), state)
    before = state.pack()

    with pytest.raises(UnusableOutcome, match=message):
        advance_boxes(state, T0 + 60 * S, np.array([person(50, 200), box]), PARAMETERS)

    assert state.pack() == before


def test_empty_frames_start_nothing_and_end_what_was_there() -> None:
    nobody = np.empty((0, 5))
    frames = [*standing(T0, T0 + S, person(200, 400))]
    frames += [(T0 + S + k * 100 * MS, nobody) for k in range(40)]

    outs = run(frames)

    assert events(outs, 1) == ["STARTED", "CONFIRMED", "LOST", "ENDED"]
    assert len(outs[-1]) == 0
    assert all(len(out) == 0 for out in run([(T0 + k, nobody) for k in range(5)]))


def test_five_hundred_boxes_in_a_frame_are_five_hundred_tracks() -> None:
    people = [person(60.0 * (k % 25) + 100, 110.0 * (k // 25) + 200) for k in range(500)]
    state = TrackerState()

    outs = run(standing(T0, T0 + S, *people), state)

    assert state.live == 500
    assert set(outs[-1]["state"].tolist()) == {TrackState.CONFIRMED}
    assert outs[-1]["track_id"].tolist() == list(range(1, 501))
    assert TrackerState.unpack(state.pack()) == state


def test_every_start_and_end_is_reported_once() -> None:
    outs = run(crowd(5, people=10, frames=400, visible=0.45))

    events = [(int(row["track_id"]), TrackEvent(row["event"]).name) for out in outs for row in out]
    started = [number for number, event in events if event == "STARTED"]
    ended = [number for number, event in events if event == "ENDED"]
    assert started == sorted(set(started)) == list(range(1, max(started) + 1))
    assert len(ended) == len(set(ended)) > 5
    assert set(started) - set(ended) == {int(row["track_id"]) for row in outs[-1]} - set(ended)


def test_a_detection_belongs_to_one_track_and_its_row_is_reported() -> None:
    scene = crowd(8, people=12, frames=60)

    for (_, boxes), out in zip(scene, run(scene), strict=True):
        given = [int(k) for k in out["detection"] if k >= 0]
        assert len(given) == len(set(given))
        assert all(0 <= k < len(boxes) for k in given)
        observed = out["observed"]
        assert observed.tolist() == (out["detection"] >= 0).tolist()
        scores = [round(boxes[int(k), SCORE], 3) for k in out["detection"][observed]]
        assert out["score"][observed].tolist() == scores


def test_who_reappears_near_and_soon_is_a_new_track_linked_to_the_old_one() -> None:
    frames = standing(T0, T0 + 2 * S, person(300, 400))
    frames += [(T0 + 2 * S + k * 100 * MS, np.empty((0, 5))) for k in range(50)]
    frames += standing(T0 + 7 * S, T0 + 9 * S, person(330, 405))

    outs = run(frames)

    links = [row for out in outs for row in out if row["link_from"] > 0]
    [link] = links
    assert (link["track_id"], link["link_from"]) == (2, 1)
    assert link["link_gap_s"] == pytest.approx(5.1)
    assert link["link_distance"] == pytest.approx(math.hypot(30, 5) / 100, abs=0.01)
    assert 0.5 < link["link_score"] < 1.0
    assert link["event"] == TrackEvent.CONFIRMED


@pytest.mark.parametrize(
    ("x", "height", "after_s"),
    [
        pytest.param(1200, 100, 5, id="too-far"),
        pytest.param(300, 100, 60, id="too-late"),
        pytest.param(300, 400, 5, id="another-size"),
    ],
)
def test_who_appears_far_away_or_late_or_of_another_size_is_not_linked(
    x: float, height: float, after_s: int
) -> None:
    frames = standing(T0, T0 + 2 * S, person(300, 400))
    frames += [(T0 + 2 * S + k * 100 * MS, np.empty((0, 5))) for k in range(10 * after_s)]
    start_us = frames[-1][0] + 100 * MS
    frames += standing(start_us, start_us + 2 * S, person(x, 400, height=height))

    outs = run(frames)

    assert [row for out in outs for row in out if row["link_from"] > 0] == []
    assert {int(row["track_id"]) for row in outs[-1]} == {2}


def test_a_jolt_of_the_camera_changes_no_ids() -> None:
    people = [person(150.0 * k + 100, 400 + 20 * k) for k in range(6)]
    frames = []
    for at_us, boxes in standing(T0, T0 + 4 * S, *people):
        jolt = 55.0 if (at_us - T0) // (700 * MS) % 2 else 0.0
        frames.append((at_us, boxes + np.array([jolt, jolt / 2, jolt, jolt / 2, 0.0])))

    outs = run(frames)

    assert outs[-1]["track_id"].tolist() == [1, 2, 3, 4, 5, 6]
    assert {int(row["track_id"]) for out in outs for row in out} == {1, 2, 3, 4, 5, 6}


def test_a_second_box_of_a_person_starts_no_track() -> None:
    whole, bust = person(300, 400, height=200), [265.0, 200.0, 335.0, 290.0, 0.8]

    outs = run([*standing(T0, T0 + S, whole), *standing(T0 + S, T0 + 2 * S, whole, bust)])

    assert {int(row["track_id"]) for out in outs for row in out} == {1}


def test_memory_stays_flat_as_people_come_and_go() -> None:
    state = TrackerState()
    crowded = standing(T0, T0 + S, *[person(70.0 * k, 400) for k in range(300)])
    run(crowded, state)
    full = len(state.tracks)
    sizes = []
    for round_ in range(30):
        scene = crowd(round_, people=6, frames=100, visible=0.7)
        start_us = T0 + (60 + 60 * round_) * S
        run([(at_us - T0 + start_us, boxes) for at_us, boxes in scene], state)
        sizes.append((len(state.pack()), state.tracks.nbytes))

    assert full >= 300
    assert max(packed for packed, _ in sizes[1:]) < 20_000
    assert max(held for _, held in sizes[1:]) < 50_000


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: data[:5], id="cut-in-the-head"),
        pytest.param(lambda data: data[:-8], id="cut-at-the-end"),
        pytest.param(lambda data: data + bytes(8), id="too-long"),
        pytest.param(lambda data: bytes([255]) + data[1:], id="another-format"),
    ],
)
def test_bytes_that_are_no_state_are_refused(spoil: Any) -> None:
    state = TrackerState()
    run(crowd(1, frames=10), state)

    with pytest.raises(UnreadableState):
        TrackerState.unpack(spoil(state.pack()))


@pytest.mark.parametrize(
    ("version", "head"), [pytest.param(2, 4, id="format-2"), pytest.param(3, 6, id="format-3")]
)
def test_a_state_of_a_former_format_keeps_its_tracks(version: int, head: int) -> None:
    """Those formats do not say how well a track was seen; the first knows no camera's movement."""
    scene = crowd(4, frames=60)
    state = TrackerState()
    run(scene[:30], state)
    live = state.live

    read = TrackerState.unpack(packed_before(state, version, head, OLD_TRACK))

    assert read.states() == state.states()
    assert read.tracks["presence"][:live].tolist() == [1.0] * live
    kept = read.tracks[:live]
    assert kept["evidence"] == pytest.approx(kept["hits"] * kept["score"])
    run(scene[30:], read)
    assert read.summary["camera_energy"] > 0.0


def test_a_state_of_format_4_continues_as_if_its_newest_frame_had_detections() -> None:
    """It does not say when people were last detected."""
    scene = crowd(4, frames=60)
    state = TrackerState()
    run(scene[:30], state)

    read = TrackerState.unpack(packed_before(state, 4, 6, list(STORED_TRACK.names or ())))

    assert read == state
    assert read.summary["looked_us"] == scene[29][0]


def packed_before(state: TrackerState, version: int, head: int, columns: list[str]) -> bytes:
    """A state as a former format has it: fewer numbers in its head, fewer columns of its tracks."""
    lead = bytes([version, head, len(columns), len(STORED_ENDED_TRACK.names or ())])
    live, ended = state.live, int(state.summary["ended_count"][0])
    tracks = state.tracks[:live].astype(STORED_TRACK)[columns]
    return b"".join(
        (
            lead + state.pack()[4:12],
            state.summary.astype(STORED_SUMMARY).tobytes()[: 8 * head],
            structured_to_unstructured(tracks).tobytes(),
            state.ended[:ended].astype(STORED_ENDED_TRACK).tobytes(),
        )
    )


def test_compiled_code_is_given_the_settings_by_name() -> None:
    changed = replace(
        TrackerSettings(confirm_hits=7, reupdate=False), noise=MotionNoise(acceleration=0.7)
    )
    [values] = parameters_of(changed)

    assert values["confirm_hits"] == 7
    assert not values["reupdate"]
    assert values["max_lost_s"] == TrackerSettings().max_lost_s
    assert values["noise"]["acceleration"] == 0.7


def test_the_tracker_gives_the_bytes_that_are_kept() -> None:
    """Rewrite the file only on purpose: runs saved before it no longer agree.

    python -m tests.unit.streams.domain.tracking.test_tracking_arrays
    """
    assert digests() == json.loads(GOLDEN.read_text())


def flat(out: Any) -> Any:
    """The output as plain numbers, a column for each field."""
    return structured_to_unstructured(out, dtype=np.float64)


def digests() -> dict[str, str]:
    """Digests of the outputs and of the last state, by scene."""
    found = {}
    for seed, people, fps in ((1, 4, 5.0), (2, 12, 10.0), (3, 40, 25.0)):
        state = TrackerState()
        whole = blake2b(digest_size=16)
        for out in run(crowd(seed, people=people, frames=300, fps=fps), state):
            whole.update(flat(out).tobytes())
        whole.update(state.pack())
        found[f"{people} people at {fps:g} fps"] = whole.hexdigest()
    return found


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps(digests(), indent=2) + "\n")
