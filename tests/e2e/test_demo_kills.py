"""The first command of the README, with processes that end: the summary is as if none had."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import extras
from deploy.local.state import read_state
from tests.support.played_pipeline import cut_clip
from tests.support.waiting import eventually
from workers.ingest.journal import read_journal

Kills = tuple[tuple[int, str, signal.Signals], ...]
"""After how many frames which process is ended, and how."""

SOME: Kills = ((10, "ingest", signal.SIGTERM), (20, "infer", signal.SIGKILL))
MORE: Kills = (*SOME, (25, "stream", signal.SIGTERM), (30, "ingest", signal.SIGKILL))


def process_of(run_dir: Path, word: str) -> int:
    """The wardstream process of this run that was started with a command, or 0."""
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().decode().split("\0")
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if command[1:4] == ["-m", "workers.cli", word] and str(run_dir).encode() in environment:
            return int(entry.name)
    return 0


def end_once_sent(
    demo: "subprocess.Popen[str]", run_dir: Path, number: int, word: str, how: signal.Signals
) -> None:
    """End a process once a frame was sent, and wait until its successor runs."""
    journal = run_dir / "frames.journal"

    def is_sent() -> bool:
        assert demo.poll() is None, demo.communicate()[0]
        return any(n >= number and sent == "sent" for _, n, _, sent in read_journal(journal))

    eventually(is_sent, 300, f"frame {number}")
    ended = process_of(run_dir, word)
    assert ended, f"no {word} runs"
    os.kill(ended, how)
    eventually(lambda: process_of(run_dir, word) not in {0, ended}, 60, f"another {word}")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("frames", "kills"),
    [
        pytest.param(40, SOME, id="some"),
        pytest.param(60, MORE, id="more", marks=pytest.mark.chaos_long),
    ],
)
def test_a_demo_whose_processes_end_counts_every_frame_once_and_settles(
    tmp_path: Path, frames: int, kills: Kills
) -> None:
    clip = cut_clip(extras.clip(), tmp_path / "clip.mp4", frames)
    run_dir = tmp_path / "demo"
    command = [sys.executable, "-m", "workers.cli", "demo", "--run-dir", str(run_dir), "--once"]
    command += ["--video", str(clip), "--port", "0", "--backend", "hog", "--fps", "5"]
    with subprocess.Popen(
        [*command, "--mode", "record"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "COLUMNS": "200"},
    ) as demo:
        try:
            for number, process, how in kills:
                end_once_sent(demo, run_dir, number, process, how)
            output, _ = demo.communicate(timeout=150)
        finally:
            demo.send_signal(signal.SIGINT)

    assert demo.returncode == 0, output
    lines = [line.strip() for line in output.splitlines()]
    assert "The clip has ended." in lines
    (counted,) = (line for line in lines if line.startswith("frames  "))
    expected = f"{2 * frames} in the source = {frames} detected + {frames} thinned"
    assert f"{expected} (sum {2 * frames};" in counted
    assert "drops: 0" in lines
    assert "live board at http://127.0.0.1:" in output
    assert "detector      opencv-hog" in output
    readings = list(read_journal(run_dir / "frames.journal"))
    assert any(reading.outcome == "before_resume" for reading in readings), "nothing was resumed"
    state = read_state(run_dir)
    assert not any(state.alive(pid) for pid in state.processes.values())
