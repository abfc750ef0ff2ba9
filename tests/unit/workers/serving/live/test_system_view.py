"""Figures of cameras and stages: the worst first, and nothing that was not measured is a zero."""

from typing import Any, cast

import pytest

from workers.observation.signs import StageSign
from workers.serving.live.answers import AlertView
from workers.serving.live.camera_pace import CameraPace
from workers.serving.live.shared_pulses import CameraPulse
from workers.serving.live.state import Live
from workers.serving.live.system_view import (
    KnownCameras,
    cameras_now,
    models_now,
    stages_now,
)
from workers.serving.live.throughput import Throughput

NOW_US = 1_700_000_000_000_000
SECOND_US = 1_000_000


def alert(kind: str, subject: str) -> AlertView:
    return AlertView(
        alert_id=f"{kind}/{subject}",
        kind=kind,
        subject=subject,
        what=kind,
        since_us=NOW_US,
        tier="WARNING",
        at_us=NOW_US,
        owner="",
        next_action="",
    )


def pulse(camera_id: str, age_s: float = 1.0, lag_s: float = 0.2) -> Live[CameraPulse]:
    at_us = round(NOW_US - age_s * SECOND_US)
    record = CameraPulse(
        camera_id=camera_id, seq=7, captured_us=at_us, model_name="m", model_version="1"
    )
    return Live(record, round(at_us + lag_s * SECOND_US))


def known(*camera_ids: str, **fields: Any) -> KnownCameras:
    cameras = {one: {"camera_id": one, "floor_id": "f", "name": ""} for one in camera_ids}
    unknown: dict[str, Any] = {"floors": {}, "rates": {}, "clocks": {}, "suspects": {}}
    unknown |= {"alerts": (), "pulses": {one: pulse(one) for one in camera_ids}}
    return KnownCameras(registered=cast(Any, cameras), **(unknown | fields))


def test_the_worst_camera_is_first_and_of_silent_ones_the_longest_unseen() -> None:
    clocks = {"e": {"state": "UNSETTLED", "offset_us": -180_000, "drift_ppm": 2.0}}
    clocks["e"] |= {"jitter_us": 4_000, "since_us": 1, "observed_until_us": 2}
    pulses = {
        "a": pulse("a"),
        "b": pulse("b", age_s=11.0),
        "c": pulse("c", age_s=60.0),
        "d": pulse("d", lag_s=6.0),
        "e": pulse("e"),
        "f": pulse("f"),
        "g": pulse("g"),
    }
    all_cameras = known(
        *"abcdefg",
        pulses=pulses,
        clocks=clocks,
        suspects={"f": 5},
        alerts=[alert("moved", "camera/g")],
    )

    found = cameras_now(all_cameras, NOW_US, 10.0)

    assert [(one.camera_id, one.state) for one in found] == [
        ("c", "SILENT"),
        ("b", "SILENT"),
        ("f", "TROUBLE"),
        ("g", "TROUBLE"),
        ("d", "LATE"),
        ("e", "CLOCK"),
        ("a", "GOOD"),
    ]
    clock = found[5].clock
    assert clock is not None
    assert (clock.offset_s, clock.jitter_s) == (-0.18, 0.004)
    assert [one.kind for one in found[3].alerts] == ["moved"]
    assert [(one.name, one.cameras, one.caution) for one in models_now(found, {"m": "slow"})] == [
        ("m", 7, "slow")
    ]


def test_what_nothing_measured_is_none_and_without_redis_no_camera_is_called_silent() -> None:
    (never,) = cameras_now(known("a", pulses={}), NOW_US, 10.0)
    (away,) = cameras_now(known("a", pulses=None), NOW_US, 10.0)

    assert (never.state, away.state) == ("SILENT", "UNKNOWN")
    for one in (never, away):
        assert (one.last_us, one.lag_s, one.frames_per_s, one.clock) == (None, None, None, None)


def test_a_stopped_stage_is_first_and_one_without_measure_is_not_well() -> None:
    signs = {"infer": StageSign(lag_records=0), "sink-redis": StageSign(lag_records=9, lag_s=8.0)}

    found = stages_now(signs, {"infer": 5.0}, [alert("silence", "stage/stream")], True)

    states = {one.stage: one.state for one in found}
    assert [one.stage for one in found[:2]] == ["stream", "sink-redis"]
    assert (states["stream"], states["sink-redis"], states["infer"], states["guard"]) == (
        "STOPPED",
        "LATE",
        "GOOD",
        "UNKNOWN",
    )
    assert {one.stage: one.records_per_s for one in found if one.records_per_s} == {"infer": 5.0}
    assert found[0].lag_records is None
    lost = stages_now(signs, {}, [], False)
    assert next(one for one in lost if one.stage == "infer").state == "UNKNOWN"


@pytest.mark.parametrize("step_us", [100_000, 2 * SECOND_US])
def test_frames_per_second_need_a_while_and_fall_to_zero_when_a_camera_stops(step_us: int) -> None:
    pace = CameraPace()
    rates: list[float | None] = []
    for number in range(40 * SECOND_US // step_us):
        at_us = number * step_us
        seq = min(at_us, 15 * SECOND_US) * 8 // SECOND_US
        rates.append(pace.update(NOW_US + at_us, {"a": seq})["a"])

    assert rates[0] is None
    assert rates[10 * SECOND_US // step_us] == pytest.approx(8.0, abs=0.2)
    assert rates[-1] == 0.0
    assert pace.update(NOW_US + 41 * SECOND_US, {"a": 3, "b": 1}) == {"a": None, "b": None}


def test_throughput_is_measured_over_commits_and_starts_anew_after_a_rewind() -> None:
    throughput = Throughput()
    for number in range(2):
        assert throughput.update(NOW_US + number * 5 * SECOND_US, {"infer": number * 50}) == {}

    assert throughput.update(NOW_US + 10 * SECOND_US, {"infer": 100}) == {"infer": 10.0}
    assert throughput.update(NOW_US + 15 * SECOND_US, {"infer": 20}) == {}
