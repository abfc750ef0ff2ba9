"""The demo names each recording that ended too early, and does not call such a run sound."""

import json
from pathlib import Path

import pytest

from workers.ingest.ledger import FrameLedger
from workers.local.demo.ingest_records import IngestRecords
from workers.local.demo.summary import Summary

CUT = "it ends 3.0 s, 30 frames before the 6.0 s that it states"


def _records(folder: Path, **shortfalls: str | None) -> IngestRecords:
    ledgers = [
        FrameLedger(camera_id, "ward.mp4", shortfall=why) for camera_id, why in shortfalls.items()
    ]
    written = {"cameras": [ledger.summary() for ledger in ledgers]}
    (folder / "ledger.json").write_text(json.dumps(written))
    return IngestRecords(folder)


def test_a_cut_clip_of_two_cameras_is_named_once(tmp_path: Path) -> None:
    summary = Summary(cut=_records(tmp_path, west=CUT, east=CUT).shortfalls())

    lines = [text for text in summary.text_lines() if "cut" in text]
    assert lines == [f"! cut: ward.mp4: {CUT}; copy it again if more of it exists"]
    assert not summary.sound


def test_a_whole_clip_is_sound(tmp_path: Path) -> None:
    summary = Summary(cut=_records(tmp_path, west=None).shortfalls())

    assert not any("cut" in text for text in summary.text_lines())
    assert summary.sound


@pytest.mark.parametrize("fate", ["dead-lettered", "lost"])
def test_a_run_with_drops_is_not_sound(fate: str) -> None:
    summary = Summary()
    if fate == "lost":
        summary.account.miss("west", "never read", 3)
    else:
        summary.account.fates[fate] += 1

    assert not summary.sound
