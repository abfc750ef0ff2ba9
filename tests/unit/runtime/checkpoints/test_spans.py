"""Which settings hold from which offset on, however often a partition changes its owner."""

from typing import Any

import pytest

from runtime.checkpoints import SettingsSpan
from runtime.checkpoints.spans import Spans, take_over

OLD: dict[str, Any] = {"iou": 0.2, "ages": {"lost": 1, "ended": 2}}
NEW: dict[str, Any] = {"iou": 0.3, "ages": {"lost": 1, "ended": 2}}


def spans(*values: tuple[int, dict[str, Any]]) -> Spans:
    return tuple(SettingsSpan(offset, reported) for offset, reported in values)


def test_what_was_never_written_down_counts_as_folded_under_what_the_owner_has() -> None:
    assert take_over((), OLD, log_start=0, log_end=50) == spans((0, OLD))


def test_the_same_settings_change_nothing_in_whatever_order_they_come() -> None:
    known = spans((0, OLD), (80, NEW))
    reported = dict(reversed(NEW.items()))
    assert take_over(known, reported, log_start=0, log_end=200) == known


def test_new_settings_hold_from_the_inputs_end_on() -> None:
    """A former owner may have sent outputs from every record before it."""
    assert take_over(spans((0, OLD)), NEW, log_start=0, log_end=80) == spans((0, OLD), (80, NEW))


@pytest.mark.parametrize("end", [80, 81])
def test_a_change_that_was_decided_is_kept_however_often_the_owner_crashes(end: int) -> None:
    decided = spans((0, OLD), (80, NEW))
    assert take_over(decided, NEW, log_start=0, log_end=end) == decided


def test_a_change_under_which_nothing_was_folded_is_taken_back_without_a_trace() -> None:
    decided = spans((0, OLD), (80, NEW))
    assert take_over(decided, OLD, log_start=0, log_end=80) == spans((0, OLD))


def test_a_change_that_may_have_been_folded_under_stays() -> None:
    decided = spans((0, OLD), (80, NEW))
    back = take_over(decided, OLD, log_start=0, log_end=81)
    assert back == spans((0, OLD), (80, NEW), (81, OLD))


def test_the_settings_of_an_empty_partition_are_those_of_its_newest_owner() -> None:
    assert take_over(spans((0, OLD)), NEW, log_start=0, log_end=0) == spans((0, NEW))


def test_what_held_for_records_that_retention_has_taken_is_dropped() -> None:
    decided = spans((0, OLD), (80, NEW))
    assert take_over(decided, NEW, log_start=80, log_end=200) == spans((80, NEW))
    assert take_over(decided, NEW, log_start=79, log_end=200) == decided
