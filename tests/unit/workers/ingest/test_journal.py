"""The journal keeps what a killed process has read."""

from pathlib import Path

import pytest

from runtime.errors import Stop
from workers.ingest.journal import FrameJournal, Reading, read_journal
from workers.ingest.ledger import FrameLedger

FIRST = Reading("cam-1", 0, 1_000_000, "sent")
SECOND = Reading("cam-1", 1, None, "undecodable")


def test_a_ledger_numbers_the_frames_of_its_camera(tmp_path: Path) -> None:
    path = tmp_path / "new" / "frames.journal"
    ledger = FrameLedger("cam-1", "clip.mp4", journal=FrameJournal(path))

    ledger.count("sent", 1_000_000)
    ledger.count("undecodable")

    assert list(read_journal(path)) == [FIRST, SECOND]


def test_a_second_process_appends(tmp_path: Path) -> None:
    path = tmp_path / "frames.journal"
    for line in (FIRST, SECOND):
        journal = FrameJournal(path)
        journal.note(line)
        journal.close()

    assert list(read_journal(path)) == [FIRST, SECOND]


def test_a_cut_reading_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "frames.journal"
    FrameJournal(path).note(FIRST)
    with path.open("a") as file:
        file.write('["cam-1",1,')
    FrameJournal(path).note(SECOND)

    assert list(read_journal(path)) == [FIRST, SECOND]


def test_a_journal_that_is_not_there_has_no_readings(tmp_path: Path) -> None:
    assert list(read_journal(tmp_path / "frames.journal")) == []


def test_a_journal_that_cannot_be_written_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="cannot be written: Is a directory"):
        FrameJournal(tmp_path)
