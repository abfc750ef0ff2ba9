"""The ledger of offsets that may be committed."""

import pytest

from runtime.kafka.commits import CommitLedger, CommitPolicy

A, B = ("frames", 3), ("frames", 4)


def ledger(interval_s: float = 0.5, most_records: int | None = 500) -> CommitLedger:
    return CommitLedger(CommitPolicy(interval_s=interval_s, most_records=most_records))


def test_nothing_is_due_before_anything_is_processed() -> None:
    assert ledger().due_in_s(1e9) is None


def test_a_commit_is_due_an_interval_after_the_first_record() -> None:
    held = ledger(interval_s=0.5, most_records=100)
    held.processed(A, 10, now_s=7.0)
    held.processed(A, 11, now_s=7.4)
    assert held.due_in_s(7.4) == pytest.approx(0.1)
    assert not held.due(7.4)
    assert held.due(7.5)


def test_a_commit_is_due_after_many_records() -> None:
    held = ledger(interval_s=60, most_records=2)
    held.processed(A, 1, now_s=0)
    assert not held.due(0)
    held.processed(B, 1, now_s=0)
    assert held.due(0)


def test_without_a_bound_only_time_counts() -> None:
    held = ledger(interval_s=60, most_records=None)
    for offset in range(10_000):
        held.processed(A, offset, now_s=0)
    assert not held.due(59.9)
    assert held.due(60)


def test_without_an_interval_a_commit_is_due_at_once() -> None:
    held = ledger(interval_s=0.0)
    held.processed(A, 10, now_s=5.0)
    assert held.due(5.0)


def test_the_offset_committed_is_the_next_to_read() -> None:
    held = ledger()
    held.processed(A, 10, now_s=0)
    held.processed(B, 2, now_s=0)
    held.processed(A, 15, now_s=0)
    assert held.offsets() == {A: 16, B: 3}


def test_a_committed_ledger_is_empty() -> None:
    held = ledger()
    held.processed(A, 10, now_s=0)
    held.committed()
    assert held.offsets() == {}
    assert held.due_in_s(1e9) is None


def test_a_postponed_commit_keeps_its_offsets_and_waits_another_interval() -> None:
    held = ledger(interval_s=0.5, most_records=1)
    held.processed(A, 10, now_s=0)
    held.postpone(now_s=2.0)
    assert held.offsets() == {A: 11}
    assert held.due_in_s(2.0) == pytest.approx(0.5)


def test_a_postponed_commit_is_not_tried_again_at_once_whatever_the_interval() -> None:
    held = ledger(interval_s=0.0)
    held.processed(A, 10, now_s=2.0)
    held.postpone(now_s=2.0)
    assert not held.due(2.05)
    held.processed(A, 11, now_s=2.2)
    assert held.due(2.2)


def test_a_revoked_partition_is_never_committed() -> None:
    held = ledger()
    held.processed(A, 10, now_s=0)
    held.processed(B, 10, now_s=0)
    held.forget({A})
    assert held.offsets() == {B: 11}
