"""The list of erasures: it only grows, and a crash, a loss or a change of it is found."""

import json
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import Retry, Stop
from workers.registry.vault.erasures import Erased, ErasureList
from workers.registry.vault.external import Kind

ANNA, BADGE = Erased(Kind.STAFF, "vs-anna", 1_000_000), Erased(Kind.BADGE, "vb-one", 1_000_000)
BEN = Erased(Kind.STAFF, "vs-ben", 2_000_000)


@pytest.fixture
def erasures(tmp_path: Path) -> ErasureList:
    found = ErasureList(tmp_path / "erasures")
    found.create()
    found.append([ANNA, BADGE])
    return found


def test_it_holds_everybody_in_order_and_nobody_twice(erasures: ErasureList) -> None:
    erasures.append([BEN, ANNA])
    erasures.append([BEN])
    erasures.create()

    assert erasures.read().erased == [ANNA, BADGE, BEN]
    assert len(erasures.read().digests) == 3


def test_it_holds_pseudonyms_and_may_be_read_by_its_owner_alone(erasures: ErasureList) -> None:
    path = Path(str(erasures))

    assert path.stat().st_mode & 0o777 == 0o600
    assert [sorted(json.loads(line)) for line in path.read_text().splitlines()] == [
        ["form", "list", "sha256"],
        ["erased", "sha256"],
    ]


@given(cut=st.integers(min_value=1, max_value=80))
@settings(max_examples=20)
def test_what_a_crash_cut_off_never_counted(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("list") / "erasures"
    erasures = ErasureList(path)
    erasures.create()
    erasures.append([ANNA])
    whole = path.read_bytes()
    erasures.append([BEN])
    path.write_bytes(path.read_bytes()[: len(whole) + cut])

    assert erasures.read().erased == [ANNA]
    erasures.append([BADGE])
    assert erasures.read().erased == [ANNA, BADGE]


@given(position=st.integers(min_value=0), char=st.sampled_from('0a"{}, \\'))
@settings(max_examples=60)
def test_whatever_is_altered_is_found(
    tmp_path_factory: pytest.TempPathFactory, position: int, char: str
) -> None:
    path = tmp_path_factory.mktemp("list") / "erasures"
    erasures = ErasureList(path)
    erasures.create()
    erasures.append([ANNA])
    erasures.append([BEN])
    text = path.read_text()
    position %= len(text) - 1  # the last line end alone may be missing, as after a crash
    path.write_text(text[:position] + char + text[position + 1 :])

    if text[position] == char:
        assert erasures.read().erased == [ANNA, BEN]
    else:
        with pytest.raises(Stop, match="was altered in line"):
            erasures.read()


def test_a_list_that_lost_its_end_or_another_one_is_not_the_one_that_was(
    erasures: ErasureList, tmp_path: Path
) -> None:
    path = Path(str(erasures))
    earlier = path.read_bytes()
    before = erasures.read().state
    erasures.append([BEN])
    after = erasures.read().state
    other = ErasureList(tmp_path / "other")
    other.create()
    other.append([ANNA, BADGE])

    assert erasures.read().holds(before)
    assert erasures.read().holds(after)
    assert not other.read().holds(before)
    path.write_bytes(earlier)
    assert not erasures.read().holds(after)


@pytest.mark.parametrize("content", [None, b"", b"no list\n"])
def test_without_a_list_nobody_is_taken_for_erased(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "erasures"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(Stop, match="list of erasures"):
        ErasureList(path).read()
    with pytest.raises(Stop, match="list of erasures"):
        ErasureList(path).append([ANNA])


def test_two_who_erase_at_once_are_both_on_it(erasures: ErasureList) -> None:
    many = [Erased(Kind.STAFF, f"vs-{number}", number) for number in range(20)]
    threads = [
        threading.Thread(target=ErasureList(Path(str(erasures))).append, args=([one],))
        for one in many
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(erasures.read().erased) == {ANNA, BADGE, *many}


def test_a_list_that_was_killed_while_it_was_made_is_made_by_the_same_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(_file: int) -> None:
        raise Killed

    erasures = ErasureList(tmp_path / "erasures")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", killed)
        with pytest.raises(Killed):
            erasures.create()
    assert not erasures.is_there

    erasures.create()
    made = erasures.read()
    erasures.create()

    assert erasures.read() == made
    assert [path.name for path in tmp_path.iterdir()] == ["erasures"]


def test_a_full_disk_erases_nobody(erasures: ErasureList, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(Retry, match="nobody was erased"):
        erasures.append([BEN])
    assert erasures.read().erased == [ANNA, BADGE]
