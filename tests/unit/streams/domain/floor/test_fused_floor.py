"""People before several cameras are counted once, whatever the order in which frames arrive."""

import random
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from schemas.records.frames import DetectionOutcome
from schemas.topics import LINKS, PRESENCE
from streams.domain.camera.projection import why_not_fused
from streams.domain.camera.view import View
from streams.domain.facts.timeline import Facts
from streams.domain.floor.fused import SPAN_US, FusedFloor, add_view, take_scans
from streams.domain.identity.identities import Identities, Known
from streams.domain.output import Output
from streams.domain.pipeline import PartitionPipeline
from streams.domain.settings import FloorSettings, FusedFloorSettings, PipelineSettings
from streams.state.codec import decode_state, encode_state
from tests.support.builders.domain import (
    T0,
    S,
    box,
    camera,
    occupancies,
    outcome,
    presences,
    zone,
    zone_events,
)
from tests.support.fused_room import (
    ROOM,
    in_order,
    left_half,
    room_cameras,
    room_facts,
    room_outcomes,
    whole_room,
)

FACTS = room_facts(*room_cameras(), left_half(), whole_room())


def fold(
    outcomes: Iterable[DetectionOutcome],
    facts: Facts = FACTS,
    pipeline: PartitionPipeline | None = None,
) -> list[Output]:
    pipeline = pipeline or PartitionPipeline()
    return [output for one in outcomes for output in pipeline.advance(one, facts)]


def records_without(field: str, outputs: Iterable[Output], *topics: str) -> list[Any]:
    return [
        (output.topic.name, output.key, {**output.record, field: None})
        for output in outputs
        if output.topic.name.startswith(topics)
    ]


def test_people_before_four_cameras_are_counted_once() -> None:
    outputs = fold(in_order(room_outcomes(6)))

    last = presences(outputs)[-1]
    assert [person["person_id"] for person in last["people"]] == ["room:1", "room:2", "room:3"]
    assert all(len(person["camera_ids"]) >= 2 for person in last["people"])
    assert all(person["foot_x_px"] is None for person in last["people"])
    assert all(0.0 < (person["position_sd_m"] or 0.0) < 0.3 for person in last["people"])
    assert all(1.5 < (person["height_m"] or 0.0) < 1.9 for person in last["people"])
    whole = [one for one in occupancies(outputs) if one["zone_id"] == "whole"]
    assert max(one["people"] for one in whole) == 3
    assert whole[-1]["person_ids"] == ["room:1", "room:2", "room:3"]


def test_zone_events_of_fused_people_follow_their_positions() -> None:
    outputs = fold(in_order(room_outcomes(8)))

    left = [one for one in zone_events(outputs) if one["zone_id"] == "left"]
    # One starts at the left and leaves; one comes from the right and enters.
    assert {one["kind"] for one in left} == {"ENTERED", "LEFT"}
    assert all(one["camera_id"] == "" and one["corrects"] is None for one in left)


def test_a_camera_that_is_not_calibrated_keeps_its_own_people() -> None:
    facts = room_facts(*room_cameras(), camera("cart", ROOM), whole_room())
    own = [
        outcome(one["captured_us"], [box(200, 300)], camera_id="cart")
        for one in room_outcomes(3, count=1)
    ]

    outputs = fold(in_order([*room_outcomes(3), *own]), facts)

    ids = {person["person_id"] for one in presences(outputs)[-3:] for person in one["people"]}
    assert ids == {"room:1", "room:2", "room:3", "cart:1"}


def test_one_calibrated_camera_keeps_its_tracks() -> None:
    facts = room_facts(*room_cameras(1), whole_room())

    outputs = fold(in_order(room_outcomes(3, count=1)), facts)

    assert {person["person_id"][:9] for person in presences(outputs)[-1]["people"]} == {"corner-0:"}


def test_a_floor_is_not_fused_where_the_settings_say_so() -> None:
    settings = PipelineSettings(floor=FloorSettings(fuses_cameras=False))

    outputs = fold(in_order(room_outcomes(3)), FACTS, PartitionPipeline(settings))

    ids = {person["person_id"] for person in presences(outputs)[-1]["people"]}
    assert len(ids) > 3
    assert {one.partition(":")[0] for one in ids} == {f"corner-{k}" for k in range(4)}


