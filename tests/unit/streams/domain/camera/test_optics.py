"""What ends the tracks of a camera: other optics, and no other edit."""

from dataclasses import replace
from typing import Any

import pytest

from runtime.checkpoints import EntityState
from streams.domain.camera.optics import optics_of
from streams.domain.camera.step import CameraState
from streams.domain.facts.timeline import Facts
from streams.domain.output import Output
from streams.domain.pipeline import PartitionPipeline
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
    links,
    of_topic,
    outcome,
    presences,
    rectangle,
    zone,
    zone_events,
)

HOMOGRAPHY = [0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 1.0]
PROJECTION = [-900.0, -400.0, 0.0, 0.0, 0.0, -300.0, -900.0, 2700.0, 0.0, -1.0, 0.0, 0.0]
LENS = {"fx": 900.0, "fy": 900.0, "cx": 400.0, "cy": 300.0, "distortion": [0.0, 0.0, 0.0, 0.0]}
POSED = {"homography": HOMOGRAPHY, "projection": PROJECTION}
CHANGE_US = T0 + 2 * S
"""The second version of the camera is visible from then on."""

ENDING: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "homography": ({"homography": HOMOGRAPHY}, {"homography": [0.02, *HOMOGRAPHY[1:]]}),
    "calibrated": ({}, {"homography": HOMOGRAPHY}),
    "no more calibrated": ({"homography": HOMOGRAPHY}, {"homography": None}),
    "projection": (POSED, {"projection": [*PROJECTION[:7], 3600.0, *PROJECTION[8:]]}),
    "posed": ({"homography": HOMOGRAPHY}, POSED),
    "lens": (POSED, {"lens": LENS}),
    "terms of the lens": (POSED | {"lens": LENS}, {"lens": LENS | {"distortion": []}}),
    "mount": ({}, {"mount": "MOVING"}),
    "sees": ({}, {"sees": rectangle(0, 0, 4, 4)}),
    "masks": ({}, {"privacy_masks": [rectangle(600, 0, 700, 90)]}),
    "size not known before": ({"width": 0, "height": 0}, {"width": 800, "height": 600}),
}
KEEPING: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "name": ({}, {"name": "Hall"}),
    "location": ({}, {"location": {"x_m": 1.0, "y_m": 2.0, "z_m": 3.0}}),
    "field of view": ({}, {"field_of_view_deg": 90.0}),
    "reason": ({}, {"reason": "a new name", "recorded_by": "anna"}),
    "mount not known before": ({"mount": "UNKNOWN"}, {"mount": "FIXED"}),
    "homography that follows": (POSED, {"homography": [0.01000001, *HOMOGRAPHY[1:]]}),
}


def edited(before: dict[str, Any], change: dict[str, Any]) -> Facts:
    """A camera whose second version becomes visible at `CHANGE_US`."""
    later = {"version": 2, "valid_from_us": CHANGE_US}
    return facts_of(camera(**before), camera(**{**before, **change, **later}), zone())


def standing(first_us: int, count: int = 20) -> list[Any]:
    return [outcome(first_us + n * 100 * MS, [box(200, 400)]) for n in range(1, count + 1)]


def tracks_of(outputs: list[Output]) -> list[Any]:
    return of_topic(outputs, "tracks.updated.v1")


@pytest.mark.parametrize("name", ENDING)
def test_other_optics_end_all_tracks_and_people_get_new_ids(name: str) -> None:
    facts = edited(*ENDING[name])
    pipeline = PartitionPipeline()
    before = fold(pipeline, facts, standing(T0, 19))
    after = fold(pipeline, facts, standing(CHANGE_US - 100 * MS))

    first, *rest = tracks_of(after)
    known = {track["track_id"] for track in tracks_of(before)[-1]["tracks"]}
    assert known == {1}
    assert [(track["track_id"], track["state"]) for track in first["tracks"]] == [
        (1, "ENDED"),
        (2, "TENTATIVE"),
    ]
    ended = first["tracks"][0]
    assert (ended["x_m"], ended["observed"]) == (None, False)
    assert ended["x_max"] == tracks_of(before)[-1]["tracks"][0]["x_max"]
    assert {track["track_id"] for record in rest for track in record["tracks"]} == {2}
    assert first["seq"] == tracks_of(before)[-1]["seq"] + 1
    assert links(after) == []
    assert [event["person_id"] for event in zone_events(before + after)][:2] == ["cam:1", "cam:2"]


@pytest.mark.parametrize("name", KEEPING)
def test_any_other_edit_changes_nothing_but_the_version(name: str) -> None:
    before, change = KEEPING[name]
    log = [*standing(T0, 19), *standing(CHANGE_US - 100 * MS)]

    unedited = tracks_of(fold(PartitionPipeline(), facts_of(camera(**before), zone()), log))
    found = tracks_of(fold(PartitionPipeline(), edited(before, change), log))

    assert [record.pop("camera_version") for record in unedited] == [1] * 39
    assert [record.pop("camera_version") for record in found] == [1] * 19 + [2] * 20
    if name != "homography that follows":  # which moves positions by a fraction of a mm
        assert found == unedited
    assert {track["track_id"] for record in found for track in record["tracks"]} == {1}


