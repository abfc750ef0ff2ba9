"""The ledger of what may be committed."""

import pytest

from workers.inference.commits import CommitLedger


def test_nothing_is_due_before_anything_is_answered() -> None:
    assert CommitLedger().due_in_s(1e9) is None


def test_a_commit_is_due_an_interval_after_the_first_answer() -> None:
    ledger = CommitLedger(interval_s=0.5, most_records=100)
    ledger.answered(3, 10, now_s=7.0)
    ledger.answered(3, 11, now_s=7.4)
    assert ledger.due_in_s(7.4) == pytest.approx(0.1)
    assert not ledger.due(7.4)
    assert ledger.due(7.5)


def test_a_commit_is_due_after_many_answers() -> None:
    ledger = CommitLedger(interval_s=60, most_records=2)
    ledger.answered(0, 1, now_s=0)
    assert not ledger.due(0)
    ledger.answered(1, 1, now_s=0)
    assert ledger.due(0)


def test_the_offset_committed_is_the_next_to_read() -> None:
    ledger = CommitLedger()
    ledger.answered(3, 10, now_s=0)
    ledger.answered(4, 2, now_s=0)
    ledger.answered(3, 15, now_s=0)
    assert ledger.offsets() == {3: 16, 4: 3}


def test_a_committed_ledger_is_empty() -> None:
    ledger = CommitLedger()
    ledger.answered(3, 10, now_s=0)
    ledger.committed()
    assert ledger.offsets() == {}
    assert ledger.due_in_s(1e9) is None


def test_a_postponed_commit_keeps_its_offsets_and_waits_another_interval() -> None:
    ledger = CommitLedger(interval_s=0.5, most_records=1)
    ledger.answered(3, 10, now_s=0)
    ledger.postpone(now_s=2.0)
    assert ledger.offsets() == {3: 11}
    assert ledger.due_in_s(2.0) == pytest.approx(0.5)


def test_a_revoked_partition_is_never_committed() -> None:
    ledger = CommitLedger()
    ledger.answered(3, 10, now_s=0)
    ledger.answered(4, 10, now_s=0)
    ledger.forget({3})
    assert ledger.offsets() == {4: 11}
