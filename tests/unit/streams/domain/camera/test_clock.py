"""When the floor sees a frame, under what was decided about the camera's clock."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records.frames import DetectionOutcome
from streams.domain.camera.clock import corrected_us, floor_time
from streams.domain.facts.timeline import Facts
from streams.domain.pipeline import PartitionPipeline
from streams.state.codec import decode_state, encode_state
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    box,
    camera,
    clock,
    facts_of,
    fold,
    outcome,
    presences,
    zone,
    zone_events,
)

LATENESS_US = 1_800_000
FIRST = (0, 0)
HOUR_US = 3_600 * S


def seen(
    source_us: int | None, decided: Any, captured_us: int = T0, last: tuple[int, int] = FIRST
) -> int:
    """Floor time of a frame, microseconds after T0."""
    return floor_time(captured_us, source_us, decided, last, LATENESS_US) - T0


def test_without_a_decision_the_floor_goes_by_the_event_time() -> None:
    assert seen(T0 - 300 * MS, None) == 0
    assert seen(T0 - 300 * MS, clock(state="UNKNOWN", delay_us=80 * MS)) == 0


def test_a_settled_clock_gives_the_time_of_the_picture_with_offset_and_drift() -> None:
    ahead = clock(offset_us=-5 * S, reference_us=T0 - 1_000 * S, drift_ppm=-50.0)

    # 1,004.9 s at 50 ppm are 50.245 ms.
    assert seen(T0 + 5 * S - 100 * MS, ahead) == -150_245


def test_a_clock_that_has_not_settled_gives_the_arrival_less_the_delay() -> None:
    assert seen(T0 - 250 * MS, clock(state="UNSETTLED", delay_us=80 * MS)) == -80 * MS


def test_a_frame_without_a_clock_time_is_seen_the_usual_delay_before_it_came() -> None:
    assert seen(None, clock(delay_us=80 * MS)) == -80 * MS


@pytest.mark.parametrize("jump_us", [2 * S, -2 * S, HOUR_US, -HOUR_US, -T0 + 1])
def test_from_the_first_frame_of_a_jump_on_the_arrival_less_the_delay_counts(jump_us: int) -> None:
    assert seen(T0 - 90 * MS + jump_us, clock(delay_us=80 * MS)) == -80 * MS


def test_the_floors_time_rises_on_while_a_new_correction_is_reached() -> None:
    decided = clock(state="UNSETTLED", delay_us=300 * MS)
    last, times = (T0, T0), []
    for number in range(1, 9):
        captured_us = T0 + number * 100 * MS
        at_us = floor_time(captured_us, None, decided, last, LATENESS_US)
        times.append((at_us - T0) // MS)
        last = (captured_us, at_us)

    assert times == [20, 40, 60, 100, 200, 300, 400, 500]


decisions = st.none() | st.builds(
    clock,
    state=st.sampled_from(["UNKNOWN", "UNSETTLED", "SETTLED"]),
    offset_us=st.integers(-HOUR_US, HOUR_US) | st.integers(-(2**61), 2**61),
    reference_us=st.integers(T0 - HOUR_US, T0 + HOUR_US) | st.integers(-(2**61), 2**61),
    drift_ppm=st.floats(-1_000, 1_000),
    delay_us=st.integers(0, 60 * S),
)
frames = st.lists(
    st.tuples(
        st.integers(1, 3 * S),
        st.none() | st.integers(-3 * S, 3 * S) | st.integers(-(2**62), 2**62),
        decisions,
    ),
    max_size=30,
)


@given(frames)
def test_whatever_was_decided_a_cameras_time_rises_within_its_bounds(frames: Any) -> None:
    captured_us, last = T0, FIRST
    for gap_us, source_us, decided in frames:
        captured_us += gap_us
        source = None if source_us is None else max(1, captured_us + source_us)
        at_us = floor_time(captured_us, source, decided, last, LATENESS_US)

        assert at_us > last[1]
        assert captured_us - LATENESS_US <= at_us <= captured_us
        last = (captured_us, at_us)


@given(st.integers(1, 2**62), decisions.filter(lambda decided: decided is not None))
def test_a_corrected_time_is_a_whole_number_of_microseconds(source_us: int, decided: Any) -> None:
    assert isinstance(corrected_us(decided, source_us), int)


def walk(*, source: bool, count: int = 40) -> list[DetectionOutcome]:
    """A person who enters the zone after 2 s, before a camera whose pictures take 400 ms."""
    frames = []
    for number in range(count):
        captured_us = T0 + number * 100 * MS + 50 * MS
        found = outcome(captured_us, [box(200 if number >= 20 else 600, 400)])
        found["source_clock_us"] = captured_us - 400 * MS - HOUR_US if source else None
        frames.append(found)
    return frames


def entered_us(facts: Facts, log: list[DetectionOutcome]) -> int:
    [event] = zone_events(fold(PartitionPipeline(), facts, log))
    return int(event["at_us"])


def test_the_floor_dates_what_it_sees_by_the_corrected_time() -> None:
    decided = clock(offset_us=HOUR_US, valid_from_us=T0 - 60 * S, recorded_at_us=T0 - 90 * S)
    plain, corrected = facts_of(camera(), zone()), facts_of(camera(), zone(), decided)

    late_us = entered_us(plain, walk(source=True)) - entered_us(corrected, walk(source=True))

    assert late_us == 400 * MS


@pytest.mark.parametrize("delay_ms", [0, 300, 900, 1_700])
def test_a_camera_whose_frames_are_dated_back_may_come_as_late_as_any_other(delay_ms: int) -> None:
    slow = clock("slow", state="UNSETTLED", delay_us=delay_ms * MS)
    facts = facts_of(camera(), camera("slow"), slow)
    sent = [(at_ms, "cam") for at_ms in range(0, 12_000, 200)]
    sent += [(at_ms, "slow") for at_ms in range(100, 8_000, 200)]
    late_ms = {"cam": 0, "slow": 1_750}
    arrived = sorted(sent, key=lambda one: one[0] + late_ms[one[1]])
    pipeline = PartitionPipeline()

    for at_ms, camera_id in arrived:
        pipeline.advance(outcome(T0 + at_ms * MS, [box(200, 400)], camera_id=camera_id), facts)

    assert pipeline.counters["late"] == 0
    assert pipeline.floors["floor"].closed_us > T0 + 11 * S


def test_tracks_keep_the_event_time() -> None:
    decided = clock(state="UNSETTLED", delay_us=300 * MS, valid_from_us=T0 - 60 * S)
    log = walk(source=False, count=5)

    outputs = fold(PartitionPipeline(), facts_of(camera(), decided), log)

    found = [output.record for output in outputs if output.topic.name == "tracks.updated.v1"]
    assert [record["captured_us"] for record in found] == [one["captured_us"] for one in log]


def test_a_saved_camera_goes_on_at_the_time_where_it_was() -> None:
    decided = clock(
        state="UNSETTLED", delay_us=300 * MS, valid_from_us=T0 + S, recorded_at_us=T0 - 60 * S
    )
    facts, log = facts_of(camera(), zone(), decided), walk(source=False, count=20)
    whole, first = PartitionPipeline(), PartitionPipeline()
    expected = presences(fold(whole, facts, log))

    found = presences(fold(first, facts, log[:12]))
    saved = {key: decode_state(key, one) for key, one in first.take_changed(encode_state).items()}
    second = PartitionPipeline()
    second.restore(saved)
    found += presences(fold(second, facts, log[12:]))

    assert found == expected