@pytest.mark.parametrize("kind", ["HEARTBEAT", "SKIPPED", "FAILED"])
def test_an_event_without_detections_ends_them_too(kind: str) -> None:
    facts, pipeline = edited(*ENDING["homography"]), PartitionPipeline()
    fold(pipeline, facts, standing(T0, 19))

    [record] = tracks_of(fold(pipeline, facts, [outcome(CHANGE_US, kind=kind)]))
    later = fold(pipeline, facts, [heartbeat(CHANGE_US + S)])

    assert [(track["track_id"], track["state"]) for track in record["tracks"]] == [(1, "ENDED")]
    assert tracks_of(later) == []


def test_a_camera_that_shows_nobody_ends_nothing() -> None:
    facts, pipeline = edited(*ENDING["homography"]), PartitionPipeline()
    fold(pipeline, facts, [outcome(T0 + 100 * MS)])

    assert tracks_of(fold(pipeline, facts, [heartbeat(CHANGE_US)])) == []


def test_somebody_who_left_before_is_not_linked_over_other_optics() -> None:
    """Where an ended track was in the picture says nothing of where it would be now."""
    log = [*standing(T0, 8), *(outcome(T0 + n * 100 * MS) for n in range(9, 50))]
    log += standing(T0 + 5 * S)

    same = fold(PartitionPipeline(), edited({}, {}), log)
    another = fold(PartitionPipeline(), edited(*ENDING["homography"]), log)

    assert [link["kind"] for link in links(same)] == ["REIDENTIFICATION"]
    assert links(another) == []


def test_records_name_the_versions_that_were_used() -> None:
    other = camera("other", version=7)
    facts = edited({}, {"name": "Hall"})
    facts.add("cameras.v1", other)

    log = [*standing(T0, 19), *standing(CHANGE_US - 100 * MS)]
    outputs = fold(PartitionPipeline(), facts, log)
    records = presences(outputs)

    assert records[0]["camera_versions"] == [
        {"camera_id": "cam", "version": 1},
        {"camera_id": "other", "version": 7},
    ]
    changed = [one["as_of_us"] for one in records if one["camera_versions"][0]["version"] == 2]
    assert min(changed) == CHANGE_US


def test_a_frame_of_another_version_is_counted_and_folded_all_the_same() -> None:
    facts, pipeline = facts_of(camera(version=3)), PartitionPipeline()
    at_us = T0

    def count(version: int, kind: str = "DETECTED") -> int:
        nonlocal at_us
        at_us += 100 * MS
        event: Any = outcome(at_us, kind=kind)
        before = pipeline.other_versions
        pipeline.advance(event | {"camera_version": version}, facts)
        return pipeline.other_versions - before

    assert [count(version) for version in (3, 2, 4, 0)] == [0, 1, 1, 0]
    assert count(2, "HEARTBEAT") == 0
    assert count(2, "SKIPPED") == 1
    assert sum(pipeline.counters.values()) == 0


def test_a_frame_that_the_fence_ignores_is_not_counted() -> None:
    facts, pipeline = facts_of(camera(version=3)), PartitionPipeline()
    fold(pipeline, facts, [outcome(T0 + 100 * MS), outcome(T0 + 100 * MS), outcome(T0)])

    assert pipeline.other_versions == 1
    assert pipeline.counters["duplicates"] == pipeline.counters["older"] == 1


def test_a_state_that_does_not_know_its_optics_goes_on() -> None:
    """States up to version 9 do not hold it: after an upgrade nobody's track ends."""
    facts, pipeline = edited(*ENDING["homography"]), PartitionPipeline()
    fold(pipeline, facts, standing(T0, 19))
    states = {
        key: EntityState(9, state.data)
        for key, state in pipeline.take_changed(encode_state).items()
    }
    restored = PartitionPipeline()
    restored.restore({key: without_optics(decode_state(key, one)) for key, one in states.items()})

    [record] = tracks_of(fold(restored, facts, standing(CHANGE_US - 100 * MS, 1)))

    assert [track["track_id"] for track in record["tracks"]] == [1]
    again = edited({}, {})
    again.add("cameras.v1", camera(version=3, valid_from_us=CHANGE_US + S, mount="MOVING"))
    [other] = tracks_of(fold(restored, again, standing(CHANGE_US + S, 1)))
    assert [track["state"] for track in other["tracks"]] == ["ENDED", "TENTATIVE"]


def without_optics(state: Any) -> Any:
    return replace(state, optics=b"") if isinstance(state, CameraState) else state


def test_a_saved_state_ends_tracks_as_the_one_that_was_never_saved() -> None:
    facts, log = edited(*ENDING["mount"]), standing(CHANGE_US - 100 * MS)
    whole, first = PartitionPipeline(), PartitionPipeline()
    fold(whole, facts, standing(T0, 19))
    fold(first, facts, standing(T0, 19))
    saved = first.take_changed(encode_state)
    second = PartitionPipeline()
    second.restore({key: decode_state(key, data) for key, data in saved.items()})

    assert [output.record for output in fold(second, facts, log)] == [
        output.record for output in fold(whole, facts, log)
    ]


def test_optics_do_not_depend_on_how_a_whole_number_is_written() -> None:
    whole: Any = camera(homography=[1, 0, 0, 0, 1, 0, 0, 0, 1])
    exact: Any = camera(homography=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0])

    assert optics_of(whole) == optics_of(exact)
