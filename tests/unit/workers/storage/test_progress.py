"""Which records are new, and what is remembered of those written."""

import pytest

from workers.storage.progress import WINDOW, Progress, Verdict, advance, link


def digest(number: int) -> bytes:
    return number.to_bytes(8, "big")


def written(seqs: range) -> Progress:
    progress = None
    for seq in seqs:
        progress = advance(progress, seq, digest(seq))
    assert progress is not None
    return progress


def test_the_next_seq_is_new() -> None:
    assert written(range(1, 4)).judge(4, digest(4)) is Verdict.NEW


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_the_same_seq_with_the_same_bytes_is_a_duplicate(seq: int) -> None:
    assert written(range(1, 4)).judge(seq, digest(seq)) is Verdict.DUPLICATE


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_the_same_seq_with_other_bytes_is_a_conflict(seq: int) -> None:
    assert written(range(1, 4)).judge(seq, digest(99)) is Verdict.CONFLICT


def test_a_seq_older_than_the_window_is_only_known_as_old() -> None:
    progress = written(range(1, WINDOW + 3))

    assert progress.judge(3, digest(99)) is Verdict.CONFLICT
    assert progress.judge(2, digest(99)) is Verdict.OLD


def test_a_jump_counts_the_missing_and_starts_a_new_window() -> None:
    progress = advance(written(range(1, 4)), 10, digest(10))

    assert progress.missing == 6
    assert progress.records == 4
    assert progress.judge(10, digest(10)) is Verdict.DUPLICATE
    assert progress.judge(9, digest(9)) is Verdict.OLD


def test_the_window_does_not_grow_without_end() -> None:
    assert len(written(range(1, 1000)).recent) == WINDOW * 8


def test_the_chain_depends_on_every_record_and_on_their_order() -> None:
    chain = written(range(1, 4)).chain
    swapped = link(link(link(b"", 1, digest(1)), 3, digest(3)), 2, digest(2))

    assert chain == link(link(link(b"", 1, digest(1)), 2, digest(2)), 3, digest(3))
    assert chain != swapped
    assert chain != written(range(1, 5)).chain
