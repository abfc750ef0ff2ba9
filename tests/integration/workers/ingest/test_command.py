"""The command ends with an exit code and one sentence that says what to do."""

import json
import signal
import subprocess
from functools import partial
from pathlib import Path

import pytest

from deploy.local.extras import ffprobe
from runtime.errors import EXIT_STOP
from tests.integration.workers.ingest.ingest_run import IngestRun
from tests.support.clips import make_clip
from tests.support.waiting import eventually

REORDERED = {"bf": "3", "g": "12", "x264-params": "b-adapt=0:scenecut=0"}


def counted_by_ffprobe(clip: Path) -> int:
    """Number of frames that FFmpeg's own tool decodes from a clip."""
    arguments = ["-v", "error", "-count_frames", "-select_streams", "v:0"]
    arguments += ["-show_entries", "stream=nb_read_frames", "-of", "default=nk=1:nw=1", str(clip)]
    done = subprocess.run([str(ffprobe()), *arguments], capture_output=True, check=True, text=True)
    return int(done.stdout.split()[-1])


@pytest.mark.parametrize("name", ["ward.avi", "ward.mp4"])
def test_the_outcomes_sum_to_the_frames_that_ffprobe_counts(
    pipeline: IngestRun, tmp_path: Path, name: str
) -> None:
    clip = make_clip(tmp_path / name, 77, rate=25, options=REORDERED)
    ledger = tmp_path / "counts" / "ledger.json"
    pipeline.register("ward")

    process = pipeline.command(
        *("--camera", "ward", "--video", str(clip), "--fps", "10", "--mode", "record"),
        *("--pace", "asap", "--start-time", "1704067200", "--ledger", str(ledger)),
    )

    assert process.wait(60) == 0
    (counts,) = json.loads(ledger.read_text())["cameras"]
    assert sum(counts["outcomes"].values()) == counts["read"] == counted_by_ffprobe(clip) == 77
    assert counts["outcomes"]["sent"] == len(pipeline.records()["ward"]) - counts["heartbeats"]
    assert counts["complete"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["--video", "{folder}/notes.mp4"], "cannot be read", id="no-video"),
        pytest.param(["--video", "{folder}/gone.mp4"], "does not exist", id="no-file"),
        pytest.param(
            ["--video", "{folder}/notes.mp4", "--pace", "asap", "--mode", "record"],
            "needs --start-time",
            id="no-start",
        ),
    ],
)
def test_what_cannot_work_ends_at_once_with_what_to_do(
    pipeline: IngestRun, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    (tmp_path / "notes.mp4").write_text("not a video")
    pipeline.register("ward")

    filled = [argument.format(folder=tmp_path) for argument in arguments]
    process = pipeline.command("--camera", "ward", *filled)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == EXIT_STOP
    assert sentence in errors.decode()
    assert "Traceback" not in errors.decode()


def test_asked_to_stop_it_ends_orderly_with_everything_acknowledged(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "ward.mp4", 600)
    ledger = tmp_path / "ledger.json"
    pipeline.register("ward")
    process = pipeline.command(
        *("--camera", "ward", "--video", str(clip), "--mode", "record", "--ledger", str(ledger))
    )
    eventually(partial(_has_records, pipeline, 5), what="frames come")

    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 0
    (counts,) = json.loads(ledger.read_text())["cameras"]
    assert counts["outcomes"]["sent"] == len(pipeline.records()["ward"])
    assert not counts["complete"]


def _has_records(pipeline: IngestRun, number: int) -> bool:
    return sum(pipeline.ends().values()) >= number
