"""What the fold of a partition guarantees for any log."""

import random
from copy import deepcopy
from typing import Any

import pytest

from runtime.checkpoints import EntityState
from schemas.records.frames import DetectionOutcome
from streams.domain.facts.timeline import Facts
from streams.domain.pipeline import PartitionPipeline, UnknownCamera, UnusableOutcome
from streams.stage import OUTPUTS
from streams.state.codec import decode_state, encode_state
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    box,
    camera,
    facts_of,
    fold,
    heartbeat,
    of_topic,
    outcome,
    presences,
    zone,
    zone_events,
)
from tests.support.builders.scene import digest_of, ward_facts, ward_log
from tests.support.fold_digest import first_difference


def saved(pipeline: PartitionPipeline) -> dict[str, EntityState]:
    return pipeline.take_changed(encode_state)


def restored(checkpoint: dict[str, EntityState]) -> PartitionPipeline:
    pipeline = PartitionPipeline()
    pipeline.restore({key: decode_state(key, data) for key, data in checkpoint.items()})
    return pipeline


def standing(count: int, first_ms: int = 100) -> list[DetectionOutcome]:
    """One person who stands in the zone, at 10 frames a second."""
    return [
        outcome(T0 + (first_ms + number * 100) * MS, [box(200, 400)]) for number in range(count)
    ]


@pytest.mark.parametrize(
    ("mount", "state"), [("FIXED", "CONFIRMED"), ("MOVING", "LOST"), ("UNKNOWN", "CONFIRMED")]
)
def test_how_a_camera_is_mounted_chooses_the_settings_of_its_tracker(
    mount: str, state: str
) -> None:
    """Before a fixed camera a track coasts through the frame that does not show it."""
    pipeline, facts = PartitionPipeline(), facts_of(camera(mount=mount))
    fold(pipeline, facts, standing(15))

    outputs = pipeline.advance(outcome(standing(15)[-1]["captured_us"] + 100 * MS), facts)

    [record] = of_topic(outputs, "tracks.updated.v1")
    assert [track["state"] for track in record["tracks"]] == [state]


def test_a_person_who_walks_in_is_tracked_present_and_counted() -> None:
    pipeline, facts = PartitionPipeline(), facts_of(camera(), zone())

    outputs = fold(pipeline, facts, standing(20))

    tracks = of_topic(outputs, "tracks.updated.v1")
    assert [record["seq"] for record in tracks] == list(range(1, 21))
    assert {record["floor_id"] for record in tracks} == {"floor"}
    assert tracks[-1]["model_name"] == "test"
    [event] = zone_events(outputs)
    assert event == {
        "zone_id": "zone",
        "seq": 1,
        "at_us": T0 + 200 * MS,
        "kind": "ENTERED",
        "person_id": "cam:1",
        "floor_id": "floor",
        "camera_id": "cam",
        "entered_us": T0 + 200 * MS,
        "dwell_us": None,
        "as_of_us": T0 + 800 * MS,
        "inputs_through_us": T0 + 800 * MS,
        "corrects": None,
    }
    [person] = presences(outputs)[-1]["people"]
    assert person["zone_ids"] == ["zone"]
    assert (person["foot_x_px"], person["foot_y_px"]) == (200.0, 400.0)
    assert person["role"] == ""
    assert person["staff_id"] is None


@pytest.mark.parametrize("seed", range(3))
def test_every_seq_rises_by_one_per_topic_and_key(seed: Any) -> None:
    last: dict[tuple[str, str], int] = {}

    for output in fold(PartitionPipeline(), ward_facts(), ward_log(seed)):
        series = (output.topic.name, output.key)
        assert output.record["seq"] == last.get(series, 0) + 1
        last[series] = output.record["seq"]

    assert {topic for topic, _ in last} == {topic.name for topic in OUTPUTS}


@pytest.mark.parametrize("seed", range(3))
def test_saving_and_restoring_anywhere_changes_no_byte(seed: Any) -> None:
    log, facts = ward_log(seed), ward_facts()
    whole = PartitionPipeline()
    expected = digest_of(fold(whole, facts, log))
    rng = random.Random(seed)

    pipeline, outputs, at = PartitionPipeline(), [], 0
    checkpoint: dict[str, EntityState] = {}
    while at < len(log):
        step = rng.randrange(1, 60)
        outputs += fold(pipeline, facts, log[at : at + step])
        checkpoint |= saved(pipeline)
        pipeline, at = restored(checkpoint), at + step
        facts = ward_facts()  # read again, as after a restart

    assert first_difference(digest_of(outputs), expected) is None
    assert checkpoint == saved(whole)


