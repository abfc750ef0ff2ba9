"""The offset from which a partition is read, given those of the group, the store and the log."""

import pytest

from workers.sinks.resume import Commit, Start, start_of

OLD = Commit(50, noted=False)
"""Offsets of a release that kept none in its store."""

NEW = Commit(50, noted=True)


@pytest.mark.parametrize(
    ("commit", "noted", "end", "reading", "expected"),
    [
        pytest.param(None, None, 90, False, Start(None, None, False), id="nobody-knows-it"),
        pytest.param(NEW, 50, 90, False, Start(None, 50, False), id="both-agree"),
        pytest.param(NEW, 60, 90, False, Start(None, 60, False), id="a-commit-was-not-made"),
        pytest.param(NEW, 30, 90, False, Start(30, 30, False), id="the-store-went-back"),
        pytest.param(OLD, 30, 90, False, Start(30, 30, False), id="whoever-committed"),
        pytest.param(NEW, None, 90, False, Start(0, 0, True), id="the-store-is-empty"),
        pytest.param(OLD, None, 90, False, Start(None, 50, True), id="the-store-never-noted"),
        pytest.param(None, 30, 90, False, Start(None, 30, False), id="the-group-is-forgotten"),
        pytest.param(NEW, 100, 90, False, Start(None, 50, True), id="another-topic"),
        pytest.param(None, 100, 90, False, Start(None, 0, True), id="another-topic-unread"),
        pytest.param(NEW, 30, 90, True, Start(30, 30, False), id="under-a-running-sink"),
        pytest.param(NEW, 60, 90, True, Start(60, 60, False), id="commits-behind-what-is-read"),
        pytest.param(OLD, None, 90, True, Start(0, 0, True), id="emptied-under-a-running-sink"),
        pytest.param(None, None, 90, True, Start(0, 0, True), id="emptied-before-any-commit"),
    ],
)
def test_a_partition_starts_where_nothing_can_be_missing(
    commit: Commit | None, noted: int | None, end: int, reading: bool, expected: Start
) -> None:
    assert start_of(commit, noted, end, reading=reading) == expected
