"""Simulated cameras with a clock: what is decided about it, and what the floor makes of that."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.process.sections import ClocksSettings
from tests.support.camera_clocks import START_US, Camera, Picture, Run, S
from workers.clocks.estimator import ClockEstimator, Rules

RULES = Rules.of(ClocksSettings())
MS = 1_000


def followed(camera: Camera, seconds: float, rules: Rules = RULES) -> Run:
    run = Run(rules)
    for picture in camera.pictures(seconds):
        run.take(picture)
    return run


def states(run: Run) -> list[tuple[int, str]]:
    return [(one["epoch"], one["state"]) for one in run.written]


@settings(max_examples=15, deadline=None)
@given(
    offset_us=st.integers(-10_000 * S, 10_000 * S),
    drift_ppm=st.floats(-100, 100),
    jitter_us=st.integers(0, 60 * MS),
    lost=st.floats(0, 0.7),
    fps=st.sampled_from([2.0, 5.0, 10.0]),
    seed=st.integers(0, 1_000),
)
def test_any_offset_and_drift_is_taken_out_with_what_the_network_adds(
    offset_us: int, drift_ppm: float, jitter_us: int, lost: float, fps: float, seed: int
) -> None:
    """What is left is the tolerance, and what drifts until a new correction is in force."""
    run = followed(
        Camera(
            clock=lambda s: offset_us + drift_ppm * s,
            jitter_us=jitter_us,
            lost=lost,
            fps=fps,
            seed=seed,
        ),
        360,
    )

    assert states(run)[0] == (1, "SETTLED")
    assert {epoch for epoch, _ in states(run)} == {1}
    assert run.worst_us(60) < 45 * MS
    assert len(run.written) <= 3


def test_a_clock_that_runs_right_is_decided_about_once() -> None:
    run = followed(Camera(), 900)

    assert len(run.written) == 1
    assert run.worst_us(60) < 5 * MS


def jump(by_us: float, at_s: float = 100.0) -> Callable[[float], float]:
    return lambda s: by_us if s >= at_s else 0.0


@pytest.mark.parametrize(
    "by_us",
    [
        pytest.param(2 * S, id="two-seconds-ahead"),
        pytest.param(-2 * S, id="two-seconds-back"),
        pytest.param(3_600 * S, id="summer-time"),
        pytest.param(-3_600 * S, id="winter-time"),
        pytest.param(-START_US + 1, id="to-1970"),
    ],
)
def test_a_jump_opens_an_epoch_and_is_never_seen_by_the_floor(by_us: int) -> None:
    """Until the clock has settled again, the floor goes by arrivals, and by their jitter."""
    run = followed(Camera(clock=jump(by_us), jitter_us=20 * MS), 200)

    assert states(run) == [(1, "SETTLED"), (2, "UNSETTLED"), (2, "SETTLED")]
    assert abs(run.written[1]["jump_us"] - by_us) < 60 * MS
    assert run.written[1]["recorded_at_us"] - run.written[1]["since_us"] < 3.2 * S
    assert run.settled_s()[1] < 136
    assert run.worst_us(60, 100) < 5 * MS
    assert run.worst_us(100, 146) < 250 * MS
    assert run.worst_us(146) < 5 * MS


def test_a_network_that_stalls_is_no_jump() -> None:
    run = followed(Camera(stalls=(50.0, 90.0), stall_s=8.0), 150)

    assert states(run) == [(1, "SETTLED")]


def test_a_way_that_becomes_longer_is_found_in_a_minute() -> None:
    """Such a rise looks like a clock that was set back a little, and needs no epoch."""
    run = followed(Camera(clock=jump(-100 * MS)), 250)

    assert {epoch for epoch, _ in states(run)} == {1}
    assert run.worst_us(190) < 30 * MS


def test_a_clock_that_stops_stays_unsettled() -> None:
    run = followed(Camera(clock=lambda s: -max(0.0, s - 100) * S), 300)

    assert states(run) == [(1, "SETTLED"), (2, "UNSETTLED")]


def test_a_camera_without_a_clock_is_not_decided_about() -> None:
    run = Run(RULES)
    for picture in Camera().pictures(100):
        run.take(picture._replace(source_us=None))

    assert run.written == []


def test_pictures_without_a_clock_time_are_passed_over() -> None:
    run = Run(RULES)
    for number, picture in enumerate(Camera().pictures(100)):
        run.take(picture if number % 3 else picture._replace(source_us=None))

    assert states(run) == [(1, "SETTLED")]


def test_pictures_that_come_twice_or_late_change_nothing() -> None:
    pictures = list(Camera(clock=lambda s: 40 * s).pictures(300))
    once, twice = ClockEstimator(RULES), ClockEstimator(RULES)
    for number, (_, arrival_us, source_us) in enumerate(pictures):
        assert source_us is not None
        once.observe(arrival_us, source_us)
        twice.observe(arrival_us, source_us)
        again = pictures[max(0, number - 5)]
        twice.observe(again.arrival_us, again.source_us or 0)

    now_us = pictures[-1].arrival_us
    assert once.decide(now_us) == twice.decide(now_us) is not None


@pytest.mark.parametrize("at_s", [20, 60, 102, 104, 120, 145])
def test_a_new_process_goes_on_from_what_was_written(at_s: int) -> None:
    """It reads the last minutes again, and writes nothing that was written already."""
    pictures = list(Camera(clock=jump(2 * S), jitter_us=20 * MS).pictures(240))
    whole, run = Run(RULES), Run(RULES)
    for picture in pictures:
        whole.take(picture)
    restart_us = START_US + at_s * S
    for number, picture in enumerate(pictures):
        run.take(picture)
        if picture.arrival_us < restart_us <= pictures[number + 1].arrival_us:
            run.restart()
            for earlier in pictures[: number + 1]:
                assert earlier.source_us is not None
                run.estimator.observe(earlier.arrival_us, earlier.source_us)

    assert states(run) == states(whole)
    assert run.worst_us(150) < 25 * MS


def test_nothing_is_decided_from_what_is_long_past() -> None:
    estimator = ClockEstimator(RULES)
    for _, arrival_us, source_us in Camera().pictures(100):
        assert source_us is not None
        estimator.observe(arrival_us, source_us)

    assert estimator.decide(START_US + 110 * S) is None
    assert estimator.decide(START_US + 101 * S) is not None


def test_a_removed_decision_is_made_again_under_another_epoch() -> None:
    run = followed(Camera(), 100)
    removed = {**run.written[-1], "version": 2, "removed": True, "recorded_at_us": START_US}
    estimator = ClockEstimator(RULES, removed)  # type: ignore[arg-type]
    for _, arrival_us, source_us in Camera().pictures(140):
        assert source_us is not None
        estimator.observe(arrival_us, source_us)

    found = estimator.decide(START_US + 140 * S)

    assert found is not None
    assert found.epoch == 2


def delayed(settings: ClocksSettings, clock: Callable[[float], float]) -> Run:
    return followed(Camera(delay_us=300 * MS, clock=clock), 150, Rules.of(settings))


def test_the_least_delay_is_real_only_where_clocks_are_taken_for_right() -> None:
    """Nobody can tell a constant delay from an offset by the arrivals alone."""
    plain, trusting = ClocksSettings(), ClocksSettings(synchronised_within_s=1.0)

    assert 295 * MS < delayed(plain, lambda _: 0.0).worst_us(60) < 305 * MS
    assert delayed(trusting, lambda _: 0.0).worst_us(60) < 1 * MS
    assert delayed(trusting, lambda _: 7_200.0 * S).worst_us(60) < 1 * MS
    assert 295 * MS < delayed(trusting, lambda _: -2.0 * S).worst_us(60) < 305 * MS


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5 * S), st.integers(-(2**62), 2**62)), max_size=60))
def test_any_clock_gives_a_decision_that_can_be_used_or_none(steps: list[tuple[int, int]]) -> None:
    run, arrival_us = Run(RULES), START_US
    for gap_us, source_us in steps:
        arrival_us += gap_us
        run.take(Picture(arrival_us, arrival_us, source_us))

    for one in run.written:
        assert 0 <= one["delay_us"] <= 60 * S
        assert abs(one["drift_ppm"]) <= 1_000