def test_only_what_changed_is_given_for_saving() -> None:
    pipeline, facts = PartitionPipeline(), facts_of(camera("a", "f1"), camera("b", "f2"))
    fold(pipeline, facts, [outcome(T0 + 1, camera_id="a"), outcome(T0 + 2, camera_id="b")])

    assert sorted(pipeline.take_changed(deepcopy)) == [
        "camera/a",
        "camera/b",
        "floor/f1",
        "floor/f2",
    ]
    assert pipeline.take_changed(deepcopy) == {}
    pipeline.advance(outcome(T0 + S, camera_id="b"), facts)
    assert sorted(pipeline.take_changed(deepcopy)) == ["camera/b", "floor/f2"]
    pipeline.advance(outcome(T0 + S, camera_id="b"), facts)
    assert pipeline.take_changed(deepcopy) == {}


def test_a_state_under_a_wrong_key_is_refused() -> None:
    pipeline = PartitionPipeline()
    fold(pipeline, facts_of(camera()), [outcome(T0 + 1)])
    [camera_state, _] = pipeline.take_changed(deepcopy).values()

    with pytest.raises(ValueError, match="'floor/cam' does not hold a CameraState"):
        PartitionPipeline().restore({"floor/cam": camera_state})
    with pytest.raises(ValueError, match="'head' names neither"):
        PartitionPipeline().restore({"head": camera_state})


def test_a_frame_seen_before_is_ignored_and_counted() -> None:
    pipeline, facts = PartitionPipeline(), facts_of(camera(), zone())
    log = standing(10)
    fold(pipeline, facts, log)
    pipeline.take_changed(deepcopy)

    assert pipeline.advance(log[-1], facts) == []
    assert pipeline.advance(log[3], facts) == []
    assert pipeline.advance(log[4], facts) == []
    assert pipeline.counters == {"duplicates": 1, "older": 2, "late": 0}
    assert pipeline.take_changed(deepcopy) == {}


