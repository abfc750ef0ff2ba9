"""Recordings that one process opens together start at one event time."""

from workers.ingest.playing import TOGETHER_US, CommonStart


def test_recordings_that_are_ready_one_after_another_start_together() -> None:
    common = CommonStart()

    assert [common.start_us(now) for now in (1_000, 250_000, TOGETHER_US)] == [1_000] * 3


def test_a_recording_that_is_ready_much_later_starts_when_it_is() -> None:
    common = CommonStart()
    late = TOGETHER_US + 2_000

    assert [common.start_us(now) for now in (1_000, late, late + 5)] == [1_000, late, late]