def test_a_camera_that_looks_straight_down_is_fused_once_its_height_is_known() -> None:
    floor_of_px = [0.01, 0.0, 0.0, 0.0, -0.01, 6.0, 0.0, 0.0, 1.0]
    above = camera("above", ROOM, width=1280, height=720, homography=floor_of_px)
    hung = above | {"location": {"x_m": 6.4, "y_m": 2.4, "z_m": 3.0}}

    def fused(one: Any) -> bool:
        return room_facts(*room_cameras(1), one).at(T0).is_fused("above")

    assert (fused(above), fused(hung)) == (False, True)
    assert "location" in why_not_fused(above)
    assert why_not_fused(hung) == ""


def test_a_zone_in_the_picture_counts_fused_people_that_its_camera_sees() -> None:
    picture = zone(
        "picture", floor_id=ROOM, camera_id="corner-0",
        polygon=[{"x": x, "y": y} for x, y in ((0, 0), (1280, 0), (1280, 720), (0, 720))],
    )  # fmt: skip
    facts = room_facts(*room_cameras(), picture)

    outputs = fold(in_order(room_outcomes(5)), facts)

    found = {name for one in occupancies(outputs) for name in one["person_ids"]}
    assert found
    assert found <= {"room:1", "room:2", "room:3"}
    assert {one["camera_id"] for one in zone_events(outputs)} == {"corner-0"}


@pytest.mark.parametrize("seed", range(4))
def test_neither_arrival_nor_registration_order_has_an_effect(seed: int) -> None:
    rng = random.Random(seed)
    late = [0, 20_000, 70_000, 130_000]
    outcomes = in_order(room_outcomes(5, late_us=late))
    records = [*room_cameras(), left_half(), whole_room()]
    shuffled = sorted(outcomes, key=lambda one: one["captured_us"] + rng.randint(0, 1_500_000))
    # A camera's own frames stay in order.
    by_camera = {
        name: iter([one for one in outcomes if one["camera_id"] == name])
        for name in {one["camera_id"] for one in outcomes}
    }
    arrived = [next(by_camera[one["camera_id"]]) for one in shuffled]
    rng.shuffle(records)
    topics = ("presence", "zone", "links")

    expected = records_without("inputs_through_us", fold(outcomes), *topics)
    found = records_without("inputs_through_us", fold(arrived, room_facts(*records)), *topics)

    ends = min(len(expected), len(found))  # the last ticks may still be open
    assert ends > 40
    assert found[:ends] == expected[:ends]


def test_a_saved_floor_goes_on_as_if_nothing_had_happened() -> None:
    outcomes = in_order(room_outcomes(5, late_us=[0, 40_000, 90_000, 160_000]))
    whole = fold(outcomes)
    for cut in (1, 37, 90, 143):
        first = PartitionPipeline()
        outputs = fold(outcomes[:cut], FACTS, first)
        saved = first.take_changed(encode_state)
        second = PartitionPipeline()
        second.restore({key: decode_state(key, state) for key, state in saved.items()})

        outputs += fold(outcomes[cut:], FACTS, second)

        assert outputs == whole


def test_a_camera_that_joins_or_leaves_keeps_the_numbers() -> None:
    three, four = room_cameras(3), room_cameras(4)[3]
    four |= {"valid_from_us": T0 + 3 * S, "recorded_at_us": T0 - 10 * S}
    gone = {**four, "version": 2, "removed": True, "valid_from_us": T0 + 6 * S}
    facts = room_facts(*three, four, gone, whole_room())
    outcomes = in_order(
        one
        for one in room_outcomes(9)
        if one["camera_id"] != "corner-3" or T0 + 3 * S <= one["captured_us"] < T0 + 6 * S
    )

    outputs = fold(outcomes, facts)

    for one in presences(outputs):
        if one["as_of_us"] > T0 + 2 * S:
            assert {p["person_id"] for p in one["people"]} == {"room:1", "room:2", "room:3"}


def test_numbers_are_never_given_again() -> None:
    one, two = room_cameras(2)
    away = {**two, "version": 2, "projection": None, "valid_from_us": T0 + 3 * S}
    back = {**two, "version": 3, "valid_from_us": T0 + 5 * S}
    facts = room_facts(one, two, away, back, whole_room())

    outputs = fold(in_order(room_outcomes(8, count=2)), facts)

    def numbers(from_s: float, to_s: float) -> set[str]:
        return {
            person["person_id"]
            for record in presences(outputs)
            if T0 + from_s * S < record["as_of_us"] <= T0 + to_s * S
            for person in record["people"]
            if person["person_id"].startswith("room:")
        }

    assert numbers(0, 3)
    assert numbers(3.2, 5) == set()
    assert numbers(5, 8)
    assert not numbers(0, 3) & numbers(5, 8)