def test_a_log_read_again_from_the_middle_gives_nothing_new_until_its_end() -> None:
    log, facts = ward_log(1), ward_facts()
    pipeline = PartitionPipeline()
    once = digest_of(fold(pipeline, facts, log))

    assert fold(pipeline, facts, log[len(log) // 2 :]) == []
    assert first_difference(once, digest_of(fold(PartitionPipeline(), facts, log))) is None


def test_a_late_frame_is_tracked_but_no_longer_counted_on_the_floor() -> None:
    pipeline, facts = PartitionPipeline(), facts_of(camera("cam"), camera("slow"), zone())
    fold(pipeline, facts, [outcome(T0 + 100 * MS, camera_id="slow"), *standing(40)])

    outputs = pipeline.advance(outcome(T0 + 200 * MS, [box(1, 400)], camera_id="slow"), facts)

    assert [output.topic.name for output in outputs] == ["tracks.updated.v1"]
    assert pipeline.counters["late"] == 1


def test_an_unregistered_camera_is_refused_and_leaves_no_state() -> None:
    pipeline, facts = PartitionPipeline(), facts_of(camera(recorded_at_us=T0))

    with pytest.raises(UnknownCamera, match="'ghost'"):
        pipeline.advance(outcome(T0 + 60 * S, camera_id="ghost"), facts)
    with pytest.raises(UnknownCamera, match="'cam'"):
        pipeline.advance(outcome(T0 + 5 * S - 1), facts)

    assert pipeline.take_changed(deepcopy) == {}
    assert pipeline.advance(outcome(T0 + 5 * S), facts)


def test_a_frame_with_an_impossible_box_is_refused_and_nothing_remembered() -> None:
    pipeline, facts = PartitionPipeline(), facts_of(camera(), zone())
    twin = PartitionPipeline()
    log = standing(20)
    bad = outcome(log[9]["captured_us"] + 50 * MS, [{**box(1, 400), "y_min": float("nan")}])

    outputs = fold(pipeline, facts, log[:10])
    with pytest.raises(UnusableOutcome, match="box 0: y_min is nan"):
        pipeline.advance(bad, facts)
    outputs += fold(pipeline, facts, log[10:])

    assert outputs == fold(twin, facts, log)


@pytest.mark.parametrize("at_us", [0, -1, 2**62])
def test_a_time_outside_the_centuries_is_refused(at_us: Any) -> None:
    with pytest.raises(UnusableOutcome, match="captured_us"):
        PartitionPipeline().advance(outcome(at_us), facts_of(camera()))


def test_a_heartbeat_gives_no_record_unless_a_track_changes_state() -> None:
    pipeline, facts = PartitionPipeline(), facts_of(camera())
    last_us = standing(10)[-1]["captured_us"]
    fold(pipeline, facts, standing(10))

    def states(after_ms: Any) -> Any:
        outputs = pipeline.advance(heartbeat(last_us + after_ms * MS), facts)
        return [
            [track["state"] for track in record["tracks"]]
            for record in of_topic(outputs, "tracks.updated.v1")
        ]

    assert states(200) == []
    assert states(400) == [["LOST"]]
    assert states(800) == []
    assert states(2100) == [["ENDED"]]
    assert states(2300) == []


@pytest.mark.parametrize("kind", ["SKIPPED", "FAILED"])
def test_tracks_coast_through_a_frame_without_detection(kind: Any) -> None:
    pipeline, facts = PartitionPipeline(), facts_of(camera())
    last_us = standing(10)[-1]["captured_us"]
    fold(pipeline, facts, standing(10))

    outputs = pipeline.advance(outcome(last_us + 100 * MS, kind=kind), facts)

    [record] = of_topic(outputs, "tracks.updated.v1")
    [track] = record["tracks"]
    assert (track["state"], track["observed"]) == ("CONFIRMED", False)
    assert track["last_observed_us"] == last_us


def test_an_empty_frame_is_ordinary() -> None:
    pipeline, facts = PartitionPipeline(), facts_of(camera(), zone())

    outputs = fold(pipeline, facts, [outcome(T0 + at * 100 * MS) for at in range(1, 10)])

    assert [record["tracks"] for record in of_topic(outputs, "tracks.updated.v1")] == [[]] * 9
    assert [presence["people"] for presence in presences(outputs)] == [[]] * 4


def test_a_calibrated_camera_gives_positions_in_metres() -> None:
    homography = [0.01, 0.0, -1.0, 0.0, 0.02, 0.0, 0.0, 0.0, 1.0]
    pipeline, facts = PartitionPipeline(), facts_of(camera(homography=homography))

    outputs = fold(pipeline, facts, standing(10))

    [track] = of_topic(outputs, "tracks.updated.v1")[-1]["tracks"]
    assert (track["x_m"], track["y_m"]) == (1.0, 8.0)
    # Half a tenth of a box height at most, that is 5 px of 2 cm.
    assert 0 < track["position_sd_m"] < 0.15
    [person] = presences(outputs)[-1]["people"]
    assert (person["x_m"], person["y_m"]) == (1.0, 8.0)


def test_facts_recorded_later_do_not_change_what_was_answered_before() -> None:
    """Decision 5: an edit takes effect 5 s after it was recorded, whatever it says."""
    log = ward_log(2, seconds=20)
    cut = next(index for index, one in enumerate(log) if one["captured_us"] > T0 + 10 * S)
    edits = [zone("a-left", version=2, removed=True, recorded_at_us=T0 + 10 * S)]

    late, pipeline = ward_facts(), PartitionPipeline()
    outputs = fold(pipeline, late, log[:cut])
    for edit in edits:
        late.add("zones.v1", edit)
    outputs += fold(pipeline, late, log[cut:])

    early = ward_facts()
    for edit in edits:
        early.add("zones.v1", edit)
    expected = fold(PartitionPipeline(), early, log)
    assert first_difference(digest_of(outputs), digest_of(expected)) is None


def test_reading_facts_needs_no_floor_record() -> None:
    facts = Facts()
    facts.add("cameras.v1", camera(floor_id="unlisted"))

    [output] = PartitionPipeline().advance(outcome(T0 + 1), facts)

    assert output.record["floor_id"] == "unlisted"
