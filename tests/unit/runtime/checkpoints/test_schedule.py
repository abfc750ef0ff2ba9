"""When a save is due, and when a partition counts as stalled; a test gives the times."""

from runtime.checkpoints.schedule import FreezeWatch, SaveSchedule, StallWatch
from tests.support.set_clock import SetClock


def test_a_save_is_due_half_a_second_after_the_last_one() -> None:
    schedule = SaveSchedule(0.5)

    assert not schedule.due(10.0)
    assert not schedule.due(10.4)
    assert schedule.due(10.5)

    schedule.saved(10.5)
    assert not schedule.due(10.9)
    assert schedule.due(11.0)


def observed(watch: StallWatch, times: range, next_offset: int, end: int, **how: bool) -> list[int]:
    """Times at which partition 0 counted as stalled, seconds."""
    excused = how.get("excused", False)
    return [s for s in times if watch.observe(s, 0, next_offset, end, excused=excused)]


def test_records_waiting_without_progress_for_twenty_seconds_are_a_stall() -> None:
    assert observed(StallWatch(20), range(30), 5, 9) == list(range(21, 30))


def test_an_idle_partition_never_stalls() -> None:
    assert observed(StallWatch(20), range(100), 9, 9) == []


def test_waiting_for_the_broker_is_no_stall_and_restarts_the_count() -> None:
    watch = StallWatch(20)

    assert observed(watch, range(50), 5, 9, excused=True) == []
    assert observed(watch, range(50, 80), 5, 9) == list(range(70, 80))


def test_progress_restarts_the_count() -> None:
    watch = StallWatch(20)
    observed(watch, range(15), 5, 9)

    assert observed(watch, range(15, 36), 6, 9) == []


def test_a_new_assignment_restarts_the_count() -> None:
    watch = StallWatch(20)
    observed(watch, range(15), 5, 9)
    watch.forget()

    assert observed(watch, range(15, 36), 5, 9) == []


def test_a_process_that_stood_still_for_too_long_is_suspected_until_it_is_confirmed() -> None:
    clock = SetClock(100.0)
    watch = FreezeWatch(clock, 4.0)

    clock.now_s = 104.0
    assert not watch.suspected()
    clock.now_s = 108.1
    assert watch.suspected()
    clock.now_s = 108.2
    assert watch.suspected()

    clock.now_s = 120.0
    watch.clear()
    clock.now_s = 123.0
    assert not watch.suspected()
