"""Whether ingest has done its work is read from its ledger."""

import json
from pathlib import Path

import pytest

from workers.local.demo.ingest_records import IngestRecords


@pytest.mark.parametrize(
    ("read_to_the_end", "complete"),
    [([True, True], True), ([True, False], False), (None, False)],
    ids=["all", "one was ended early", "still running"],
)
def test_ingest_is_complete_once_every_source_is_read_to_its_end(
    tmp_path: Path, read_to_the_end: list[bool] | None, complete: bool
) -> None:
    if read_to_the_end is not None:
        cameras = [
            {"camera_id": f"cam-{number}", "complete": ended, "outcomes": {}}
            for number, ended in enumerate(read_to_the_end)
        ]
        (tmp_path / "ledger.json").write_text(json.dumps({"cameras": cameras}))

    assert IngestRecords(tmp_path).complete == complete