def test_people_end_when_every_camera_is_silent() -> None:
    facts = room_facts(*room_cameras(), camera("other", ROOM), whole_room())
    watched = in_order(room_outcomes(3))
    later = [
        outcome(one["captured_us"], camera_id="other", kind="HEARTBEAT")
        for one in room_outcomes(9, count=1)
    ]

    outputs = fold(in_order([*watched, *later]), facts)

    last = presences(outputs)[-1]
    assert last["people"] == []
    assert T0 + 4.9 * S < last["as_of_us"] < T0 + 5.5 * S
    assert [one for one in occupancies(outputs) if one["zone_id"] == "whole"][-1]["people"] == 0


def test_a_person_whom_no_camera_detects_any_more_leaves_by_the_time_out() -> None:
    until, again = T0 + 4 * S, T0 + 11 * S
    # Frames that nobody looked at: no camera says that the people are gone.
    blind: list[Any] = [
        {**one, "outcome": "SKIPPED", "detections": []}
        if until < one["captured_us"] < again
        else one
        for one in in_order(room_outcomes(12))
    ]

    outputs = fold(blind)

    counts = {record["as_of_us"]: len(record["people"]) for record in presences(outputs)}
    assert counts[until] == 3
    assert counts[max(at for at in counts if at < again)] == 0
    last = presences(outputs)[-1]
    assert len(last["people"]) == 3


def test_settings_of_fusion_change_where_the_fold_is_given_others() -> None:
    """As a checkpoint's head says: of the same pictures, what was folded before stays."""
    outcomes = in_order(room_outcomes(8))
    strict = PipelineSettings(floor=FloorSettings(fusion=FusedFloorSettings(least_score=1.0)))
    pipeline = PartitionPipeline()

    before = fold(outcomes[:100], FACTS, pipeline)
    pipeline.settings = strict
    after = fold(outcomes[100:], FACTS, pipeline)

    shipped = fold(outcomes)
    assert before == shipped[: len(before)]
    assert len(presences(before)[-1]["people"]) == 3
    assert presences(after)[-1]["people"] == []  # no box has a score of 1
    assert len(presences(shipped)[-1]["people"]) == 3


def test_a_longer_time_out_keeps_a_person_whom_no_camera_detects() -> None:
    hidden = Known(
        1, 1, first_us=T0, reported_us=T0 + 20 * S, seen_us=T0 + 10 * S,
        x_m=1.0, y_m=1.0, position_sd_m=0.2, height_m=1.7, cameras=["a"],
    )  # fmt: skip
    floor = FusedFloor(scanned_us=T0 + 20 * S, identities=Identities({1: hidden}))

    def left_after(seconds: float) -> bool:
        fusion = FusedFloorSettings(leave_after_s=seconds)
        return not floor.people(T0 + 20 * S, FloorSettings(fusion=fusion))

    assert [left_after(seconds) for seconds in (5.0, 9.9, 10.0, 60.0)] == [True, True, False, False]


def test_outcomes_without_anybody_leave_a_fused_floor_empty() -> None:
    outputs = fold({**one, "detections": []} for one in in_order(room_outcomes(2)))

    assert {len(one["people"]) for one in presences(outputs)} == {0}
    assert [output for output in outputs if output.topic is LINKS] == []
    assert any(output.topic is PRESENCE for output in outputs)


def view(camera_id: str, at_ms: int) -> View:
    return View(camera_id, at_ms * 1000, True, b"", np.zeros((0, 5)).tobytes())


def scans_of(*ticks: tuple[int, list[View]]) -> list[dict[str, int]]:
    fused = FusedFloor(cameras=["a", "b"])
    scans: list[dict[str, int]] = []
    for end_ms, views in ticks:
        for view in views:
            add_view(fused, view)
        scans += [
            {name: view.captured_us // 1000 for name, view in scan.items()}
            for scan in take_scans(fused, end_ms * 1000)
        ]
    return scans


def test_looks_that_the_end_of_a_tick_parts_make_one_scan() -> None:
    found = scans_of((1200, [view("a", 1190)]), (1400, [view("b", 1210)]))

    assert found == [{"a": 1190, "b": 1210}]


def test_a_camera_without_a_frame_is_waited_for_only_so_long() -> None:
    assert SPAN_US == 200_000
    found = scans_of((1200, [view("a", 1190)]), (1400, [view("a", 1390)]), (1600, []))

    assert found == [{"a": 1190}, {"a": 1390}]


def test_of_many_frames_a_second_some_are_fused() -> None:
    every_100_ms = [view(name, at) for at in range(1010, 1400, 100) for name in "ab"]

    assert scans_of((1400, every_100_ms)) == [{"a": 1010, "b": 1010}, {"a": 1210, "b": 1210}]
